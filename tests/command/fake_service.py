#!/usr/bin/env python3
"""A small HTTP/1.1 keep-alive service that can be made to misbehave in one way at a time.

    python3 -S fake_service.py PORT [MODE [NUMBER]]

One thread, raw sockets, one epoll: some thousand requests/s from Python are enough to measure, and
nothing but the mode on the command line decides how it behaves.  GET /healthz is the probe; any other
path is a request, and only requests are counted.  The first request goes to stdout as one line of JSON,
so that a test sees what was really sent, and when.  MODES at the end is the list of modes.

Rejected: http.server (some hundred requests/s, repairs what it is asked to break).
"""

import json
import os
import select
import signal
import socket
import sys
import time

PIECE = 65536


def response(status, body, reason="OK"):
    return (f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


GOOD = response(200, b'{"answer":"yes"}')
BUSY = response(503, b'{"error":"busy"}', "Service Unavailable")
NOT_HTTP = b"SSH-2.0-OpenSSH_9.2\r\n\r\n"


def whole_request(data):
    """(the head, the length of head and body) once a whole request is there, else None."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = data[:end]
    length = 0
    if head[:4] != b"GET ":
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
    size = end + 4 + length
    return (head, size) if len(data) >= size else None


class Service:
    """Well-behaved: answers 200 to everything and ends with status 0 at SIGTERM."""

    def __init__(self, port, number):
        self.port, self.number = port, number
        self.requests = 0

    def answer(self):
        """The answer to request self.requests (from 1); None: it never comes."""
        return GOOD

    def probe(self):
        return GOOD

    def on_term(self, *_):
        sys.exit(0)

    def prepare(self):
        """Before it listens."""

    def run(self):
        signal.signal(signal.SIGTERM, self.on_term)
        self.prepare()
        self.serve()

    def listen(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(1024)
        return listener

    def serve(self):
        self.listener, self.epoll = self.listen(), select.epoll()
        self.epoll.register(self.listener.fileno(), select.EPOLLIN)
        self.peers, self.unread = {}, {}
        while True:
            for fd, _ in self.epoll.poll():
                if fd == self.listener.fileno():
                    self.accept()
                else:
                    self.read(fd)

    def accept(self):
        peer, _ = self.listener.accept()
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peers[peer.fileno()] = peer
        self.epoll.register(peer.fileno(), select.EPOLLIN)

    def read(self, fd):
        peer = self.peers[fd]
        try:
            piece = peer.recv(PIECE)
            data = self.unread.pop(fd, b"") + piece
            while piece and (found := whole_request(data)):
                head, size = found
                self.reply(peer, head, data[len(head) + 4:size])
                data = data[size:]
        except OSError:
            piece = b""
        if not piece:
            del self.peers[fd]
            peer.close()  # which also takes it out of the epoll
        elif data:
            self.unread[fd] = data

    def reply(self, peer, head, body):
        if head.startswith(b"GET /healthz "):
            peer.sendall(self.probe())
            return
        self.requests += 1
        if self.requests == 1:
            self.tell(head, body)
        answer = self.answer()
        if answer is not None:
            peer.sendall(answer)

    def tell(self, head, body):
        """What the first request was; also where it runs, and the word left in its environment."""
        line, *headers = head.decode("latin-1").split("\r\n")
        print(json.dumps({"request": line, "headers": headers, "body": body.hex(),
                          "greeting": os.environ.get("FAKE_GREETING"),
                          "cpus": sorted(os.sched_getaffinity(0))}), flush=True)


class Exits(Service):
    """Ends at once, with status NUMBER and a last word."""

    def run(self):
        print("the database is not there", file=sys.stderr, flush=True)
        sys.exit(self.number)


class Deaf(Service):
    """Never listens."""

    def serve(self):
        print("thinking about it", flush=True)
        while True:
            signal.pause()


class Unready(Service):
    """Answers 503 to the probe for ever."""

    def probe(self):
        return BUSY


class Garbage(Service):
    """Answers the probe like HTTP, and everything else not like HTTP."""

    def answer(self):
        return NOT_HTTP


class AllGarbage(Garbage):
    """Answers nothing like HTTP, not even the probe."""

    def probe(self):
        return NOT_HTTP


class Dies(Service):
    """Dies in the middle of request NUMBER."""

    def answer(self):
        if self.requests == self.number:
            print("out of memory", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        return GOOD


class Stubborn(Service):
    """Ignores SIGTERM."""

    def on_term(self, *_):
        print("no", flush=True)


class Lingers(Service):
    """Takes NUMBER ms to stop."""

    def on_term(self, *_):
        print("stopping", flush=True)
        time.sleep(self.number / 1000)
        sys.exit(0)


class Flawed(Lingers):
    """Answers 503 to every tenth request, and takes NUMBER ms to stop."""

    def answer(self):
        return BUSY if self.requests % 10 == 0 else GOOD


class Late(Service):
    """Takes NUMBER ms until it listens."""

    def prepare(self):
        print("starting", flush=True)
        time.sleep(self.number / 1000)


class Sluggish(Late, Lingers):
    """Takes NUMBER ms to start and to stop."""


class Says(Service):
    """Its answers hold NUMBER."""

    def answer(self):
        return response(200, b'{"id":%d,"answer":"yes"}' % self.number)


class Varies(Service):
    """Every process of it answers otherwise."""

    def answer(self):
        return response(200, b'{"id":%d,"answer":"yes"}' % self.began)

    def prepare(self):
        self.began = time.time_ns()


class Failing(Service):
    """Answers 503 to every request whose number NUMBER divides."""

    def answer(self):
        return BUSY if self.requests % self.number == 0 else GOOD


class Hardly(Service):
    """Answers 503 to every request but those whose number NUMBER divides."""

    def answer(self):
        return GOOD if self.requests % self.number == 0 else BUSY


class Silent(Service):
    """Never answers a request whose number NUMBER divides."""

    def answer(self):
        return None if self.requests % self.number == 0 else GOOD


class Slow(Service):
    """Takes NUMBER µs more for every answer, one after the other."""

    def answer(self):
        time.sleep(self.number / 1e6)
        return GOOD


class Family(Service):
    """Leaves a grandchild behind that ignores SIGTERM, in the service's own process group."""

    own_session = False

    def prepare(self):
        if os.fork() == 0:
            if os.fork() == 0:
                self.stay_behind()
            os._exit(0)
        os.wait()

    def stay_behind(self):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if self.own_session:
            os.setsid()
        time.sleep(120)
        os._exit(0)


class Daemon(Family):
    """The same with a grandchild in a session of its own, as daemons make themselves."""

    own_session = True


class Helped(Daemon):
    """Leaves a grandchild behind that takes all the CPU time it can get."""

    def stay_behind(self):
        os.setsid()
        os.nice(10)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            pass
        os._exit(0)


class Strict(Service):
    """Listens without SO_REUSEADDR: remains of connections on its port keep it from starting."""

    def listen(self):
        listener = socket.socket()
        listener.bind(("127.0.0.1", self.port))
        listener.listen(1024)
        return listener


MODES = {"good": Service, "exits": Exits, "deaf": Deaf, "unready": Unready, "garbage": Garbage,
         "all-garbage": AllGarbage, "dies": Dies, "stubborn": Stubborn, "lingers": Lingers,
         "failing": Failing, "flawed": Flawed, "hardly": Hardly, "silent": Silent, "slow": Slow, "family": Family, "daemon": Daemon,
         "helped": Helped, "strict": Strict, "late": Late, "sluggish": Sluggish, "says": Says,
         "varies": Varies}


def main():
    port, mode, number, *_ = *sys.argv[1:], *["good", "0"][len(sys.argv) - 2:]
    MODES[mode](int(port), int(number)).run()


if __name__ == "__main__":
    main()
