"""HTTP/1.1 framing: pipelines, splits, chunks, closes, and what is no HTTP."""

import time

from case import EchoCase
from tap import rows
from wire import Cut, chunked, document, request

POST = request("POST", "/echo", document())
WIDE = document("9", '"agent"', '["one","two"]')


class KeepAlive(EchoCase):
    def test_many(self):
        """A thousand requests on one connection are answered one after the other."""
        with self.service.connect() as wire:
            for number in range(1000):
                answer = wire.send(request("POST", "/echo", document(str(number)))).answer()
                self.check_echo(answer, number)
                self.assertFalse(answer.says_close())

    def test_pipeline(self):
        """Two hundred pipelined requests are answered in order."""
        with self.service.connect() as wire:
            wire.send(b"".join(request("POST", "/echo", document(str(i))) for i in range(200)))
            for number in range(200):
                self.check_echo(wire.answer(), number)

    def test_mixed_pipeline(self):
        """A pipeline of echoes, refusals and scrapes is answered in order."""
        asked = [("POST", "/echo", document("1"), 200), ("GET", "/nowhere", None, 404),
                 ("POST", "/echo", b"{}", 400), ("GET", "/healthz", None, 200),
                 ("GET", "/echo", None, 405), ("HEAD", "/healthz", None, 200),
                 ("GET", "/metrics", None, 200), ("POST", "/echo", document("2"), 200)]
        with self.service.connect() as wire:
            wire.send(b"".join(request(m, p, b) for m, p, b, _ in asked) * 5)
            got = [wire.answer(m).status for m, _, _, _ in asked * 5]
        self.assertEqual(got, [status for *_, status in asked] * 5)

    def test_mixed_framing_pipeline(self):
        """Chunked requests and requests with a length are pipelined in order."""
        with self.service.connect() as wire:
            wire.send((POST + chunked("/echo", [WIDE[:9], WIDE[9:]])) * 20)
            for _ in range(20):
                self.check_echo(wire.answer())
                self.check_echo(wire.answer(), 9, "agent", ["one", "two"])

    def test_pipeline_split(self):
        """A pipeline whose pieces end within a head or a body is answered in order."""
        with self.service.connect() as wire:
            stream = b"".join(request("POST", "/echo", document(str(i))) for i in range(50))
            for at in range(0, len(stream), 67):
                wire.send(stream[at:at + 67])
                time.sleep(0.0005)
            for number in range(50):
                self.check_echo(wire.answer(), number)


class Splits(EchoCase):
    def in_two(self, raw, **expected):
        with self.service.connect() as wire:
            for at in range(1, len(raw)):
                with self.subTest(at=at):
                    wire.send(raw[:at])
                    time.sleep(0.001)
                    self.check_echo(wire.send(raw[at:]).answer(), **expected)

    def test_in_two(self):
        """A request in two pieces is answered, whichever byte it is split at."""
        self.in_two(POST)

    def test_chunked_in_two(self):
        """A chunked request in two pieces is answered, whichever byte it is split at."""
        self.in_two(chunked("/echo", [WIDE[:1], (b"A;e=1", WIDE[1:11]), WIDE[11:]],
                            last=b"0\r\nT: v\r\n\r\n"),
                    number=9, user_agent="agent", metadata=["one", "two"])

    def test_byte_by_byte(self):
        """Requests that come byte by byte are answered."""
        for raw in (POST, chunked("/echo", [document()])):
            with self.service.connect() as wire:
                for at in range(len(raw)):
                    wire.send(raw[at:at + 1])
                    time.sleep(0.0005)
                self.check_echo(wire.answer())


@rows([
    ("A single chunk is accepted.", [WIDE], b"0\r\n\r\n"),
    ("A chunk for each byte is accepted.", [WIDE[i:i + 1] for i in range(len(WIDE))], b"0\r\n\r\n"),
    ("A chunk size in capitals with leading zeros is accepted.",
     [(b"000%X" % len(WIDE), WIDE)], b"0\r\n\r\n"),
    ("A last chunk of several zeros is accepted.", [WIDE], b"000\r\n\r\n"),
    ("Chunk extensions are accepted.",
     [(b"8;a", WIDE[:8]), (b"8;a=b", WIDE[8:16]), (b'%x;a="q;q"' % len(WIDE[16:]), WIDE[16:])],
     b"0;end\r\n\r\n"),
    ("Trailers are accepted.", [WIDE], b"0\r\nX-One: 1\r\nX-Two: 2\r\n\r\n"),
])
class Chunked(EchoCase):
    def check(self, pieces, last):
        with self.service.connect() as wire:
            for _ in range(2):
                wire.send(chunked("/echo", pieces, last))
                self.check_echo(wire.answer(), 9, "agent", ["one", "two"])

    def test_bad_json(self):
        """Bad JSON in chunks is refused like bad JSON with a length."""
        self.check_error(self.ask(chunked("/echo", [b"{", b"]"])))
        self.check_error(self.ask(chunked("/echo", [])))

    def test_coding_without_case(self):
        """The name of the transfer coding has no case."""
        raw = chunked("/echo", [document()]).replace(b": chunked", b": Chunked")
        self.check_echo(self.ask(raw))


