"""dragstrip load: where requests go: https, Unix sockets, several addresses, --resolve."""

import ssl

import tool
from more_servers import EverywhereServer, TlsServer, UnixServer, make_certificate
from raw_server import GOOD, OK_LINE, EdgeCase
from case import CommandCase
from tap import rows

URL = "http://127.0.0.1:9/"
SECURE = "https://127.0.0.1:9/"
CLOSING = OK_LINE + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi"


@rows([
    ("A CA file with http is refused.", [URL, "--cacert", "ca.pem"], ["CA file", "https"]),
    ("--insecure with http is refused.", [URL, "-k"], ["--insecure", "https"]),
    ("A CA file and --insecure together are refused.", [SECURE, "--cacert", "a.pem", "-k"], ["exclude"]),
    ("A CA file that is missing is refused and named.", [SECURE, "--cacert", "none.pem"], ["none.pem"]),
    ("A --resolve that is none is refused with an example.", [URL, "--resolve", "a:80"],
     ["'a:80'", "HOST:PORT:ADDRESS"]),
    ("A path of a Unix socket that is too long is refused with the limit.",
     [f"http://unix:/{'x' * 120}:/"], ["107 bytes"]),
    ("https over a Unix socket is refused.", ["https://unix:/tmp/a.sock:/"], ["Unix socket"]),
    ("A user name in the URL is refused.", ["http://me:secret@127.0.0.1/"], ["not a URL"]),
    ("A space in the URL is refused.", ["http://127.0.0.1/a b"], ["not a URL"]),
])
class Refusals(CommandCase):
    def check(self, arguments, words):
        self.check_refused(self.run_tool("load", *arguments, "-r", "9"), *words)


class Places(EdgeCase):
    def load_url(self, url, *options, code=(0, 5)):
        run = self.run_tool("load", url, "-r", "200", "-d", "100ms", "-w", "0s", "-a", "constant", "-c", "4",
                            "--json", self.path("a.json"), *options)
        self.check_end(run, code)
        return tool.json.loads(tool.read(self.path("a.json")))

    def test_unix_socket(self):
        """A Unix socket is loaded, with localhost as Host and the path behind the socket's."""
        server = UnixServer(self.path("s.sock"), [GOOD])
        self.addCleanup(server.stop)
        result = self.load_url(f"http://unix:{self.path('s.sock')}:/some/path?a=b")
        self.check_counts(result["counts"])
        request = server.connections[0].requests[0]
        self.assertTrue(request.startswith(b"GET /some/path?a=b HTTP/1.1\r\n"), request)
        self.assertIn(b"\r\nHost: localhost\r\n", request)

    def test_unix_socket_missing(self):
        """A Unix socket that is not there: which one, and a hint."""
        run = self.run_tool("load", f"http://unix:{self.path('none.sock')}:/", "-r", "9")
        self.check_end(run, 1, "none.sock", "No such file")

    def test_several_addresses(self):
        """Connections are dealt out over the addresses of --resolve, evenly; the Host is the URL's."""
        server = EverywhereServer([GOOD])
        self.addCleanup(server.stop)
        self.load_url(f"http://api.example:{server.port}/", "-c", "6", "--resolve",
                      f"api.example:{server.port}:127.0.0.1,127.0.0.2,127.0.0.3")
        self.assertEqual(sorted(server.addresses), sorted(["127.0.0.1", "127.0.0.2", "127.0.0.3"] * 2))
        self.assertIn(f"Host: api.example:{server.port}".encode(), server.connections[0].requests[0])

    def test_one_family(self):
        """localhost is loaded where only IPv4 is served, whatever it resolves to first."""
        server = self.serve_raw([GOOD])
        self.check_counts(self.load_url(f"http://localhost:{server.port}/")["counts"])

    def test_one_address_is_down(self):
        """An address that refuses connections at the start is named."""
        server = self.serve_raw([GOOD])
        run = self.run_tool("load", f"http://a.example:{server.port}/", "-r", "9", "-c", "4", "--resolve",
                            f"a.example:{server.port}:127.0.0.1,127.0.0.9")
        self.check_end(run, 1, f"127.0.0.9:{server.port}", "refused")


