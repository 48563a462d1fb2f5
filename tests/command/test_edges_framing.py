"""dragstrip load at the edges of HTTP: where an answer ends, which one is good, and what may follow it.

The server is scripted byte by byte (raw_server.py).  Every other answer is the one in question, those
between are plain and good: so an answer that ends in the wrong place spoils its neighbour, too.
"""

from raw_server import BAD, FIN, GOOD, OK_LINE, TWO, EdgeCase, every_other
from tap import rows

CHUNKED = OK_LINE + b"Transfer-Encoding: chunked\r\n\r\n"
HELLO = b"5\r\nhello\r\n"
LAST = b"0\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: </b.js>\r\n\r\n"
HEAD = ("-X", "HEAD")


def line(status):
    return b"HTTP/1.1 " + status + b"\r\n"


def of_status(status, *fields):
    """An answer that is only a head."""
    return line(status) + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


def head_of(size):
    """A good answer whose head is so many bytes long."""
    empty = OK_LINE + b"X: \r\n" + TWO
    return OK_LINE + b"X: " + b"x" * (size - len(empty) + 2) + b"\r\n" + TWO


def in_two(whole):
    return [whole[:900], .003, whole[900:]]


def fields(number):
    return b"".join(b"X-%d: %d\r\n" % (at, at) for at in range(number))


