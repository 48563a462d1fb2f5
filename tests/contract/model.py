#!/usr/bin/env python3
"""The contract once more, as short as Python can say it: the cases are proved on this model.

    python3 tests/contract/model.py [--listen …] [--response-bytes …] [--workers …] [--mutant FAULT]

Unbroken it must pass every case; with --mutant it has exactly one fault, and a case must see it
(mutants_test.py).  The faults stand where they act: `broken("name")`.  It calls itself go-echo.

A thread a connection, blocking reads with a deadline.  A connection is idle or busy; busy begins with
the first byte of a request and ends with the last of its answer, and a drain closes the idle ones.
"""

import collections
import os
import re
import select
import signal
import socket
import sys
import threading
import time

import model_json
import model_metrics

NAME = "go-echo"
LIMIT = 1 << 20
HEAD_LIMIT = 1 << 16
ROUTES = {"/echo": ["POST"], "/metrics": ["GET", "HEAD"], "/healthz": ["GET", "HEAD"]}
METHODS = "GET HEAD POST PUT DELETE PATCH OPTIONS CONNECT TRACE".split()
REASON = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed",
          413: "Content Too Large", 503: "Service Unavailable"}
TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"

fault = None


def broken(name):
    return fault == name


class Refusal(Exception):
    """Answered with this status; the connection is then closed."""


class Gone(Exception):
    """The peer has hung up or a time-out struck."""


