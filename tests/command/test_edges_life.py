"""dragstrip load at the edges of a connection's life: closed, reset, gone for a while, slow, answered early."""

import time

import tool
from raw_server import BAD, CLOSE, FIN, GOOD, OK_LINE, READ, RESET, TWO, EdgeCase, head_only
from tap import rows

CHUNKED = OK_LINE + b"Transfer-Encoding: chunked\r\n\r\n"
LONG = OK_LINE + b"Content-Length: 20\r\n\r\n"


def slowly(whole, pause_s):
    """One byte after the other, with a pause after each."""
    return [step for byte in whole for step in (bytes([byte]), pause_s)]


@rows([
    ("Reset before any byte.", [RESET]),
    ("Closed before any byte.", [FIN]),
    ("Closed in the status line.", [OK_LINE[:12], FIN]),
    ("Closed after the status line.", [OK_LINE, FIN]),
    ("Closed in a field.", [OK_LINE + b"Content-Le", FIN]),
    ("Reset in the head.", [OK_LINE + b"Content-Le", RESET]),
    ("Closed before the body.", [LONG, FIN]),
    ("Closed in the body.", [LONG + b"hello", FIN]),
    ("Closed before the last byte of the body.", [GOOD[:-1], FIN]),
    ("Reset in the body.", [LONG + b"hello", .002, RESET]),
    ("Reset in a body that only the end of the stream ends.", [OK_LINE + b"\r\nhello", .002, RESET]),
    ("Closed in a chunk.", [CHUNKED + b"5\r\nhel", FIN]),
    ("Closed in a chunk's size.", [CHUNKED + b"5", FIN]),
    ("Closed between two chunks.", [CHUNKED + b"5\r\nhello\r\n", FIN]),
    ("Closed before the last line end of the chunks.", [CHUNKED + b"5\r\nhello\r\n0\r\n", FIN]),
    ("Closed in a trailer.", [CHUNKED + b"0\r\nX: ", FIN]),
    ("Closed after an interim answer.", [b"HTTP/1.1 100 Continue\r\n\r\n", FIN]),
])
class CutShort(EdgeCase):
    def check(self, steps):
        """Kind reset, whatever came before."""
        self.check_every_other(steps, kind="reset")


@rows([
    ("A head slower than the time-out.", slowly(OK_LINE + b"X: " + 80 * b"x" + b"\r\n" + TWO, .005)),
    ("A body slower than the time-out, although no byte of it is.",
     [LONG, *slowly(bytes(20), .02)]),
    ("Nothing at all.", [READ]),
    ("Half a body, then nothing.", [LONG + b"hello", READ]),
    ("An interim answer, then nothing.", [b"HTTP/1.1 100 Continue\r\n\r\n", READ]),
    ("An answer after the time-out, which is none to the next request.", [.3, BAD]),
])
class Slow(EdgeCase):
    def check(self, steps):
        """Kind timeout, and nobody else's."""
        self.check_every_other(steps, kind="timeout", rate=10, connections=4, timeout="200ms")


class SlowEnough(EdgeCase):
    def test_slow_head(self):
        """A head that takes 190 ms within the time-out is good, and its time is the latency."""
        server = self.serve_raw(slowly(GOOD, .005))
        result = self.load_raw(server, rate=20, connections=4)
        self.check_counts(result["counts"])
        for metric in ("latency", "service_time"):
            self.assertGreater(result[metric]["max"], (len(GOOD) - 1) * 5e6)

    def test_no_line(self):
        """Bytes that never become a line do not hang it."""
        counts, _ = self.edge([b"\0\0\0\4\0\0\0\0\0"], rate=20, connections=4, timeout="100ms")
        self.assertEqual(self.check_kinds(counts, "timeout", "protocol", "unsent"), counts["due"])