@rows([
    # how long a connection lives
    ("Connection: close ends a connection that the server leaves open.",
     [OK_LINE + b"Connection: close\r\n" + TWO], False),
    ("Connection: close and the end of the stream at once are a good answer.",
     [OK_LINE + b"Connection: close\r\n" + TWO, FIN], False),
    ("Connection: close is found in a list and in capitals.",
     [OK_LINE + b"Connection: x, CLOSE ,y\r\n" + TWO], False),
    ("Connection: close is found in the second of two fields.",
     [OK_LINE + b"Connection: keep-alive\r\nConnection: close\r\n" + TWO], False),
    ("Connection: closed is another word.", [OK_LINE + b"Connection: closed\r\n" + TWO], True),
    ("HTTP/1.0 without keep-alive is good and ends the connection.", [b"HTTP/1.0 200 OK\r\n" + TWO], False),
    ("HTTP/1.0 with keep-alive keeps it.", [b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + TWO], True),
    # the end of the stream ends the body
    ("A body without a length is good at the end of the stream.", [OK_LINE + b"\r\nhello", FIN], False),
    ("A body without a length may come in pieces.", [OK_LINE + b"\r\n", .002, b"he", .002, b"llo", .002, FIN],
     False),
    ("A body without a length may be empty.", [OK_LINE + b"\r\n", FIN], False),
    ("HTTP/1.0 without a length is good at the end of the stream.", [b"HTTP/1.0 200 OK\r\n\r\nhi", FIN], False),
    # chunks
    ("A chunked body of one chunk.", [CHUNKED + HELLO + LAST], True),
    ("A chunked body without a chunk.", [CHUNKED + LAST], True),
    ("A chunked body of many chunks.", [CHUNKED + 200 * HELLO + LAST], True),
    ("Chunk sizes in capitals.", [CHUNKED + b"1A\r\n" + 26 * b"x" + b"\r\n" + LAST], True),
    ("Chunk sizes in small letters.", [CHUNKED + b"1a\r\n" + 26 * b"x" + b"\r\n" + LAST], True),
    ("Chunk sizes with leading zeros.", [CHUNKED + b"0005\r\nhello\r\n000\r\n\r\n"], True),
    ("Chunk extensions are skipped, quoted ones and that of the last chunk, too.",
     [CHUNKED + b'5;a=b;c\r\nhello\r\n5;d="e;f"\r\nhello\r\n0;g=h\r\n\r\n'], True),
    ("Trailers say nothing about the connection or the next answer.",
     [CHUNKED + HELLO + b"0\r\nX: y\r\nContent-Length: 100\r\nTransfer-Encoding: chunked\r\n\r\n"], True),
    ("The name of the coding may be in any case.",
     [OK_LINE + b"Transfer-Encoding: Chunked\r\n\r\n" + HELLO + LAST], True),
    ("Data that look like a chunk's end are data.", [CHUNKED + b"9\r\n\r\n0\r\n\r\n\r\n\r\n" + LAST], True),
    # no body, whatever the fields say
    ("A length of 0.", [OK_LINE + b"Content-Length: 0\r\n\r\n"], True),
    ("204 has no body.", [of_status(b"204 No Content")], True),
    ("304 has no body.", [of_status(b"304 Not Modified")], True),
    ("304 with a length has no body.", [of_status(b"304 Not Modified", b"Content-Length: 1000")], True),
    ("304 with a coding has no body.", [of_status(b"304 Not Modified", b"Transfer-Encoding: chunked")], True),
    # interim answers
    ("100 Continue is no answer.", [CONTINUE + GOOD], True),
    ("100 Continue in a segment of its own is no answer.", [CONTINUE, .002, GOOD], True),
    ("103 Early Hints with fields are no answer.", [HINTS + GOOD], True),
    ("Several interim answers in one segment.", [CONTINUE + HINTS + HINTS + GOOD], True),
    ("Several interim answers in several segments, cut anywhere.",
     [CONTINUE + HINTS[:9], .002, HINTS[9:-1], .002, HINTS[-1:] + GOOD[:5], .002, GOOD[5:]], True),
    ("An unknown interim status is no answer.", [of_status(b"199 Wait") + GOOD], True),
    ("A length in an interim answer means nothing.",
     [of_status(b"103 Early Hints", b"Content-Length: 100") + GOOD], True),
    # surplus: BAD would count as an error of kind status
    ("More after the body is no answer to the next request.", [GOOD + BAD], False),
    ("More after the last chunk is no answer to the next request.", [CHUNKED + HELLO + LAST + BAD], False),
    ("More after a 204 is no answer to the next request.", [of_status(b"204 No Content") + BAD], False),
    ("One byte more after the body ends the connection.", [GOOD + b"\n"], False),
    ("An interim answer after the answer ends the connection.", [GOOD + CONTINUE], False),
    # the head
    ("The reason phrase may be empty.", [line(b"200 ") + TWO], True),
    ("The reason phrase and the space before it may be missing.", [line(b"200") + TWO], True),
    ("The reason phrase may hold tabs and UTF-8.", [line("200 été\tété".encode()) + TWO], True),
    ("A field may be empty, hold UTF-8, and have any space around its value.",
     [OK_LINE + "A:\r\nB:b\r\nC: \t é \t\r\n".encode() + b"Content-Length:\t2 \r\n\r\nhi"], True),
    ("The same length twice is one length.", [OK_LINE + b"Content-Length: 2\r\n" + TWO], True),
    ("A head of 65,500 bytes at once.", [head_of(65500)], True),
    ("A head of 65,500 bytes in two parts.", in_two(head_of(65500)), True),
])
class GoodAnswers(EdgeCase):
    def check(self, steps, is_reused):
        self.check_every_other(steps, is_reused=is_reused)


