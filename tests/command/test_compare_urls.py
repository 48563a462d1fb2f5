"""dragstrip compare URL: running services beside each other by their metrics pages, and what is no such page."""

import itertools
import json
import os
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import tool
from case import CommandCase
from more_servers import TlsServer, make_certificate
from tap import rows

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
HISTOGRAM = "http_request_duration_seconds"
BOUNDS = (0.001, 0.01, 0.1)


class Pages:
    """A service on a port of its own whose n-th scrape gets the n-th page, the last one again and again.

    A page is a text, or (status, fields, bytes), or a function that is given the request's handler."""

    def __init__(self, pages, media_type=TEXT):
        pages = iter(pages if isinstance(pages, (list, tuple)) else itertools.chain(pages))
        self.last, self.requests, self.lock = None, [], threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                with outer.lock:
                    outer.requests.append(self)
                    outer.last = page = next(pages, outer.last)
                if callable(page):
                    page(self)
                    return
                status, fields, body = page if isinstance(page, tuple) else (
                    200, {"Content-Type": media_type}, page.encode())
                self.send_response(status)
                for name, value in {"Content-Length": len(body), **fields}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.port = tool.free_port()
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # whoever is too long is hung up on
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    @property
    def url(self):
        return tool.url_of(self.port, "/metrics")

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(tool.END_S)


def histogram(counts, total, labels=""):
    """Cumulative counts of BOUNDS and of +Inf, and the sum of all durations."""
    lines = [f'{HISTOGRAM}_bucket{{{labels}le="{bound}"}} {count}' for bound, count in zip((*BOUNDS, "+Inf"), counts)]
    labels = f"{{{labels.rstrip(',')}}}" if labels else ""
    return "\n".join([*lines, f"{HISTOGRAM}_sum{labels} {total}", f"{HISTOGRAM}_count{labels} {counts[-1]}", ""])