@rows([
    ("Another answer on an idle connection is no answer to the next request.", [GOOD, .01, BAD]),
    ("Words on an idle connection.", [GOOD, .01, b"hello"]),
    ("The end of an idle connection.", [GOOD, .01, FIN]),
    ("408 and the end of an idle connection.",
     [GOOD, .01, b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n" + TWO, FIN]),
    ("The reset of an idle connection.", [GOOD, .01, RESET]),
    ("The end right behind the answer.", [GOOD, FIN]),
    ("A reset right behind the answer does not take it back.", [GOOD, RESET]),
])
class Idle(EdgeCase):
    def check(self, steps):
        """The request was answered and the next has time: no error, and a connection for each."""
        counts, server = self.edge(steps, due=4, rate=5)
        self.check_counts(counts)
        self.check_ends(counts, server, counts["due"])


class Caps(EdgeCase):
    """Servers that end a connection after every fifth answer."""

    def test_announced(self):
        """A fifth answer with Connection: close costs no request."""
        last = [OK_LINE + b"Connection: close\r\n" + TWO, FIN]
        counts, server = self.edge(lambda turn: last if turn.request == 4 else [GOOD], due=40)
        self.check_counts(counts)
        self.check_ends(counts, server, 8)

    def test_announced_on_several(self):
        """The same on three connections."""
        last = [OK_LINE + b"Connection: close\r\n" + TWO, FIN]
        counts, server = self.edge(lambda turn: last if turn.request == 4 else [GOOD], due=60, connections=3)
        self.check_counts(counts)
        self.assertEqual((sum(server.requests), max(server.requests)), (60, 5))
        ended = server.requests.count(5)
        self.assertIn(ended - counts["reconnects"], range(4))

    def check_unannounced(self, last):
        """Only a request that the server found on a connection it had ended is lost."""
        counts, server = self.edge(lambda turn: last if turn.request == 4 else [GOOD], due=40, connections=2)
        lost = sum(bool(connection.late) for connection in server.connections)
        self.check_counts(counts, reset=lost)
        self.assertEqual(sum(server.requests) + lost, 40)
        self.assertIn(server.requests.count(5) - counts["reconnects"], range(3))

    def test_fin_at_once(self):
        """An end with the fifth answer costs only requests that were written already."""
        self.check_unannounced([GOOD, FIN])

    def test_fin_later(self):
        """An end after the fifth answer costs only requests that were written already."""
        self.check_unannounced([GOOD, .003, FIN])


OUTAGE_S = .3


class Outages(EdgeCase):
    """A server that goes away with the 41st of 100 requests and comes back; requests keep falling due."""

    RATE, CONNECTIONS = 100, 2
    LOAD = {"due": 100, "rate": RATE, "connections": CONNECTIONS}

    def serve_with(self, outage, **how):
        return self.serve_raw(lambda turn: [GOOD, outage] if turn.total == 40 else [GOOD], **how)

    def most_attempts(self, seconds):
        """A connection whose attempts double their distance from 1 ms on, and one for each request due."""
        return self.CONNECTIONS * (2 + int(seconds * 1000).bit_length()) + seconds * self.RATE

    def most_lost(self, seconds):
        """Those that fall due in this time, half as many for a late return, and those in flight."""
        return 1.5 * seconds * self.RATE + self.CONNECTIONS

    def load_restarted(self, timeout):
        """(the document, the server, for how long it was away)."""
        away_s = []

        def restart():
            server.close()
            began = time.monotonic()
            server.stopped.wait(OUTAGE_S)
            away_s.append(time.monotonic() - began)
            server.listen()

        server = self.serve_with(restart)
        return self.load_raw(server, **self.LOAD, timeout=timeout), server, away_s[0]

    def test_restart(self):
        """A restart costs the requests in flight; those that fall due meanwhile wait, and are answered."""
        result, _, away_s = self.load_restarted("3s")
        counts = result["counts"]
        lost = self.check_kinds(counts, "reset")
        self.assertLessEqual(lost, self.CONNECTIONS)
        self.assertLessEqual(counts["reconnects"], self.most_attempts(away_s))
        if not lost:  # else the longest latency is no number
            self.assertGreater(result["latency"]["max"], (away_s - 1 / self.RATE) * 1e9)

    def test_restart_with_short_timeout(self):
        """With a time-out shorter than the outage some are lost, but not those after it."""
        result, server, away_s = self.load_restarted("200ms")
        lost = self.check_kinds(result["counts"], "reset", "connect", "timeout", "unsent")
        self.assertLessEqual(lost, self.most_lost(away_s))
        self.assertGreater(len(server.requests), self.CONNECTIONS, "some came after it")

    def test_hanging_up(self):
        """A server that takes connections only to close them is not stormed with new ones."""
        until_s = 0

        def drop():
            nonlocal until_s
            until_s = time.monotonic() + OUTAGE_S
            server.hang_up()

        server = self.serve_with(drop, greet=lambda: [CLOSE] if time.monotonic() < until_s else [])
        counts = self.load_raw(server, **self.LOAD)["counts"]
        dropped = sum(not connection.requests for connection in server.connections)
        lost = self.check_kinds(counts, "reset", "connect")
        self.assertLessEqual(lost, self.most_lost(OUTAGE_S))
        self.assertLessEqual(dropped, self.most_attempts(OUTAGE_S))


TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\n" + TWO
BODY_BYTES = 8 << 20


@rows([
    ("200 before the body was sent, then closed.", [GOOD, CLOSE], None),
    ("200 before the body was sent, then closed later.", [GOOD, .01, CLOSE], None),
    ("200 before the body was sent, and the server reads on.", [GOOD, .1, READ], None),
    ("413 before the body was sent, then closed.", [TOO_LARGE, CLOSE], "status"),
    ("413 before the body was sent, then reset.", [TOO_LARGE, RESET], "status"),
    ("413 before the body was sent, then the end of the server's side.", [TOO_LARGE, FIN], "status"),
    ("413 before the body was sent, and the server reads on.", [TOO_LARGE, .1, READ], "status"),
])
class Early(EdgeCase):
    def check(self, steps, kind):
        """Counted as answered; the connection, in which half a request is stuck, is not used again."""
        tool.write(self.path("body"), BODY_BYTES * b"b")
        server = self.serve_raw(steps, find_end=head_only)
        counts = self.load_raw(server, "-b", "@body", due=6, rate=20)["counts"]
        self.check_counts(counts, **({kind: 6} if kind else {}))
        self.check_ends(counts, server, 6)
        for connection in server.connections:
            self.assertNotIn(b"POST", connection.late)