@rows([
    ("HEAD: a length without a body.", [OK_LINE + b"Content-Length: 1000\r\n\r\n"], True),
    ("HEAD: a coding without a body.", [CHUNKED], True),
    ("HEAD: without any length there is no body, and the connection is kept.", [OK_LINE + b"\r\n"], True),
    ("HEAD: Connection: close ends the connection.", [of_status(b"200 OK", b"Connection: close")], False),
    ("HEAD: a body that is sent all the same is no answer to the next request.", [GOOD], False),
])
class HeadAnswers(EdgeCase):
    def check(self, steps, is_reused):
        plain = [OK_LINE + b"Content-Length: 2\r\n\r\n"]
        counts, server = self.edge(lambda turn: steps if turn.total % 2 else plain, *HEAD)
        self.check_counts(counts)
        self.check_ends(counts, server, 0 if is_reused else counts["due"] // 2)


class LongHead(EdgeCase):
    def test_at_once(self):
        """A head of 70,000 bytes is too long also when one read can take it whole."""
        large = OK_LINE + b"Content-Length: 4000000\r\n\r\n" + bytes(4000000)  # opens the window wide
        counts, _ = self.edge(lambda turn: [head_of(70000)] if turn.total % 2 else [large], due=20)
        self.check_counts(counts, protocol=10)


def of_length(*values):
    return [OK_LINE + b"".join(b"Content-Length: " + value + b"\r\n" for value in values) + b"\r\nhi"]


@rows([
    # RFC 9112 7.1: chunks
    ("A chunk size that is none.", [CHUNKED + b"xyz\r\nhello\r\n" + LAST]),
    ("A chunk size that is missing.", [CHUNKED + b"\r\nhello\r\n" + LAST]),
    ("A negative chunk size.", [CHUNKED + b"-5\r\nhello\r\n" + LAST]),
    ("A chunk size with a plus sign.", [CHUNKED + b"+5\r\nhello\r\n" + LAST]),
    ("A chunk size with the prefix of a programming language.", [CHUNKED + b"0x5\r\nhello\r\n" + LAST]),
    ("A chunk size that is 5 modulo 2^64.", [CHUNKED + b"10000000000000005\r\nhello\r\n" + LAST]),
    ("A chunk without its line end.", [CHUNKED + b"5\r\nhello" + HELLO + LAST]),
    ("A chunk that ends with a line feed and something before it.", [CHUNKED + b"5\r\nhellox\n" + LAST]),
    ("A chunk that ends with a carriage return and something after it.",
     [CHUNKED + b"5\r\nhello\rx" + LAST]),
    ("A chunk size that ends with a carriage return and something after it.",
     [CHUNKED + b"5\rxhello\r\n" + LAST]),
    ("A chunk that is longer than its size.", [CHUNKED + b"5\r\nhello!\r\n" + LAST]),
    ("A chunk that is shorter than its size.", [CHUNKED + b"5\r\nhell\r\n" + HELLO + LAST]),
    # RFC 9112 6.3: lengths
    ("A length that is no number.", of_length(b"two")),
    ("A length that is missing.", of_length(b"")),
    ("A negative length.", of_length(b"-2")),
    ("A length with a plus sign.", of_length(b"+2")),
    ("A length in hex.", of_length(b"0x2")),
    ("A length with something behind it.", of_length(b"2 bytes")),
    ("A length that is 2 modulo 2^64.", of_length(b"18446744073709551618")),
    ("Two different lengths.", of_length(b"2", b"3")),
    ("Two different lengths in one field.", of_length(b"2, 3")),
    ("HTTP/1.0 with chunks.", [b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + HELLO + LAST, FIN]),
    # RFC 9112 4: the status line
    ("A status line of another protocol.", [b"SSH-2.0-OpenSSH_9.2\r\n\r\n"]),
    ("A status line without a status.", [line(b"OK") + TWO]),
    ("A status of two digits.", [line(b"20 OK") + TWO]),
    ("A status of four digits.", [line(b"2000 OK") + TWO]),
    ("A status with a letter.", [line(b"2x0 OK") + TWO]),
    ("A status that runs into the reason.", [line(b"200OK") + TWO]),
    ("Words instead of a status line.", [b"hello\r\n\r\n"]),
    ("HTTP/2.0 is not HTTP/1.", [b"HTTP/2.0 200 OK\r\n" + TWO]),
    ("HTTP/1.10 is no version.", [b"HTTP/1.10 200 OK\r\n" + TWO]),
    ("The preface of HTTP/2 is no answer.", [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]),
    ("The name of the protocol is in capitals.", [b"http/1.1 200 OK\r\n" + TWO]),
    # RFC 9110 5.5, 5.6.2 and RFC 9112 5: fields
    ("A NUL in the status line.", [b"HTTP/1.1 200 O\0K\r\n" + TWO]),
    ("A NUL in a field's name.", [OK_LINE + b"A\0: b\r\n" + TWO]),
    ("A NUL in a field's value.", [OK_LINE + b"A: b\0c\r\n" + TWO]),
    ("A field without a colon.", [OK_LINE + b"nothing\r\n" + TWO]),
    ("A field without a name.", [OK_LINE + b": b\r\n" + TWO]),
    ("A switch to another protocol that nobody asked for.",
     [of_status(b"101 Switching Protocols", b"Upgrade: x", b"Connection: upgrade")]),
    # size
    ("A head of 70,000 bytes is too long.", in_two(head_of(70000))),
    ("A head of 300,000 bytes is too long.", [head_of(300000)]),
])
class BadAnswers(EdgeCase):
    def check(self, steps):
        """Kind protocol, and nothing more is read from such a connection."""
        self.check_every_other(steps, kind="protocol")


@rows([
    ("A length and chunks: either the chunks win or it is an error.",
     [OK_LINE + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + HELLO + LAST]),
    ("Chunks and a length: the same.",
     [OK_LINE + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n" + HELLO + LAST]),
    ("The same length twice in one field.", of_length(b"2, 2")),
    ("A coding that was not asked for.",
     [OK_LINE + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + HELLO + LAST]),
    ("A list of codings with an empty element.",
     [OK_LINE + b"Transfer-Encoding: chunked,\r\n\r\n" + HELLO + LAST]),
    ("A field on two lines.", [OK_LINE + b"A: b\r\n c\r\n" + TWO]),
    ("A space before a colon.", [OK_LINE + b"A : b\r\n" + TWO]),
    ("A bare line feed after one field.", [OK_LINE + b"A: b\n" + TWO]),
    ("Bare line feeds only.", [GOOD.replace(b"\r\n", b"\n")]),
    ("A bare carriage return in a value.", [OK_LINE + b"A: b\rc\r\n" + TWO]),
    ("An empty line before the answer.", [b"\r\n" + GOOD]),
    ("HTTP/1.2.", [b"HTTP/1.2 200 OK\r\n" + TWO]),
    ("Two spaces before the status.", [b"HTTP/1.1  200 OK\r\n" + TWO]),
    ("A status out of range.", [line(b"999 Strange") + TWO]),
    ("1,000 small fields.", [OK_LINE + fields(1000) + TWO]),
    ("1,000 small trailers.", [CHUNKED + HELLO + b"0\r\n" + fields(1000) + b"\r\n"]),
    ("A chunk extension of 60,000 bytes.", [CHUNKED + b"5;" + 60000 * b"x" + b"\r\nhello\r\n" + LAST]),
    ("1,000 interim answers.", [1000 * CONTINUE + GOOD]),
    ("Settings of HTTP/2, and the end.", [bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]), FIN]),
    ("Words without a line end, and the end.", [b"hello", FIN]),
])
class DoubtfulAnswers(EdgeCase):
    def check(self, steps):
        """Whether it is good or not is the tool's to decide; it has to decide, and the others stay good."""
        counts, _ = self.edge(every_other(steps))
        self.assertIn(self.check_kinds(counts, "protocol", "status", "reset"), (0, counts["due"] // 2))


WHOLE = CHUNKED + b"5;n=v\r\nhello\r\n1a\r\n" + 26 * b"x" + b"\r\n0\r\nX: y\r\n\r\n"


@rows([
    ("A chunked answer with trailers, cut in two at every position.", WHOLE),
    ("An answer with a length, cut in two at every position.", GOOD),
    ("An answer after an interim one, cut in two at every position.", HINTS + GOOD),
])
class Cuts(EdgeCase):
    def check(self, whole):
        counts, server = self.edge(lambda turn: [whole[:turn.total + 1], .003, whole[turn.total + 1:]],
                                   due=len(whole) - 1, connections=4)
        self.check_counts(counts)
        self.assertEqual((sum(server.requests), counts["reconnects"]), (counts["due"], 0))


@rows([
    ("A chunked answer in one segment a byte.", [bytes([byte]) for byte in WHOLE]),
    ("A chunked answer with a pause after each byte.",
     [step for byte in WHOLE for step in (bytes([byte]), .001)]),
])
class Bytes(EdgeCase):
    def check(self, steps):
        counts, _ = self.edge(steps, due=10, rate=50, connections=4)
        self.check_counts(counts)
        self.assertEqual(counts["reconnects"], 0)
