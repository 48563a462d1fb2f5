"""Paths, methods, query strings and headers: who answers what."""

from case import EchoCase
from tap import rows
from wire import document, request


@rows([(f"{method} {path} is 404.", method, path) for method, path in (
    ("GET", "/"), ("POST", "/"), ("POST", "/echo/"), ("POST", "/Echo"), ("POST", "/ECHO"),
    ("POST", "/echo/x"), ("POST", "/echoes"), ("POST", "/ech"), ("GET", "/metrics/"), ("GET", "/Metrics"),
    ("GET", "/healthz/"), ("GET", "/health"), ("GET", "/healthzz"), ("GET", "/favicon.ico"),
    ("DELETE", "/nowhere"), ("HEAD", "/nowhere"), ("BREW", "/nowhere"), ("GET", "/nowhere?x=/healthz"),
    ("GET", "//healthz"), ("GET", "/x/../healthz"), ("GET", "/./healthz"), ("GET", "/healthz%2f"),
    ("GET", "/" + "a" * 3000))])
class Unknown(EchoCase):
    def check(self, method, path):
        body = document() if method == "POST" else None
        self.assertEqual(self.ask(request(method, path, body), method).status, 404)


@rows([(f"{method} {path} is 405 and Allow names {must}.", method, path, must)
       for path, must, methods in (
           ("/echo", "POST", "GET HEAD PUT DELETE PATCH OPTIONS BREW post"),
           ("/echo?x=1", "POST", "GET"),
           ("/metrics", "GET", "POST PUT DELETE BREW get"),
           ("/healthz", "GET", "POST PUT DELETE BREW get"))
       for method in methods.split()])
class WrongMethod(EchoCase):
    def check(self, method, path, must):
        body = document() if method in ("POST", "PUT", "PATCH") else None
        answer = self.ask(request(method, path, body), method)
        self.assertEqual(answer.status, 405, answer)
        allowed = {word.strip() for word in (answer.header("allow") or "").split(",")}
        self.assertIn(must, allowed)
        self.assertLessEqual(allowed, {must, "OPTIONS"} | ({"HEAD"} if must == "GET" else set()))


@rows([(f"POST {path} is answered: the query string is ignored.", path) for path in (
    "/echo?", "/echo?x=1", "/echo?x=1&x=2", "/echo?/healthz", "/echo??", "/echo?%zz",
    "/echo?" + "q" * 2000)])
class Query(EchoCase):
    def check(self, path):
        self.check_echo(self.ask(request("POST", path, document())))


@rows([
    ("The request's Content-Type is not checked: text/plain.", ["Content-Type: text/plain"]),
    ("The request's Content-Type is not checked: a form.",
     ["Content-Type: application/x-www-form-urlencoded"]),
    ("The request's Content-Type is not checked: nonsense.", ["Content-Type: ;;"]),
    ("Header names have no case.", ["cOnTeNt-TyPe: application/json"]),
    ("A header without a value is accepted.", ["X-Empty:"]),
    ("A header without a space after the colon is accepted.", ["X-Tight:value"]),
    ("White space around a header's value is accepted.", ["X-Wide: \t value \t "]),
    ("Bytes above 127 in a header are accepted.", ["X-Bytes: \xe9\xff"]),
    ("A header of 4000 bytes is accepted.", ["X-Long: " + "v" * 4000]),
    ("Fifty headers are accepted.", [f"X-{i}: {i}" for i in range(50)]),
])
class Headers(EchoCase):
    def check(self, headers):
        self.check_echo(self.ask(request("POST", "/echo", document(), headers)))


class Health(EchoCase):
    def test_get(self):
        """GET /healthz is 200 with the body ok."""
        answer = self.get("/healthz")
        self.assertEqual((answer.status, answer.body.strip()), (200, b"ok"))

    def test_query(self):
        """GET /healthz?verbose is 200 too."""
        self.assertEqual(self.get("/healthz?verbose").status, 200)

    def test_head(self):
        """HEAD /healthz is 200 without a body: the next answer follows at once."""
        with self.service.connect() as wire:
            wire.send(request("HEAD", "/healthz") + request("GET", "/healthz"))
            self.assertEqual(wire.answer("HEAD").status, 200)
            self.assertEqual(wire.answer("GET").body.strip(), b"ok")

    def test_head_of_metrics(self):
        """HEAD /metrics is 200 without a body, or 405 whose Allow does not name HEAD."""
        answer = self.ask(request("HEAD", "/metrics"), "HEAD")
        if answer.status != 200:
            self.assertEqual(answer.status, 405)
            self.assertNotIn("HEAD", answer.header("allow"))

    def test_head_of_unknown(self):
        """HEAD of an unknown path or of /echo has no body: the next answer follows at once."""
        for path, status in (("/nowhere", 404), ("/echo", 405)):
            with self.service.connect() as wire:
                wire.send(request("HEAD", path) + request("GET", "/healthz"))
                self.assertEqual(wire.answer("HEAD").status, status)
                self.assertEqual(wire.answer("GET").status, 200)


class Refused(EchoCase):
    def test_body_of_a_refused_request(self):
        """The body of a refused request is never taken for the next request."""
        inner = request("POST", "/echo", document("666"))
        for method, path, status in (("POST", "/nowhere", 404), ("PUT", "/echo", 405),
                                     ("POST", "/healthz", 405), ("POST", "/echo", 400)):
            with self.subTest(f"{method} {path}"), self.service.connect() as wire:
                wire.send(request(method, path, inner) + request("GET", "/healthz"))
                self.assertEqual(wire.answer().status, status)
                try:
                    after = wire.answer("GET")
                except AssertionError:
                    continue
                self.assertEqual(after.body.strip(), b"ok")

    def test_no_body(self):
        """A POST with neither a length nor chunks has no body: 400 or 411."""
        self.assertIn(self.ask(request("POST", "/echo")).status, (400, 411))

    def test_connection_after_bad_json(self):
        """A connection goes on after a 400 for its JSON, or the 400 says that it closes."""
        with self.service.connect() as wire:
            for _ in range(5):
                answer = wire.send(request("POST", "/echo", b"{]")).answer()
                self.check_error(answer)
                if answer.says_close():
                    wire.rest(within=1)
                    return
            self.check_echo(wire.send(request("POST", "/echo", document())).answer())
