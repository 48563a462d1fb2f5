"""The metrics page: names, types, and counts that move by exactly what was asked."""

import os
import time

import prom
import service
from case import EchoCase
from tap import rows
from wire import document, request

PROCESS = ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time_seconds",
           "process_open_fds")
ALONE = True  # counts requests
MANY = 2000


class MetricsCase(EchoCase):
    def scrape(self, wire=None):
        answer = wire.send(request("GET", "/metrics")).answer("GET") if wire else self.get("/metrics")
        self.assertEqual(answer.status, 200)
        return prom.Page(answer.body.decode("utf-8"))

    def settle(self, wanted, tell, seconds=2):
        """Scrapes until tell(page) is what is wanted: a service may count just after it answered."""
        until = time.monotonic() + seconds
        while (got := tell(self.scrape())) != wanted and time.monotonic() < until:
            time.sleep(0.02)
        self.assertEqual(got, wanted)


class Form(MetricsCase):
    def test_head(self):
        """The page is text/plain and ends with a newline."""
        answer = self.get("/metrics")
        self.assertEqual(answer.status, 200)
        self.assertTrue((answer.header("content-type") or "").startswith("text/plain"), answer)
        self.assertTrue(answer.body.endswith(b"\n"))

    def test_query(self):
        """A query string changes nothing about the page."""
        self.assertEqual(self.get("/metrics?x=1").status, 200)

    def test_not_compressed(self):
        """Without Accept-Encoding the page is not compressed."""
        self.assertIsNone(self.get("/metrics").header("content-encoding"))

    def test_types(self):
        """The families have the types counter, histogram and gauge."""
        self.post(document())
        types = self.scrape().types
        self.assertEqual(types.get("http_requests_total"), "counter")
        self.assertEqual(types.get(prom.DURATION), "histogram")
        self.assertEqual([types.get(name) for name in PROCESS], ["counter", "gauge", "gauge", "gauge"])

    def test_buckets(self):
        """The histogram has exactly the contract's buckets, cumulative; +Inf is the count."""
        self.post(document())
        self.get("/nowhere")
        histograms = self.scrape().histograms()
        self.assertTrue(histograms)
        for each in histograms:
            self.assertEqual([bound for bound, _ in each["_bucket"]], prom.BUCKETS)
            counts = [count for _, count in each["_bucket"]]
            self.assertEqual(counts, sorted(counts))
            self.assertEqual(counts[-1], each["_count"])
            self.assertGreaterEqual(each["_sum"], 0)

    def test_labels(self):
        """Whatever is asked, the labels stay in their small sets."""
        for path in ("/", "/echo/", "/ECHO", "/a/b", "/metrics/x", "/healthz2", "/echo?y", "/%20"):
            for method in ("GET", "POST", "DELETE", "BREW", "FROB"):
                self.ask(request(method, path, b"" if method == "POST" else None), method)
        for method, route, status in self.scrape().requests():
            self.assertIn(route, ("/echo", "/metrics", "/healthz", "other"))
            self.assertRegex(status, r"^[1-5]\d\d$")
            self.assertNotIn(method, ("BREW", "FROB"))

    def test_go(self):
        """The Go service shows its collector's pauses."""
        if service.NAME != "go-echo":
            self.skipTest("only for go-echo")
        page = self.scrape()
        names = {name for name, _, _ in page.samples}
        self.assertTrue(any(name.startswith("go_gc_duration_seconds") for name in names))
        self.assertTrue(any(name.startswith("go_sched_pauses_total_gc_seconds") for name in names))


