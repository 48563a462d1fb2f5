"""What the C service says beyond the contract: a status for each reason why a request is not served
(RFC 9110 15.5 and 15.6, RFC 9112).  Run for c-echo alone; the contract leaves these open."""

import os
import re
import time
import unittest

import test_corpus
from case import EchoCase
from tap import rows
from wire import document, request

HEAD = b"POST /echo HTTP/1.1\r\nHost: a\r\n"
CHUNKS = b"2\r\n{}\r\n0\r\n\r\n"
TARGET_MAX = 8192


def target(size):
    return b"GET /" + b"a" * (size - 1) + b" HTTP/1.1\r\nHost: a\r\n\r\n"


@rows([
    ("HTTP/2.0 is another protocol.", b"GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    ("So is HTTP/0.9.", b"GET /healthz HTTP/0.9\r\nHost: a\r\n\r\n", 505),
    ("The preface of HTTP/2.", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("A version that is none.", b"GET /healthz HTTP/one\r\nHost: a\r\n\r\n", 400),
    ("A coding under the chunks.", HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKS, 501),
    ("The same in two fields.", HEAD + b"Transfer-Encoding: br\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS, 501),
    ("A coding that has no end.", HEAD + b"Transfer-Encoding: gzip\r\n\r\n" + CHUNKS, 400),
    ("Chunks under a coding.", HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n" + CHUNKS, 400),
    ("Chunks twice.", HEAD + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + CHUNKS, 400),
    ("Chunks with a parameter.", HEAD + b"Transfer-Encoding: chunked;q=1\r\n\r\n" + CHUNKS, 400),
    ("A coding and a length.", HEAD + b"Transfer-Encoding: gzip, chunked\r\nContent-Length: 2\r\n\r\n{}", 400),
    ("An expectation that is unknown.", HEAD + b"Expect: gold\r\nContent-Length: 2\r\n\r\n{}", 417),
    ("An unknown one beside the known.", HEAD + b"Expect: 100-continue, gold\r\nContent-Length: 2\r\n\r\n{}", 417),
    ("A target of more than 8192 bytes.", target(TARGET_MAX + 1), 414),
    ("A request line without an end.", b"GET /" + b"a" * 9000, 414),
    ("A first line that is nothing at all, without an end.", b"x" * 70000, 414),
])
class Refusals(EchoCase):
    def check(self, raw, status):
        """The status, why in JSON, that the connection closes; and then it does."""
        with self.service.connect(timeout=3) as wire:
            wire.send_if_open(raw)
            answer = wire.answer()
            self.check_error(answer, status)
            self.assertTrue(answer.says_close(), answer)
            self.assertEqual(wire.rest(within=3), b"")
        page = self.get("/metrics").body.decode()
        self.assertRegex(page, rf'http_requests_total{{[^}}]*status="{status}"}} [1-9]')


@rows([
    ("HTTP/1.2 is read as HTTP/1.1.", request("GET", "/healthz").replace(b"HTTP/1.1", b"HTTP/1.2"), 200),
    ("So is HTTP/1.9.", request("GET", "/healthz").replace(b"HTTP/1.1", b"HTTP/1.9"), 200),
    ("HTTP/1.0 expects nothing.", b"GET /healthz HTTP/1.0\r\nExpect: gold\r\n\r\n", 200),
    ("A target of 8192 bytes is looked for.", target(TARGET_MAX), 404),
    ("A document without a length needs one, and the connection goes on.", HEAD + b"\r\n", 411),
    ("A document of length 0 is bad JSON.", HEAD + b"Content-Length: 0\r\n\r\n", 400),
])
class Served(EchoCase):
    def check(self, raw, status):
        with self.service.connect(timeout=3) as wire:
            answer = wire.send(raw).answer("GET")
            self.assertEqual(answer.status, status, answer)
            if not answer.says_close() and b"HTTP/1.0" not in raw:
                self.check_echo(wire.send(request("POST", "/echo", document())).answer())


@rows([
    ("A chunk that is bad behind the head of a HEAD request.", 400, b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
    ("A body that is too large.", 413, b"Content-Length: 9999999\r\n\r\n"),
    ("A body that does not come.", 408, b"Content-Length: 9\r\n\r\n{"),
])
class RefusedHead(EchoCase):
    def check(self, status, rest):
        """The refusal has a length and no body (RFC 9110 9.3.2), and the connection ends."""
        with self.service.connect(timeout=10) as wire:
            wire.send(b"HEAD /echo HTTP/1.1\r\nHost: a\r\n" + rest)
            answer = wire.answer("HEAD")
            self.assertEqual((answer.status, answer.says_close()), (status, True), answer)
            self.assertGreater(int(answer.header("content-length")), 0)
            self.assertEqual(wire.rest(within=3), b"")


class Server(EchoCase):
    def test_options(self):
        """OPTIONS * says what the server can, in no bytes (RFC 9110 9.3.7); the connection goes on."""
        with self.service.connect(timeout=3) as wire:
            answer = wire.send(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").answer("OPTIONS")
            self.assertEqual((answer.status, answer.body), (200, b""), answer)
            self.assertEqual(answer.header("content-length"), "0")
            self.assertEqual(answer.header("allow"), "GET, HEAD, POST, OPTIONS")
            self.check_echo(wire.send(request("POST", "/echo", document())).answer())

    def test_star_of_others(self):
        """No other method may ask it."""
        self.check_error(self.ask(b"GET * HTTP/1.1\r\nHost: a\r\n\r\n"), 400)


@rows([
    ("A byte that begins nothing.", b"?", 0),
    ("A document that ends too soon.", b'{"id":1', 7),
    ("A name without quotes.", b'{"id":1,x', 8),
    ("A colon that is missing.", b'{"id" 1}', 6),
    ("A number with a letter behind it.", b'{"id":12x}', 8),
    ("A string's control character.", b'{"user_agent":"abc\x01"}', 18),
    ("A string's bad escape.", b'{"user_agent":"ab\\x"}', 17),
    ("A lone surrogate.", b'{"user_agent":"\\ud800x"}', 15),
    ("Half a character of UTF-8.", b'{"user_agent":"a\xc3"}', 16),
    ("An element that is no string.", b'{"metadata":["a",2]}', 17),
    ("The same far from the start.", b'{"metadata":["' + b'a","' * 1000 + b'",,"a"]}', 14 + 4000 + 2),
    ("A member that is there twice.", b'{"id":1,"id":2}', 8),
    ("A member that is not there.", b'{"id":1,"user_agent":"u"}', 24),
    ("Text behind the document.", document() + b" x", len(document()) + 1),
    ("An unknown member's bad value.", b'{"x":[1,{"y":tru}]}', 13),
])
class Positions(EchoCase):
    def check(self, body, at):
        """The refusal says at which byte."""
        answer = self.post(body)
        self.check_error(answer)
        self.assertRegex(answer.json()["error"], rf"at byte {at}\b")


@unittest.skipUnless(os.path.isdir(test_corpus.FOLDER), "no JSONTestSuite: set DRAGSTRIP_CORPORA to the folder above it")
class CorpusPositions(EchoCase):
    def test_all(self):
        """Whatever text of the corpus is refused, the refusal names a byte of the body or its end."""
        for name, text in test_corpus.texts("n"):
            for body in (text, *test_corpus.as_value(text), test_corpus.as_element(text)):
                with self.subTest(name):
                    found = re.search(r"at byte (\d+)", self.post(body).json()["error"])
                    self.assertTrue(found)
                    self.assertLessEqual(int(found[1]), len(body))


class TimeOut(EchoCase):
    def test_408(self):
        """Who had begun a request is told why it ends; who had not is not."""
        with self.service.connect(timeout=10) as begun, self.service.connect(timeout=10) as idle:
            began = time.monotonic()
            begun.send(HEAD + b"Content-Length: 9\r\n\r\n{")
            answer = begun.answer()
            self.check_error(answer, 408)
            self.assertTrue(answer.says_close(), answer)
            self.assertGreater(time.monotonic() - began, 4)
            self.assertEqual(begun.rest(within=3), b"")
            idle.send(request("GET", "/healthz"))
            self.assertEqual(idle.answer("GET").status, 200)


@unittest.skipUnless(os.path.isdir(test_corpus.FOLDER), "no JSONTestSuite: set DRAGSTRIP_CORPORA to the folder above it")
class Undecided(EchoCase):
    def test_as_the_table_says(self):
        """What RFC 8259 leaves to the reader is decided as docs/JSON.md says, text by text, wherever it stands."""
        with open(os.path.join(test_corpus.HERE, "../../docs/JSON.md"), encoding="utf-8") as file:
            told = dict(re.findall(r"^\| `(\S+)` \| (accepted|refused) \|", file.read(), re.M))
        found = {}
        for name, text in test_corpus.texts("i"):
            statuses = {self.post(body).status for body in test_corpus.as_value(text)}
            found[name] = {(200,): "accepted", (400,): "refused"}.get(tuple(statuses), statuses)
        self.assertEqual(found, told)