class Secure(EdgeCase):
    def setUp(self):
        super().setUp()
        self.certificate = make_certificate(self.folder)
        if not self.certificate:
            self.skipTest("openssl is not installed")

    def serve_tls(self, script, **how):
        server = TlsServer(script, self.certificate, **how)
        self.addCleanup(server.stop)
        return server

    def load_tls(self, server, *options, name="localhost", code=(0, 5)):
        run = self.run_tool("load", f"https://{name}:{server.port}/", "-r", "200", "-d", "200ms", "-w", "0s",
                            "-a", "constant", "-c", "2", "--json", "-", *options)
        self.check_end(run, code)
        return tool.json.loads(run.out)

    def test_good(self):
        """https with a CA file: the name is sent, http/1.1 agreed on, version and handshakes told."""
        server = self.serve_tls([GOOD])
        result = self.load_tls(server, "--cacert", self.certificate[0])
        self.check_counts(result["counts"])
        self.assertEqual(server.names, ["localhost"] * 2)
        self.assertEqual(server.protocols, ["http/1.1"] * 2)
        self.assertRegex(result["tls"]["version"], r"^TLSv1\.3 ")
        self.assertEqual(result["tls"]["handshakes"], 2)

    def test_address(self):
        """An address is verified against the certificate's, and not sent as a name."""
        server = self.serve_tls([GOOD])
        self.check_counts(self.load_tls(server, "--cacert", self.certificate[0], name="127.0.0.1")["counts"])
        self.assertEqual(server.names, [None] * 2)

    def test_tls12(self):
        """A server that speaks TLS 1.2 only."""
        server = self.serve_tls([GOOD], newest=ssl.TLSVersion.TLSv1_2)
        result = self.load_tls(server, "--cacert", self.certificate[0])
        self.check_counts(result["counts"])
        self.assertRegex(result["tls"]["version"], r"^TLSv1\.2 ")

    def check_resumed(self, **how):
        server = self.serve_tls([CLOSING], **how)
        result = self.load_tls(server, "--cacert", self.certificate[0])
        self.check_counts(result["counts"])
        self.assertGreater(result["counts"]["reconnects"], 20)
        self.assertGreater(sum(server.resumed), 20)
        self.assertEqual(result["tls"]["resumed"], sum(server.resumed[:result["tls"]["handshakes"]]))

    def test_resumed(self):
        """Sessions are taken up again when connections are replaced, and counted."""
        self.check_resumed()

    def test_resumed_tls12(self):
        """The same in TLS 1.2."""
        self.check_resumed(newest=ssl.TLSVersion.TLSv1_2)

    def test_untrusted(self):
        """A certificate of nobody known: why, and the two remedies; nothing is sent."""
        server = self.serve_tls([GOOD])
        run = self.run_tool("load", f"https://localhost:{server.port}/", "-r", "9")
        self.check_end(run, 1, "certificate", "self-signed", "--cacert", "--insecure")
        self.assertEqual(server.requests, [])

    def test_insecure(self):
        """--insecure takes any certificate."""
        self.check_counts(self.load_tls(self.serve_tls([GOOD]), "-k")["counts"])

    def test_wrong_name(self):
        """A certificate of another name is not accepted."""
        server = self.serve_tls([GOOD])
        run = self.run_tool("load", f"https://other.example:{server.port}/", "-r", "9", "--cacert",
                            self.certificate[0], "--resolve", f"other.example:{server.port}:127.0.0.1")
        self.check_end(run, 1, "certificate", "ostname mismatch")

    def test_no_tls_there(self):
        """https to a server of plain HTTP fails with a hint, before any load."""
        server = self.serve_raw([b"HTTP/1.1 400 Bad Request\r\n\r\n"], find_end=lambda data: (data, len(data)))
        run = self.run_tool("load", f"https://127.0.0.1:{server.port}/", "-r", "9", "-k", "--timeout", "1s")
        self.check_end(run, 1, "TLS", "https")

    def test_race(self):
        """A race of two https services, probes and all."""
        server = self.serve_tls([GOOD])
        url = f"https://localhost:{server.port}/"
        plan = {"services": {name: {"url": url, "ready": "/"} for name in "ab"},
                "load": {"rate": 200, "connections": 2, "duration": "300ms", "warmup": "0s", "ca": "cert.pem"},
                "design": {"blocks": 1}, "limits": {"steal": "100%", "others": "100%"}}
        tool.write(self.path("plan.yaml"), tool.plan_text(plan))
        run = self.run_tool("race", "plan.yaml", "-o", "out")
        self.check_end(run, (0, 5))
        trials = tool.json.loads(tool.read(self.path("out", "result.json")))["cells"][0]["trials"]
        self.assertEqual({trial["service"] for trial in trials}, {"a", "b"})
        for trial in trials:  # one that a late generator spoilt is there twice
            self.assertGreater(trial["load"]["counts"]["ok"], 30)