def page(requests, cpu=0.0, start=1000, errors=0, labels=""):
    """Half of the requests take up to 1 ms, the others up to 10 ms."""
    return (f"# TYPE {HISTOGRAM} histogram\n" + histogram((requests // 2, requests, requests, requests), requests * .003,
                                                         labels)
            + f'http_requests_total{{status="200"}} {requests - errors}\n'
              f'http_requests_total{{status="500"}} {errors}\n'
              f"process_cpu_seconds_total {cpu}\nprocess_start_time_seconds {start}\n"
              f"process_resident_memory_bytes 1048576\nprocess_open_fds 9\n")


def growing(step, cpu=0.01):
    return (page(100 + i * step, 1 + i * cpu, errors=i * step // 10) for i in itertools.count())


class UrlCase(CommandCase):
    def serve_pages(self, pages, media_type=TEXT):
        server = Pages(pages, media_type)
        self.addCleanup(server.stop)
        return server

    def compare(self, *arguments, code=0, words=(), seconds=tool.END_S):
        run = self.run_tool("compare", *arguments, seconds=seconds)
        self.check_end(run, code, *words)
        return run

    def observe(self, servers, *options, code=0):
        """The JSON document of a comparison of these services."""
        urls = [server.url for server in servers]
        result = json.loads(self.compare(*urls, "--json", "-", "--window", "200ms", *options, code=code).out)
        self.assertEqual(result["schema"], "dragstrip.observed/1")
        self.assertEqual([service["url"] for service in result["services"]], urls)
        return result["services"]


class Running(UrlCase):
    def test_two(self):
        """Two services side by side: names, figures, the ratio, where they are from, and a doubt."""
        one, two = self.serve_pages(growing(100)), self.serve_pages(growing(200))
        text = self.compare(one.url, two.url, "-w", "300ms").out
        for words in (f"127.0.0.1:{one.port}", f"127.0.0.1:{two.port}", "p99", "answers 5xx", "CPU a request", "memory",
                      "1.00 MiB", "not judged", f"duration {HISTOGRAM}", "Each service had the load"):
            self.assertIn(words, " ".join(text.split()))
        self.assertNotIn("GC", text)
        self.assertEqual([len(one.requests), len(two.requests)], [2, 2])

    def test_figures(self):
        """The figures of one window, by hand."""
        service, = self.observe([self.serve_pages([page(100, 1), page(300, 3, errors=20)])])
        window, = service["windows"]
        self.assertEqual(window["requests"], 200)
        self.assertEqual(window["reset"], False)
        self.assertEqual(window["notes"], [])
        self.assertAlmostEqual(window["error_share"], .1)
        self.assertAlmostEqual(window["mean_s"], .003)
        self.assertAlmostEqual(window["cpu_us_per_request"], 10000, 1)
        self.assertAlmostEqual(window["rate"], 200 / window["seconds"], 2)
        self.assertTrue(.15 < window["seconds"] < 10, window["seconds"])
        half, *_ = window["quantiles"]
        self.assertEqual((half["quantile"], half["above_s"], half["at_most_s"]), (.5, 0, .001))
        self.assertAlmostEqual(half["value_s"], .001)
        p95 = window["quantiles"][1]
        self.assertAlmostEqual(p95["value_s"], .001 + .009 * .9)
        self.assertEqual(window["metrics"]["requests"], "http_requests_total")
        self.assertIsNone(window["metrics"]["gc"])
        self.assertEqual(service["figures"]["resident_bytes"]["median"], 1048576)

    def test_above_all_bounds(self):
        """Above the last finite bound nothing is known but that; JSON says +Inf."""
        pages = [histogram((0, 0, 0, 0), 0), histogram((1, 1, 1, 100), 50)]
        window = self.observe([self.serve_pages(pages)])[0]["windows"][0]
        p99 = window["quantiles"][2]
        self.assertEqual((p99["value_s"], p99["above_s"], p99["at_most_s"]), (.1, .1, "+Inf"))

    def test_repeat(self):
        """Six windows: each scrape ends one and begins the next; medians, ratios, and an interval."""
        one, two = self.serve_pages(growing(100)), self.serve_pages(growing(200))
        base, rival = self.observe([one, two], "--repeat", "6")
        self.assertEqual([len(one.requests), len(two.requests)], [7, 7])
        self.assertEqual([window["requests"] for window in rival["windows"]], [200] * 6)
        self.assertNotIn("ratio", base["figures"]["rate"])
        figure = rival["figures"]["cpu_us_per_request"]
        self.assertAlmostEqual(figure["ratio"], .5, 4)
        low, high = figure["ci95"]
        self.assertTrue(low <= figure["ratio"] <= high)
        self.assertAlmostEqual(figure["median"], 50, 3)

    def test_five(self):
        """Five windows are too few for an interval."""
        rival = self.observe([self.serve_pages(growing(100)), self.serve_pages(growing(200))], "--repeat", "5")[1]
        self.assertIsNone(rival["figures"]["p50_s"]["ci95"])
        self.assertAlmostEqual(rival["figures"]["p50_s"]["ratio"], 1)

    def test_match(self):
        """--match leaves only the series with all of these labels; quotes may be given."""
        pages = [histogram((0, 0, 0, 0), 0, 'route="/a",method="GET",') + histogram((0, 0, 0, 0), 0, 'route="/b",'),
                 histogram((5, 5, 5, 5), 1, 'route="/a",method="GET",') + histogram((7, 7, 7, 7), 1, 'route="/b",')]
        for options, expected in (([], 12), (["--match", "route=/a"], 5), (["--match", 'route="/b"'], 7),
                                  (["--match", "route=/a", "--match", "method=GET"], 5)):
            with self.subTest(options):
                window = self.observe([self.serve_pages(pages)], *options)[0]["windows"][0]
                self.assertEqual(window["requests"], expected)
        window = self.observe([self.serve_pages(pages)], "--match", "route=/c")[0]["windows"][0]
        self.assertIsNone(window["requests"])
        self.assertIn("labels of --match", " ".join(window["notes"]))

    def test_metric(self):
        """--metric names what no convention knows; a unit in its name counts; one that is not there is said."""
        pages = ["my_time_ms_count 10\nmy_time_ms_sum 40\n", "my_time_ms_count 20\nmy_time_ms_sum 80\n"]
        window = self.observe([self.serve_pages(pages)], "--metric", "duration=my_time_ms")[0]["windows"][0]
        self.assertEqual((window["requests"], window["mean_s"]), (10, .004))
        window = self.observe([self.serve_pages(pages)])[0]["windows"][0]
        self.assertIn("--metric duration=NAME", " ".join(window["notes"]))
        window = self.observe([self.serve_pages(pages)], "--metric", "cpu=none")[0]["windows"][0]
        self.assertIn("no metric none (cpu)", " ".join(window["notes"]))

    def test_markdown(self):
        """The same as Markdown."""
        one, two = self.serve_pages(growing(100)), self.serve_pages(growing(200))
        text = self.compare(one.url, two.url, "-w", "200ms", "-f", "markdown").out
        self.assertIn("# running services, by their own metrics", text)
        self.assertIn(f"| metric | 127.0.0.1:{one.port} | 127.0.0.1:{two.port} |", text)

    def test_json_file(self):
        """--json FILE writes the document and prints the table; where it cannot be written is said."""
        server, path = self.serve_pages(growing(10)), self.path("out.json")
        self.assertIn("p99", self.compare(server.url, "-w", "200ms", "--json", path).out)
        self.assertEqual(json.loads(tool.read(path))["schema"], "dragstrip.observed/1")
        self.compare(server.url, "-w", "200ms", "--json", self.path("none", "out.json"), code=1, words=["No such file"])

    def test_one(self):
        """One service alone is read, too; there is no other load to doubt."""
        text = self.compare(self.serve_pages(growing(10)).url, "-w", "200ms").out
        self.assertNotIn("Each service had the load", text)

    def test_same_host(self):
        """Two pages of one host and port are told apart by their whole URLs."""
        server = self.serve_pages(growing(10))
        text = self.compare(server.url, server.url + "?b", "-w", "200ms", "-f", "markdown").out
        self.assertIn(f"| metric | {server.url} | {server.url}?b |", text)

    def test_open_metrics(self):
        """A page that is OpenMetrics at one scrape and text at the next is read both times, and nothing was reset."""
        def in_open(counts):
            return (200, {"Content-Type": OPEN},
                    (f"# TYPE {HISTOGRAM} histogram\n" + histogram(counts, 1).replace('le="1"', 'le="1.0"')
                     + "# EOF\n").encode())
        pages = [in_open((5, 5, 5, 5)), histogram((9, 9, 9, 9), 1)]
        window = self.observe([self.serve_pages(pages)])[0]["windows"][0]
        self.assertEqual((window["requests"], window["reset"]), (4, False))

    def test_duplicates(self):
        """Of two samples of one series the first counts, as Prometheus has it."""
        pages = ["http_requests_total 10\nhttp_requests_total 70\n", "http_requests_total 15\nhttp_requests_total 90\n"]
        self.assertEqual(self.observe([self.serve_pages(pages)])[0]["windows"][0]["requests"], 5)

    def test_resolve(self):
        """--resolve gives addresses of names, one for each host."""
        one, two = self.serve_pages(growing(10)), self.serve_pages(growing(20))
        hosts = [f"{name}.invalid:{server.port}" for name, server in (("a", one), ("b", two))]
        options = [option for host in hosts for option in ("--resolve", host + ":127.0.0.1")]
        out = self.compare(*[f"http://{host}/metrics" for host in hosts], "-w", "200ms", *options).out
        for host in hosts:
            self.assertIn(host, out)

    def test_tls(self):
        """https with a CA of one's own, or with any certificate; otherwise it is refused with a sentence."""
        certificate = make_certificate(self.folder)
        if not certificate:
            self.skipTest("no openssl: apt-get install openssl")
        body = page(10).encode()
        server = TlsServer([b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body)
                            + body], certificate)
        self.addCleanup(server.stop)
        url = f"https://127.0.0.1:{server.port}/metrics"
        self.compare(url, "-w", "200ms", "--cacert", certificate[0])
        self.compare(url, "-w", "200ms", "-k")
        self.compare(url, "-w", "200ms", code=1, words=[url, "the certificate is not accepted"])


class Restarts(UrlCase):
    def check_restart(self, pages, *words, requests=None):
        server = self.serve_pages(pages)
        out = self.compare(server.url, "-w", "200ms", code=5).out
        for word in words:
            self.assertIn(word, " ".join(out.split()))
        window = self.observe([self.serve_pages(pages)], code=5)[0]["windows"][0]
        self.assertEqual((window["reset"], window["requests"]), (True, requests))

    def test_restart(self):
        """A service that was started anew between the scrapes: a sentence, nothing computed, exit code 5."""
        self.check_restart([page(100), page(500, start=1060)], "restarted between the scrapes")

    def test_start_goes_back(self):
        """A start that is earlier than before is another process, or a clock that was set."""
        self.check_restart([page(100), page(500, start=900)], "another process answered, or the clock was set back")

    def test_counter_goes_back(self):
        """A counter that went back was reset, even without a start time."""
        self.check_restart([histogram((5, 5, 5, 5), 1), histogram((4, 4, 4, 4), .5)], HISTOGRAM + " went back")

    def test_series_is_gone(self):
        """A series that is gone was reset."""
        self.check_restart([histogram((5, 5, 5, 5), 1, 'a="1",') + histogram((5, 5, 5, 5), 1, 'a="2",'),
                            histogram((6, 6, 6, 6), 2, 'a="2",')], "lost a series")

    def test_one_of_several_windows(self):
        """A restart in one window of three leaves the others, and the exit code is still 5."""
        pages = [page(100), page(200), page(10, start=2000), page(60, start=2000)]
        windows = self.observe([self.serve_pages(pages)], "--repeat", "3", code=5)[0]["windows"]
        self.assertEqual([window["requests"] for window in windows], [100, None, 50])


def endless(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", TEXT)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.close_connection = True
    for _ in range(100 << 4):  # 100 MB
        handler.wfile.write(b"# " + b"x" * 65533 + b"\n")


def hangs_up(handler):
    handler.close_connection = True


GOOD = page(100)


@rows([
    ("A text that is no metrics page is refused with its line.", ["a 1\nhello, world\n"], ["Prometheus text: line 2"]),
    ("HTML is refused.", [(200, {"Content-Type": "text/html"}, b"<html>")], ["no page of metrics but text/html"]),
    ("JSON is refused.", [(200, {"Content-Type": "application/json"}, b"{}")], ["no page of metrics"]),
    ("An empty page is refused.", [""], ["the page is empty"]),
    ("A compressed page that nobody asked for is refused.",
     [(200, {"Content-Type": TEXT, "Content-Encoding": "gzip"}, b"\x1f\x8b\x08\0")], ["encoded as gzip"]),
    ("OpenMetrics without its end is refused.", [(200, {"Content-Type": OPEN}, b"a 1\n")], ["OpenMetrics: line 1", "cut"]),
    ("OpenMetrics with a group in two parts is refused.",
     [(200, {"Content-Type": OPEN}, b'a{x="1"} 1\na{x="2"} 1\na{x="1"} 2\n# EOF\n')], ["do not stand together"]),
    ("A page that becomes HTML meanwhile is refused.", [GOOD, (200, {"Content-Type": "text/html"}, b"<html>")],
     ["no page of metrics but text/html"]),
    ("401 is said.", [(401, {"WWW-Authenticate": "Basic"}, b"")], ["401", "not for everyone"]),
    ("A redirect is not followed; where to is said.", [(302, {"Location": "http://elsewhere/m"}, b"")],
     ["302", "http://elsewhere/m"]),
    ("404 is said.", [(404, {}, b"a 1\n")], ["404 instead of a page"]),
    ("A service that fails at the second scrape is said.", [GOOD, (503, {}, b"")], ["503 instead of a page"]),
    ("A service that hangs up is said.", [hangs_up], ["closed before the answer was over"]),
    ("A service that hangs up at the second scrape is said.", [GOOD, hangs_up], ["closed before the answer was over"]),
    ("A service that is silent is said.", [lambda handler: time.sleep(10)], ["no answer"]),
])
class BadPages(UrlCase):
    def check(self, pages, words):
        """Beside a good one; the sentence begins with the URL of the bad one."""
        good, bad = self.serve_pages(growing(10)), self.serve_pages(pages)
        run = self.compare(good.url, bad.url, "-w", "200ms", "--timeout", "3s", code=1, words=[bad.url + ": ", *words])
        self.assertEqual(run.out, "")


class Faults(UrlCase):
    def test_endless(self):
        """A page of 100 MB is given up at 16 MiB."""
        server = self.serve_pages([endless])
        began = time.monotonic()
        self.compare(server.url, "-w", "200ms", "--timeout", "25s", code=1, words=["longer than 16777216 bytes"])
        self.assertLess(time.monotonic() - began, 20)

    def test_nobody(self):
        """Nobody listens: connection refused, and where."""
        url = tool.url_of(tool.free_port(), "/metrics")
        self.compare(url, "-w", "200ms", code=1, words=[url, "Connection refused"])

    def test_dies(self):
        """A service that is gone at the second scrape."""
        server = self.serve_pages(growing(10))
        run = self.start("compare", server.url, "-w", "1500ms")
        tool.wait_until(lambda: server.requests, "the first scrape")
        server.stop()
        run.finish()
        self.check_end(run, 1, server.url, "Connection refused")

    def test_interrupt(self):
        """Ctrl-C in the window: exit code 130, which window it was, and no table."""
        server = self.serve_pages(growing(10))
        run = self.start("compare", server.url, "--window", "20s", "--repeat", "2")
        tool.wait_until(lambda: server.requests, "the first scrape")
        time.sleep(.2)
        run.signal(signal.SIGINT)
        run.finish(5)
        self.check_end(run, 130, "interrupted in window 1 of 2")
        self.assertEqual(run.out, "")

    def test_interrupt_silent(self):
        """Ctrl-C while a service is silent is an interruption, too."""
        server = self.serve_pages([GOOD, lambda handler: time.sleep(6)])
        run = self.start("compare", server.url, "--window", "200ms", "--timeout", "3s")
        tool.wait_until(lambda: len(server.requests) == 2, "the second scrape")
        run.signal(signal.SIGINT)
        run.finish(10)
        self.check_end(run, 130, "interrupted")

    def test_full(self):
        """Nobody can read what is printed: exit code 1."""
        with open("/dev/full", "wb") as full:
            run = self.run_tool("compare", self.serve_pages(growing(10)).url, "-w", "200ms", stdout=full)
        self.check_end(run, 1, "No space left")


U = "http://127.0.0.1:9/metrics"


@rows([
    ("A window that is no time is refused.", [U, "--window", "soon"], ["--window", "'soon'"]),
    ("A window of nothing is refused.", [U, "--window", "0s"], ["--window"]),
    ("A time-out that is no time is refused.", [U, "--timeout", "x"], ["--timeout"]),
    ("No window at all is refused.", [U, "--repeat", "0"], ["--repeat", "1 to 200"]),
    ("Too many windows are refused.", [U, "--repeat", "201"], ["--repeat", "1 to 200"]),
    ("A number of windows that is none is refused.", [U, "--repeat", "two"], ["'two'"]),
    ("--match without a value is refused.", [U, "--match", "route"], ["LABEL=VALUE"]),
    ("--match without a label is refused.", [U, "--match", "=x"], ["LABEL=VALUE"]),
    ("A kind that is none is refused.", [U, "--metric", "speed=x"], ["duration, requests, cpu"]),
    ("A kind without a name is refused.", [U, "--metric", "cpu="], ["KIND=NAME"]),
    ("An unknown option is refused.", [U, "--loud"], ["--help"]),
    ("A URL and a result are not compared.", [U, "out/result.json"], ["URLs of metrics pages only"]),
    ("What only URLs have is refused with results.", ["out/a", "out/b", "--window", "3s"], ["for URLs"]),
    ("--json with results is refused, too.", ["out/a", "out/b", "--json", "-"], ["for URLs"]),
    ("-k with a result is refused, too.", ["out/a", "--services", "a,b", "-k"], ["for URLs"]),
    ("--services of a URL is refused.", [U, "--services", "a,b"], ["URLs of metrics pages only"]),
    ("A port that is none is refused.", ["http://127.0.0.1:99999/metrics"], ["99999"]),
    ("A host that is none is refused.", ["http://none.invalid/metrics"], ["none.invalid"]),
    ("A CA file that is not there is refused.", ["https://127.0.0.1:9/", "--cacert", "none.pem"], ["none.pem"]),
    ("An address that is none is refused.", [U, "--resolve", "x"], ["x"]),
    ("Too many services are refused.", [U] * 40, ["more than"]),
    ("Too many --match are refused.", [U] + ["--match", "a=b"] * 17, ["16 --match"]),
])
class BadOptions(CommandCase):
    def check(self, arguments, words):
        self.check_refused(self.run_tool("compare", *arguments), *words)


@rows([(f"The page of {name} is read: its histogram, its status labels, its process.", path) for name, path in (
    ("dragstrip-echo", tool.ECHO),
    ("echo-go", os.path.join(os.path.dirname(tool.ECHO), "echo-go")),
    ("echo-rust", os.path.join(os.path.dirname(tool.ECHO), "echo-rust")))])
class OwnServices(UrlCase):
    def check(self, program):
        if not os.access(program, os.X_OK):
            self.skipTest(f"{program} is not there: make {os.path.basename(program)}")
        port = tool.free_port()
        service = tool.start_service([program, "--listen", f"127.0.0.1:{port}"], port)
        self.addCleanup(service.sweep)
        url = tool.url_of(port, "/metrics")
        run = self.compare(url, "-w", "300ms", "--json", "-")
        metrics = json.loads(run.out)["services"][0]["windows"][0]["metrics"]
        self.assertEqual(metrics["duration"], HISTOGRAM)
        self.assertEqual(metrics["requests"], "http_requests_total")
        self.assertEqual(metrics["resident"], "process_resident_memory_bytes")
