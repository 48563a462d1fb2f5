"""The limit of a body, one mebibyte, and Expect: 100-continue."""

import json
import time

from case import EchoCase
from tap import rows
from wire import Cut, chunked, document, document_of, request

LIMIT = 1 << 20


def head_of(length, *more):
    return request("POST", "/echo", headers=[f"Content-Length: {length}", *more])


class AtTheLimit(EchoCase):
    def test_with_length(self):
        """A document of exactly one mebibyte is answered."""
        body = document_of(LIMIT)
        self.assertEqual(len(body), LIMIT)
        self.check_echo(self.post(body), user_agent=json.loads(body)["user_agent"])

    def test_chunked(self):
        """A document of exactly one mebibyte in chunks is answered, also with long extensions."""
        body = document_of(LIMIT)
        pieces = [body[i:i + 60_000] for i in range(0, LIMIT, 60_000)]
        self.assertEqual(self.ask(chunked("/echo", pieces)).status, 200)
        pieces = [(b"%x;extension=abcdefghijklmnopqrstuvwxyz" % len(p), p) for p in pieces]
        self.assertEqual(self.ask(chunked("/echo", pieces)).status, 200)

    def test_many_strings(self):
        """A mebibyte of short strings is answered."""
        text = "[" + ",".join(['"a"'] * 250_000) + "]"
        self.check_echo(self.post(document(metadata=text)), metadata=["a"] * 250_000)

    def test_bad_json(self):
        """A mebibyte that is no document is 400 and not 413."""
        self.check_error(self.post(b" " * LIMIT))

    def test_again_and_again(self):
        """Twenty large documents on one connection are answered."""
        raw = request("POST", "/echo", document_of(LIMIT))
        with self.service.connect() as wire:
            for _ in range(20):
                self.assertEqual(wire.send(raw).answer().status, 200)


@rows([
    ("A length of one byte more than a mebibyte is 413 before the body.", LIMIT + 1),
    ("A length of two mebibytes is 413 before the body.", 2 * LIMIT),
    ("A length just above 32 bits is 413 before the body.", 2 ** 32 + 10),
    ("A length of 63 bits is 413 before the body.", 2 ** 63 - 1),
])
class TooLong(EchoCase):
    def check(self, length):
        with self.service.connect(timeout=2) as wire:
            began = time.monotonic()
            answer = wire.send(head_of(length)).answer()
            self.assertEqual(answer.status, 413, answer)
            self.assertLess(time.monotonic() - began, 1)
        self.check_serves()


class TooMuch(EchoCase):
    def refused(self, raw):
        """413, or a reset that overtook it: the peer stops reading while bytes still come."""
        with self.service.connect() as wire:
            wire.send_if_open(raw)
            try:
                self.assertEqual(wire.answer().status, 413)
            except Cut as cut:
                self.assertIn("closed", str(cut))
        self.check_serves()

    def test_body_sent_at_once(self):
        """A body too large that is sent with its head is 413 or cut."""
        self.refused(request("POST", "/echo", document_of(LIMIT + 1)))

    def test_far_too_much(self):
        """Sixteen mebibytes are 413 or cut, and hold up nothing."""
        self.refused(request("POST", "/echo", b" " * (16 * LIMIT)))

    def test_chunked_over_the_limit(self):
        """A chunked body is 413 when it passes the limit, before it ends."""
        with self.service.connect() as wire:
            piece = b"10000\r\n" + b" " * 65536 + b"\r\n"
            wire.send(chunked("/echo", [], last=b"") + piece * 15)
            with self.assertRaises(Cut):
                wire.socket.settimeout(0.3)
                wire.answer()
            wire.socket.settimeout(2)
            wire.send_if_open(piece + b"1\r\n \r\n")
            self.assertEqual(wire.answer().status, 413)
        self.check_serves()

    def test_one_large_chunk(self):
        """One chunk of more than a mebibyte is 413 or cut."""
        self.refused(chunked("/echo", [document_of(LIMIT + 1)]))

    def test_many_small_chunks(self):
        """A chunked body in small pieces is 413 or cut at the same limit."""
        self.refused(chunked("/echo", [b" " * 1000] * 1100))

    def test_endless_extension(self):
        """Chunk extensions without end are refused or cut, not collected."""
        with self.service.connect() as wire:
            wire.send_if_open(chunked("/echo", [], last=b"1;" + b"e" * (8 << 20) + b"\r\n \r\n0\r\n\r\n"))
            try:
                self.assertGreaterEqual(wire.answer().status, 400)
            except Cut as cut:
                self.assertIn("closed", str(cut))
        self.check_serves()

    def test_body_is_not_a_request(self):
        """What follows a 413 is not taken for a request."""
        inner = request("POST", "/echo", document("666"))
        with self.service.connect(timeout=2) as wire:
            wire.send(head_of(LIMIT + len(inner)) + inner)
            self.assertEqual(wire.answer().status, 413)
            try:
                after = wire.rest(within=1)
            except Cut as cut:
                after = str(cut).encode()
            self.assertNotIn(b"666", after)
            self.assertNotIn(b"HTTP/1.1 200", after)


class Expect(EchoCase):
    def check_continue(self, word, raw, at):
        raw = raw.replace(b"Host", b"Expect: " + word + b"\r\nHost", 1)
        at = raw.index(b"\r\n\r\n") + 4 + at
        with self.service.connect(timeout=2) as wire:
            wire.send(raw[:at])
            self.assertEqual(wire.interim(), 100)
            time.sleep(0.05)
            answer = wire.send(raw[at:]).answer()
            self.check_echo(answer)
            self.assertEqual(answer.interim, [])
            self.check_echo(wire.send(request("POST", "/echo", document())).answer())

    def test_continue(self):
        """Expect: 100-continue is answered 100, then 200, and the connection goes on."""
        self.check_continue(b"100-continue", request("POST", "/echo", document()), 0)

    def test_without_case(self):
        """The expectation has no case."""
        self.check_continue(b"100-Continue", request("POST", "/echo", document()), 0)

    def test_chunked(self):
        """Expect: 100-continue is answered 100 for a chunked request too."""
        self.check_continue(b"100-continue", chunked("/echo", [document()]), 0)

    def test_at_the_limit(self):
        """A mebibyte may be announced: 100, then 200."""
        with self.service.connect(timeout=2) as wire:
            self.assertEqual(wire.send(head_of(LIMIT, "Expect: 100-continue")).interim(), 100)
            self.assertEqual(wire.send(document_of(LIMIT)).answer().status, 200)

    def test_body_not_awaited(self):
        """A client that sends its body without waiting for the 100 is answered."""
        raw = request("POST", "/echo", document(), ["Expect: 100-continue"])
        with self.service.connect(timeout=2) as wire:
            answer = wire.send(raw + request("GET", "/healthz")).answer()
            self.check_echo(answer)
            self.assertIn(answer.interim, ([], [100]))
            self.assertEqual(wire.answer("GET").status, 200)

    def test_too_large(self):
        """Expect: 100-continue with a length too large is 413 and no 100."""
        with self.service.connect(timeout=2) as wire:
            answer = wire.send(head_of(LIMIT + 1, "Expect: 100-continue")).answer()
            self.assertEqual((answer.status, answer.interim), (413, []))

    def test_unexpected(self):
        """Without Expect there is no 100."""
        raw = request("POST", "/echo", document())
        with self.service.connect(timeout=2) as wire:
            wire.send(raw[:-3])
            time.sleep(0.2)
            self.assertEqual(wire.send(raw[-3:]).answer().interim, [])
