"""A server in the test's own process whose every byte is scripted, and the base of the cases that use it.

A script says what is done with a request: a list of steps, or a function that makes one from a Turn (the
connection, the request's number on it and among all, from 0).  The steps, done in order:

    bytes       sent at once; right before FIN they leave in one segment with it
    a float     a pause in seconds
    a function  called
    READ        whatever comes is read until the peer ends the connection
    FIN         the sending side is closed, then as READ: so nothing that the peer still writes gets a reset
    CLOSE       closed as it is; the kernel makes that a reset when something was not read
    RESET       reset

After the last step the next request of the connection is awaited.

Rejected: a process of its own (what the server saw would have to be told back).
"""

import collections
import itertools
import socket
import struct
import threading

import fake_service
import tool
from case import LoadCase

READ, FIN, CLOSE, RESET = "read", "fin", "close", "reset"
Turn = collections.namedtuple("Turn", "connection request total")

OK_LINE = b"HTTP/1.1 200 OK\r\n"
TWO = b"Content-Length: 2\r\n\r\nhi"  # the rest of an answer
GOOD = OK_LINE + TWO
BAD = b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n"  # an error of kind status wherever it is taken


def head_only(data):
    """As fake_service.whole_request, but a body is left where it is."""
    end = data.find(b"\r\n\r\n")
    return None if end < 0 else (data[:end], end + 4)


def every_other(steps):
    """Good answers to the first request, the third and so on; these steps for the others."""
    return lambda turn: steps if turn.total % 2 else [GOOD]


class Connection:
    """What the server saw of one connection, and how it acts on it."""

    def __init__(self, peer, number):
        self.peer, self.number = peer, number
        self.requests = []  # each as it came
        self.late = bytearray()  # what came in READ or after FIN
        self.unread = b""
        self.is_open = True
        if peer.family != socket.AF_UNIX:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read_request(self, find_end):
        """Whether one more came."""
        while not (found := find_end(self.unread)):
            piece = self.peer.recv(4096)
            if not piece:
                return False
            self.unread += piece
        size = found[1]
        self.requests.append(self.unread[:size])
        self.unread = self.unread[size:]
        return True

    def act(self, steps, pause):
        for step, following in itertools.zip_longest(steps, steps[1:]):
            if isinstance(step, bytes):
                self.peer.sendall(step, socket.MSG_MORE if following == FIN else 0)
            elif isinstance(step, float):
                pause(step)
            elif callable(step):
                step()
            else:
                self.end(step)

    def end(self, how):
        self.is_open = False
        if how == RESET:
            self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if how == FIN:
            self.peer.shutdown(socket.SHUT_WR)
        while how in (FIN, READ) and (piece := self.peer.recv(65536)):
            self.late += piece

    def hang_up(self):
        """From another thread: the one that reads sees the end and closes."""
        try:
            self.peer.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has ended already


class RawServer:
    """Listens from the start; a thread for each connection.  greet() makes the steps before its requests."""

    def __init__(self, script, find_end=fake_service.whole_request, greet=list):
        self.script = script if callable(script) else lambda turn: script
        self.find_end, self.greet = find_end, greet
        self.port = tool.free_port()
        self.connections, self.faults, self.threads = [], [], []
        self.totals = itertools.count()
        self.stopped = threading.Event()
        self.listen()

    def listen(self):
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)  # large requests get stuck early
        self.start(self.accept, self.listener)

    def start(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def accept(self, listener):
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            connection = Connection(peer, len(self.connections))
            self.connections.append(connection)
            self.start(self.serve, connection)

    def serve(self, connection):
        try:
            with connection.peer:
                connection.act(self.greet(), self.stopped.wait)
                while connection.is_open and connection.read_request(self.find_end):
                    turn = Turn(connection.number, len(connection.requests) - 1, next(self.totals))
                    connection.act(self.script(turn), self.stopped.wait)
        except OSError:
            pass  # the peer may end a connection in any way
        except Exception as fault:
            self.faults.append(fault)

    def hang_up(self):
        for connection in self.connections:
            connection.hang_up()

    def close(self):
        """Nothing listens, and no connection is left; listen() may follow."""
        self.listener.shutdown(socket.SHUT_RDWR)  # which also wakes accept()
        self.listener.close()
        self.hang_up()

    def stop(self):
        if not self.stopped.is_set():
            self.stopped.set()
            self.close()
            for thread in self.threads:
                thread.join(tool.END_S)

    @property
    def requests(self):
        """How many came on each connection that had any."""
        return [len(connection.requests) for connection in self.connections if connection.requests]


class EdgeCase(LoadCase):
    def serve_raw(self, script, **how):
        server = RawServer(script, **how)
        self.addCleanup(server.stop)
        return server

    def load_raw(self, server, *options, due=8, rate=200, connections=1, timeout="3s"):
        """Exactly `due` requests, evenly spaced; returns the document once the server has stopped."""
        result = self.load(server.port, "-r", rate, "-d", f"{due * 1000 // rate}ms", "-w", "0s",
                           "-a", "constant", "-c", connections, "--timeout", timeout, *options)
        server.stop()
        self.assertEqual(server.faults, [])
        self.assertEqual(result["counts"]["due"], due)
        seen = {request for connection in server.connections for request in connection.requests}
        self.assertEqual(len(seen), 1, "all requests are the same bytes")
        return result

    def edge(self, script, *options, **how):
        """load_raw against a server with this script: (what was counted, the server)."""
        server = self.serve_raw(script)
        return self.load_raw(server, *options, **how)["counts"], server

    def check_counts(self, counts, **errors):
        """Exactly these errors by kind; everything else is ok."""
        self.assertEqual(counts["errors"], {**dict.fromkeys(counts["errors"], 0), **errors})
        self.assertEqual(counts["ok"], counts["due"] - sum(errors.values()))

    def check_kinds(self, counts, *kinds):
        """No errors but of these kinds; returns how many there are."""
        found = {kind: number for kind, number in counts["errors"].items() if number}
        self.assertLessEqual(set(found), set(kinds), found)
        return sum(found.values())

    def check_ends(self, counts, server, ends):
        """On one connection at a time: so many were given up, each after its share of the requests."""
        due = counts["due"]
        self.assertEqual(server.requests, [due // ends] * ends if ends else [due])
        self.assertIn(counts["reconnects"], (max(ends - 1, 0), ends))  # after the last one it may be too late

    def check_every_other(self, steps, *options, kind=None, is_reused=False, **how):
        """These steps make an error of this kind, or none; the good answers between them stay good."""
        counts, server = self.edge(every_other(steps), *options, **how)
        half = counts["due"] // 2
        self.check_counts(counts, **({kind: half} if kind else {}))
        if how.get("connections", 1) == 1:
            self.check_ends(counts, server, 0 if is_reused else half)