@rows([
    ("A 200 of /echo is counted as that.", "POST", "/echo", document(), ("POST", "/echo", "200")),
    ("A query string does not change the route.", "POST", "/echo?x=1", document(),
     ("POST", "/echo", "200")),
    ("A 400 of /echo is counted as that.", "POST", "/echo", b"{}", ("POST", "/echo", "400")),
    ("A 405 of /echo is counted as that.", "GET", "/echo", None, ("GET", "/echo", "405")),
    ("A 404 is counted under the route other.", "GET", "/nowhere", None, ("GET", "other", "404")),
    ("A 404 of /echo/ is counted under the route other.", "POST", "/echo/", b"",
     ("POST", "other", "404")),
    ("A health check is counted as that.", "GET", "/healthz", None, ("GET", "/healthz", "200")),
    ("A HEAD is counted as a HEAD.", "HEAD", "/healthz", None, ("HEAD", "/healthz", "200")),
    ("An unknown method is counted as other.", "BREW", "/echo", None, ("other", "/echo", "405")),
    ("A method in small letters is counted as other.", "get", "/healthz", None,
     ("other", "/healthz", "405")),
    ("An unknown method at an unknown path is counted as other and other.", "BREW", "/pot", None,
     ("other", "other", "404")),
])
class Counts(MetricsCase):
    def check(self, method, path, body, key):
        before = self.scrape()
        for _ in range(3):
            self.ask(request(method, path, body), method)
        self.settle({key: 3}, lambda page: prom.moved(before, page))

    def test_413(self):
        """A 413 is counted as that."""
        before = self.scrape()
        raw = request("POST", "/echo", headers=["Content-Length: 1048577"])
        self.assertEqual(self.ask(raw).status, 413)
        self.settle({("POST", "/echo", "413"): 1}, lambda page: prom.moved(before, page))

    def test_scrapes(self):
        """Each scrape is counted once, in the page it returns or in the next."""
        time.sleep(0.2)  # the last scrape of another case may still be on its way into the books
        with self.service.connect() as wire:
            seen = [self.scrape(wire).requests().get(("GET", "/metrics", "200"), 0) for _ in range(10)]
        self.assertEqual(seen, [seen[0] + i for i in range(10)])

    def test_many(self):
        """Thousands of requests on many connections at once are counted exactly, by status."""
        before = self.scrape()
        wires = [self.service.connect() for _ in range(20)]
        pattern = [document(), b"{}", document(), None]
        for wire in wires:
            wire.send(b"".join(request("POST", "/echo", b) if b else request("GET", "/x")
                               for b in pattern) * (MANY // 80))
        for wire in wires:
            for _ in range(MANY // 20):
                wire.answer()
            wire.close()
        self.settle({("POST", "/echo", "200"): MANY / 2, ("POST", "/echo", "400"): MANY / 4,
                     ("GET", "other", "404"): MANY / 4}, lambda page: prom.moved(before, page))

    def test_histogram_counts(self):
        """The histogram's count moves by exactly the requests answered, and its sum is plausible."""
        with self.service.connect() as wire:
            self.scrape(wire)
            before, began = self.scrape(wire), time.monotonic()
            for number in range(100):
                wire.send(request("POST", "/echo", document())).answer()
            after, took = self.scrape(wire), time.monotonic() - began
        old, new = before.durations(), after.durations()
        self.assertEqual(new[0] - old[0], 101, "100 requests and one scrape")
        self.assertTrue(0 < new[1] - old[1] < took, f"sum {new[1] - old[1]}, elapsed {took}")

    def test_histogram_agrees(self):
        """The histogram's count and the sum of http_requests_total agree, whatever was answered."""
        too_long = request("POST", "/echo", headers=["Content-Length: 1048577"])
        for raw in (request("POST", "/echo", document()), request("POST", "/echo", b"{"), too_long,
                    request("GET", "/nowhere"), request("GET", "/echo"), request("GET", "/healthz")):
            for _ in range(4):
                self.ask(raw)
        self.settle(True, lambda page: abs(page.durations()[0] - sum(page.requests().values())) <= 1)

    def test_nothing(self):
        """Nothing asked is nothing counted."""
        before = self.scrape()
        with self.service.connect():
            time.sleep(0.05)
        self.assertEqual(prom.moved(before, self.scrape()), {})


class Process(MetricsCase):
    def test_start_time(self):
        """process_start_time_seconds is when it was started."""
        self.assertAlmostEqual(self.scrape().one("process_start_time_seconds"), self.service.started,
                               delta=3)

    def test_resident_memory(self):
        """process_resident_memory_bytes is what the system says, within a factor of two."""
        with open(f"/proc/{self.service.process.pid}/statm") as file:
            real = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        shown = self.scrape().one("process_resident_memory_bytes")
        self.assertTrue(real / 2 < shown < real * 2, f"shown {shown}, real {real}")

    def cpu_seconds(self):
        with open(f"/proc/{self.service.process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_cpu(self):
        """process_cpu_seconds_total grows with work and is what the system says."""
        first = self.scrape().one("process_cpu_seconds_total")
        until = time.monotonic() + 10
        raw = request("POST", "/echo", document(metadata='["' + "m" * 500_000 + '"]'))
        with self.service.connect() as wire:
            while self.cpu_seconds() - first < 0.1 and time.monotonic() < until:
                wire.send(raw).answer()
        shown, real = self.scrape().one("process_cpu_seconds_total"), self.cpu_seconds()
        self.assertGreater(shown, first)
        self.assertAlmostEqual(shown, real, delta=0.1)

    def test_open_fds(self):
        """process_open_fds is what the system says, and it follows the connections."""
        base = self.scrape().one("process_open_fds")
        self.assertAlmostEqual(base, self.service.open_fds(), delta=4)
        wires = [self.service.connect() for _ in range(30)]
        for wire in wires:
            wire.send(request("GET", "/healthz")).answer("GET")
        self.assertAlmostEqual(self.scrape().one("process_open_fds"), base + 30, delta=3)
        for wire in wires:
            wire.close()
        self.settle(True, lambda page: abs(page.one("process_open_fds") - base) <= 3)