class Closing(EchoCase):
    def check_closes(self, raw, method="POST"):
        with self.service.connect() as wire:
            answer = wire.send(raw + request("GET", "/healthz")).answer(method)
            self.assertEqual(answer.status, 200)
            self.assertEqual(wire.rest(within=1), b"", "something follows the last answer")
            return answer

    def test_close(self):
        """Connection: close is honoured and said again; a request behind it is not answered."""
        for word in ("close", "Close", "foo, close"):
            with self.subTest(word):
                raw = request("POST", "/echo", document(), [f"Connection: {word}"])
                self.assertTrue(self.check_closes(raw).says_close())

    def test_http_1_0(self):
        """An HTTP/1.0 request is answered and the connection closed."""
        self.check_closes(request("GET", "/healthz", version="HTTP/1.0"), "GET")
        self.check_closes(request("POST", "/echo", document(), version="HTTP/1.0"))

    def test_http_1_0_without_host(self):
        """An HTTP/1.0 request needs no Host."""
        self.check_closes(request("GET", "/healthz", version="HTTP/1.0", host=None), "GET")

    def test_http_1_0_keep_alive(self):
        """An HTTP/1.0 request with keep-alive is answered; it stays open only if the answer says so."""
        raw = request("GET", "/healthz", headers=["Connection: keep-alive"], version="HTTP/1.0")
        with self.service.connect() as wire:
            answer = wire.send(raw).answer("GET")
            self.assertEqual(answer.status, 200)
            if "keep-alive" in (answer.header("connection") or "").lower():
                self.assertEqual(wire.send(raw).answer("GET").status, 200)
            else:
                wire.rest(within=1)


def with_length(value):
    return request("POST", "/echo", headers=[f"Content-Length: {value}"]) + document()


def head(*lines):
    return "\r\n".join((*lines, "", "")).encode("latin-1")


GET = "GET /healthz HTTP/1.1"
SIZE = len(document())