class Model:
    def __init__(self, options):
        self.size = int(options["response-bytes"])
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(options["address"])
        self.listener.listen(1024)
        self.lock = threading.Lock()
        self.links = set()
        self.draining = False
        self.metrics = model_metrics.Metrics(broken)

    def accept_all(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            link = Link(self, peer)
            with self.lock:
                self.links.add(link)
                if self.draining and not broken("accepts-while-draining"):
                    peer.shutdown(socket.SHUT_RDWR)
            threading.Thread(target=link.serve, daemon=True).start()

    def drain(self):
        with self.lock:
            if not broken("accepts-while-draining"):
                self.listener.shutdown(socket.SHUT_RDWR)
            idle = [x for x in self.links if not x.busy and (x.used or not broken("keeps-unused"))]
            for link in self.links if broken("drops-in-flight") else idle:
                try:
                    link.peer.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        while True:
            with self.lock:
                if not self.links:
                    return
            time.sleep(0.005)


class Link:
    """One connection."""

    def __init__(self, model, peer):
        self.model, self.peer = model, peer
        self.buffer = b""
        self.busy = self.used = False
        self.deadline = 0
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def serve(self):
        try:
            while self.turn():
                self.used = True
        except (Gone, OSError):
            pass
        with self.model.lock:
            self.model.links.discard(self)
            self.peer.close()

    def more(self):
        left = self.deadline - time.monotonic()
        if broken("read-time-out-restarts") and self.busy:
            left = 5
        try:
            self.peer.settimeout(max(left, 0.001))
            piece = self.peer.recv(1 << 16)
        except OSError:
            raise Gone
        if not piece:
            raise Gone
        self.buffer += piece

    def first_bytes(self):
        """Reads and becomes busy in one step, so that no drain comes between the two."""
        poll = select.poll()
        poll.register(self.peer, select.POLLIN)
        if not poll.poll(1000 * (self.deadline - time.monotonic())):
            raise Gone
        with self.model.lock:
            self.more()
            self.busy = True

    def turn(self):
        """One request and its answer; False when it was the last."""
        with self.model.lock:
            self.busy = bool(self.buffer)
            if self.model.draining and not self.busy and not broken("accepts-while-draining"):
                return False
        self.deadline = time.monotonic() + (30 if broken("never-idle") else 15)
        if not self.busy:
            self.first_bytes()
        self.deadline = began = time.monotonic()
        self.deadline += 60 if broken("no-read-time-out") else 5
        self.method, self.route = "other", "other"
        try:
            keep = self.request()
            status, body, extra = self.respond()
        except Refusal as refusal:
            keep, status, body, extra = False, refusal.args[0], b'{"error":"refused"}', []
        keep = keep and not self.model.draining
        self.send(status, body, extra, keep)
        self.model.metrics.count(self.method, self.route, status, time.monotonic() - began)
        if not keep and status in (400, 413):
            self.linger()
        return keep

    def linger(self):
        """Takes what still comes, so that no reset overtakes the answer."""
        self.peer.shutdown(socket.SHUT_WR)
        self.deadline = time.monotonic() + 0.3
        while True:
            self.buffer = b""
            self.more()

    def line(self, limit=HEAD_LIMIT):
        while b"\r\n" not in self.buffer:
            if len(self.buffer) > limit:
                raise Refusal(400)
            self.more()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line.decode("latin-1")

    def request(self):
        """Reads a request; True if the connection may go on after it."""
        found = re.fullmatch(rf"({TOKEN}) (/[\x21-\xff]*) HTTP/1\.([01])", self.line())
        if not found:
            raise Refusal(400)
        path = found[2] if broken("query-counts") else found[2].partition("?")[0]
        self.verb, self.path = found[1], path.lower() if broken("path-without-case") else path
        self.method = self.verb if self.verb in METHODS or broken("method-label") else "other"
        self.route = self.path if self.path in ROUTES or broken("route-label") else "other"
        headers, total = collections.defaultdict(list), 0
        while line := self.line():
            total += len(line)
            field = re.fullmatch(rf"({TOKEN}){' ?' if broken('space-before-colon') else ''}:([^\0]*)", line)
            if not field or total > HEAD_LIMIT:
                raise Refusal(400)
            headers[field[1].lower()].append(field[2].strip(" \t"))
        if len(headers["host"]) != 1 and not (found[3] == "0" or broken("no-host")):
            raise Refusal(400)
        self.body = self.read_body(headers)
        close = any(w.strip().lower() == "close" for v in headers["connection"] for w in v.split(","))
        return not (close and not broken("ignores-close")
                    or found[3] == "0" and not broken("keeps-http-1.0"))

    def read_body(self, headers):
        lengths, codings = headers["content-length"], headers["transfer-encoding"]
        if lengths and broken("length-over-chunks"):
            codings = []
        if codings and (lengths or codings[0].lower() != "chunked"):
            raise Refusal(400)
        if any(not re.fullmatch(r"\d+", each) for each in lengths) or len(set(lengths)) > 1:
            raise Refusal(400)
        length = int(lengths[0][:30]) if lengths else 0
        if broken("length-wraps"):
            length &= 2 ** 64 - 1
        limit = LIMIT + broken("limit-off-by-one") - broken("limit-too-small")
        if broken("early-100") and headers["expect"]:
            self.peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if length > limit and not broken("413-after-body"):
            raise Refusal(413)
        if headers["expect"] and not broken("no-100") and not broken("early-100"):
            self.peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if codings:
            return self.read_chunks(limit)
        body = self.take(length)
        if length > limit:
            raise Refusal(413)
        return body

    def take(self, count):
        pieces, have = [self.buffer], len(self.buffer)
        while have < count:
            self.buffer = b""
            self.more()
            pieces.append(self.buffer)
            have += len(self.buffer)
        whole = b"".join(pieces)
        self.buffer = whole[count:]
        return whole[:count]

    def read_chunks(self, limit):
        body = []
        while True:
            line = self.line()
            found = re.fullmatch(r"([0-9a-fA-F]{1,16})" + ("" if broken("no-extensions") else "(;.*)?"), line)
            if not found:
                raise Refusal(400)
            size = int(found[1], 16)
            if size + sum(map(len, body)) > limit:
                if broken("chunks-without-limit"):
                    limit = 1 << 40
                else:
                    raise Refusal(413)
            if not size:
                break
            body.append(self.take(size))
            if self.take(2) != b"\r\n":
                raise Refusal(400)
        while self.line():
            pass
        return b"".join(body)

    def respond(self):
        """(status, body, header lines) for the request that was read."""
        allowed = ROUTES.get(self.path)
        if not allowed:
            return 404, b"no such path\n", ["Content-Type: text/plain"]
        if self.verb not in allowed:
            allow = [] if broken("no-allow") else ["Allow: " + ", ".join(allowed)]
            return 405, b"wrong method\n", ["Content-Type: text/plain", *allow]
        if self.path == "/healthz":
            down = self.model.draining and not broken("healthy-while-draining")
            return (503, b"draining", []) if down else (200, b"ok", ["Content-Type: text/plain"])
        if self.path == "/metrics":
            return 200, self.model.metrics.page(), ["Content-Type: text/plain; version=0.0.4"]
        try:
            text = model_json.reply(self.body, self.model.size, broken)
            return 200, text, ["Content-Type: application/json"]
        except model_json.Bad as bad:
            text = b"bad document" if broken("plain-error") else bad.args[0]
            return 400, text, ["Content-Type: application/json"]

    def send(self, status, body, extra, keep):
        close = [] if keep or broken("no-close-line") else ["Connection: close"]
        lines = [f"HTTP/1.1 {status} {REASON[status]}", f"Content-Length: {len(body)}", *extra, *close]
        if status in (400, 413) and not extra:
            lines.append("Content-Type: application/json")
        if self.method == "HEAD" and not broken("head-with-body"):
            body = b""
        if broken("logs-requests"):
            sys.stderr.write(f"{self.method} {status}\n")
        self.peer.settimeout(60 if broken("no-write-time-out") else 10)
        self.peer.sendall("\r\n".join([*lines, "", ""]).encode() + body)


def options_of(argv):
    """Flags over environment over defaults; exits with 2 on a bad one."""
    global fault
    defaults = {"listen": "127.0.0.1:8080", "response-bytes": "0", "workers": "1", "mutant": ""}
    words, flags = list(argv), {}
    if "--help" in words:
        print("flags: --listen --response-bytes --workers")
        sys.exit(0)
    while words:
        word = words.pop(0)
        name, equals, value = word[2:].partition("=")
        if not word.startswith("--") or name not in defaults or not (equals or words):
            refuse(2, f"the flag {word} is not known or has no value")
        flags[name] = value if equals else words.pop(0)
    fault = flags.get("mutant")
    for name, default in defaults.items():
        value = os.environ.get("ECHO_" + name.upper().replace("-", "_"))
        if name not in flags or broken("environment-wins") and value:
            flags[name] = value or default
    host, _, port = flags["listen"].rpartition(":")
    numbers = [port, flags["response-bytes"], flags["workers"]]
    if not host or not all(re.fullmatch(r"\d{1,9}", each) for each in numbers) or int(port) > 65535:
        refuse(1 if broken("bad-value-exits-1") else 2, f"a flag has a bad value: {flags}")
    flags["address"] = (host, int(port))
    return flags


def refuse(code, text):
    sys.stderr.write(f"{NAME}: {text}\n")
    sys.exit(code)


def main():
    options = options_of(sys.argv[1:])
    signals = {signal.SIGTERM, signal.SIGINT}
    if broken("leaves-ignored") and signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signals = {signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        model = Model(options)
    except OSError as error:
        refuse(2 if broken("busy-exits-2") else 1, f"cannot listen on {options['listen']}: {error}")
    threading.Thread(target=model.accept_all, daemon=True).start()
    log("listening on %s:%d" % model.listener.getsockname())
    signal.sigwait(signals)
    with model.lock:
        model.draining = True
    log("draining")
    threading.Thread(target=second_signal, args=(signals,), daemon=True).start()
    model.drain()
    log("stopped")
    os._exit(1 if broken("exits-1") else 0)


def log(text):
    if not (broken("no-stopped-line") and text == "stopped"):
        sys.stderr.write(f"{NAME}: {text}\n")
        sys.stderr.flush()


def second_signal(signals):
    if broken("resets-to-ignored") and signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signals = {signal.SIGTERM}
    signal.sigwait(signals)
    if not broken("ignores-second-signal"):
        os._exit(1)


if __name__ == "__main__":
    main()