@rows([
    ("HTTP/1.1 without Host is no 200.", head(GET)),
    ("A POST without Host is no 200.", request("POST", "/echo", document(), host=None)),
    ("Two Host lines are no 200.", head(GET, "Host: a", "Host: b")),
    ("A Content-Length of letters is no 200.", with_length("abc")),
    ("An empty Content-Length is no 200.", with_length("")),
    ("A negative Content-Length is no 200.", with_length("-1")),
    ("A Content-Length with a plus is no 200.", with_length(f"+{SIZE}")),
    ("A hexadecimal Content-Length is no 200.", with_length(hex(SIZE))),
    ("A Content-Length with letters behind is no 200.", with_length(f"{SIZE}x")),
    ("A Content-Length of two words is no 200.", with_length(f"{SIZE} {SIZE}")),
    ("A Content-Length with a point is no 200.", with_length(f"{SIZE}.0")),
    ("A Content-Length that wraps at 32 bits is no 200.", with_length(2 ** 32 + SIZE)),
    ("A Content-Length that wraps at 64 bits is no 200.", with_length(2 ** 64 + SIZE)),
    ("A Content-Length of 100 digits is no 200.", with_length("9" * 100)),
    ("Two lengths that differ are no 200.",
     request("POST", "/echo", document(), [f"Content-Length: {SIZE + 1}"]) + b" "),
    ("Two lengths that differ in one line are no 200.", with_length(f"{SIZE}, {SIZE + 1}") + b" "),
    ("White space before the colon of Content-Length is no 200.",
     with_length(SIZE).replace(b"Length:", b"Length :")),
    ("White space before the colon of Host is no 200.", head(GET, "Host : h")),
    ("White space before the colon of any header is no 200.", head(GET, "Host: h", "X-A : b")),
    ("A header line without a colon is no 200.", head(GET, "Host: h", "nonsense")),
    ("A header with an empty name is no 200.", head(GET, "Host: h", ": v")),
    ("A header name with a space is no 200.", head(GET, "Host: h", "X A: v")),
    ("A NUL in a header is no 200.", head(GET, "Host: h", "X-A: a\0b")),
    ("A request line without a version is no 200.", head("GET /healthz", "Host: h")),
    ("A request line of a method only is no 200.", head("GET", "Host: h")),
    ("A request line with a second space is no 200.", head("GET /health z HTTP/1.1", "Host: h")),
    ("HTTP/2.0 in a request line is no 200.", head("GET /healthz HTTP/2.0", "Host: h")),
    ("HTTP/1.x in a request line is no 200.", head("GET /healthz HTTP/1.x", "Host: h")),
    ("A protocol in small letters is no 200.", head("GET /healthz http/1.1", "Host: h")),
    ("A path without a slash is no 200.", head("GET healthz HTTP/1.1", "Host: h")),
    ("A method with a control character is no 200.", head("G\x01T /healthz HTTP/1.1", "Host: h")),
    ("Bytes that are no HTTP are no 200.", b"\x00\x01\x02\xff\r\n\r\n"),
    ("A TLS greeting is no 200.", b"\x16\x03\x01\x00\x05hello\r\n\r\n"),
    ("The preface of HTTP/2 is no 200.", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("A head of two mebibytes is no 200.", head(GET, "Host: h", "X-A: " + "a" * (2 << 20))),
    ("A request line of two mebibytes is no 200.",
     head("GET /healthz?" + "a" * (2 << 20) + " HTTP/1.1", "Host: h")),
    ("Half a million headers are no 200.", head(GET, "Host: h", *["X: y"] * 500_000)),
    ("A chunk size of letters is no 200.", chunked("/echo", [(b"zz", document())])),
    ("An empty chunk size is no 200.", chunked("/echo", [(b"", document())])),
    ("A negative chunk size is no 200.", chunked("/echo", [(b"-5", document())])),
    ("A chunk size with 0x is no 200.", chunked("/echo", [(hex(SIZE).encode(), document())])),
    ("A chunk size that wraps at 64 bits is no 200.",
     chunked("/echo", [(b"1%016x" % SIZE, document())])),
    ("A chunk shorter than its data is no 200.",
     chunked("/echo", [(b"%x" % (SIZE - 1), document())])),
    ("A transfer coding that is not known is no 200.",
     chunked("/echo", [document()]).replace(b": chunked", b": gzipped")),
])
class Malformed(EchoCase):
    def check(self, raw):
        with self.service.connect(timeout=3) as wire:
            wire.send_if_open(raw)
            try:
                answer = wire.answer()
            except Cut as cut:
                self.assertNotIn("nothing more came", str(cut))
            else:
                self.assertTrue(400 <= answer.status <= 599, answer)
        self.check_serves()


@rows([(f"A length {what} and chunks are refused, or answered by the chunks alone{where}.", length, swap)
       for what, length in (("of the document", SIZE), ("too short", 5), ("of nothing", 0), ("too long", 4000))
       for where, swap in (("", False), (", with the length behind", True))])
class LengthAndChunks(EchoCase):
    """RFC 9112, 6.3: a server may refuse both together, or go by the chunks.  By the length, part of the
    chunks would be answered as a second request, or the answer would wait for bytes that never come."""

    def check(self, length, swap):
        raw = chunked("/echo", [WIDE], headers=[f"Content-Length: {length}"])
        if swap:
            before, line, after = raw.partition(b"Content-Length: %d\r\n" % length)
            raw = before + after.replace(b"chunked\r\n", b"chunked\r\n" + line, 1)
        with self.service.connect(timeout=2) as wire:
            answer = wire.send(raw).answer()
            if answer.status == 200:
                self.check_echo(answer, 9, "agent", ["one", "two"])
            else:
                self.assertEqual(answer.status, 400, answer)
            self.assertEqual(self.what_follows(wire, 0.3), b"", f"something follows {answer}")
        self.check_serves()

    @staticmethod
    def what_follows(wire, seconds):
        """All that comes until the peer closes or this time is over."""
        try:
            return wire.rest(within=seconds)
        except Cut:
            return wire.buffer
