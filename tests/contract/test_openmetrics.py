"""The metrics page of the C service in its two formats, the text of Prometheus and OpenMetrics 1.0: which one a
client gets, and what judges of both say: promtool, the parser of Prometheus' own Python client, openmetrics.py.
Run for c-echo alone."""

import importlib
import os
import shutil
import subprocess
import sys
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..")
sys.path += [os.path.join(HERE, "..", name) for name in ("formats", "command")]  # behind this folder's own case.py

import openmetrics  # noqa: E402
import packages  # noqa: E402
import prom  # noqa: E402
from case import EchoCase  # noqa: E402
from tap import rows  # noqa: E402
from wire import document, request  # noqa: E402

ALONE = True  # counts requests
TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
ASK = "Accept: application/openmetrics-text"
PROMETHEUS_2 = ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
PROMETHEUS_3 = ("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
                "text/plain;version=0.0.4;q=0.3,*/*;q=0.2")
SCRAPES = 200


class PageCase(EchoCase):
    def page(self, *fields, wire=None, method="GET"):
        raw = request(method, "/metrics", headers=fields)
        answer = wire.send(raw).answer(method) if wire else self.ask(raw, method)
        self.assertEqual(answer.status, 200, answer)
        return answer

    def text(self, *fields, **more):
        return self.page(*fields, **more).body.decode("ascii")


@rows([
    ("Without Accept the page is text.", TEXT, []),
    ("An empty Accept has no preference.", TEXT, ["Accept:"]),
    ("Prometheus 2 gets OpenMetrics.", OPEN, ["Accept: " + PROMETHEUS_2]),
    ("Prometheus 3 gets OpenMetrics.", OPEN, ["Accept: " + PROMETHEUS_3]),
    ("Who asks for OpenMetrics gets it.", OPEN, [ASK]),
    ("Names of media types and fields know no case.", OPEN, ["ACCEPT: Application/OpenMetrics-Text"]),
    ("Who asks for text gets it.", TEXT, ["Accept: text/plain"]),
    ("Any text is text.", TEXT, ["Accept: text/*"]),
    ("Any application is OpenMetrics.", OPEN, ["Accept: application/*"]),
    ("Anything is text.", TEXT, ["Accept: */*"]),
    ("A browser gets text.", TEXT, ["Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"]),
    ("Who wants neither gets text.", TEXT, ["Accept: application/json"]),
    ("Both alike is no preference.", TEXT, ["Accept: application/openmetrics-text, text/plain"]),
    ("OpenMetrics of more weight.", OPEN, ["Accept: text/plain;q=0.4, application/openmetrics-text;q=0.5"]),
    ("OpenMetrics of less weight.", TEXT, ["Accept: application/openmetrics-text;q=0.4, text/plain;q=0.5"]),
    ("A thousandth counts.", OPEN, ["Accept: text/plain;q=0.998, application/openmetrics-text;q=0.999"]),
    ("OpenMetrics of weight 0 is refused.", TEXT, ["Accept: application/openmetrics-text;q=0"]),
    ("OpenMetrics refused among all.", TEXT, ["Accept: */*, application/openmetrics-text;q=0.0"]),
    ("Text refused among all.", OPEN, ["Accept: */*;q=0.1, text/plain;q=0"]),
    ("What is most exact counts, not the highest.", TEXT, ["Accept: application/openmetrics-text;q=0.1, "
                                                           "application/*;q=0.9, text/plain;q=0.5"]),
    ("Another version of OpenMetrics is another format.", TEXT,
     ["Accept: application/openmetrics-text;version=0.0.1"]),
    ("Its version in quotes.", OPEN, ['Accept: application/openmetrics-text;version="1.0.0"']),
    ("A comma in quotes ends nothing.", OPEN, ['Accept: text/plain;a="b, application/openmetrics-text;q=0";q=0.1, '
                                               'application/openmetrics-text']),
    ("Empty elements are read over.", OPEN, ["Accept: ,, application/openmetrics-text ,"]),
    ("A weight over 1 is malformed: as if there were no Accept.", TEXT, [ASK + ";q=1.1"]),
    ("A weight of four decimals is malformed.", TEXT, [ASK + ";q=0.1234"]),
    ("A weight that is none is malformed.", TEXT, [ASK + ";q=high"]),
    ("Malformed at the end is malformed.", TEXT, [ASK + ", text"]),
    ("A star alone is malformed.", TEXT, [ASK + ", *"]),
    ("An open quote is malformed.", TEXT, [ASK + ';version="1.0.0']),
    ("Two fields are as none.", TEXT, [ASK, ASK]),
    ("Accept-Encoding is no Accept.", TEXT, ["Accept-Encoding: application/openmetrics-text"]),
])
class Negotiation(PageCase):
    def check(self, kind, fields):
        answer = self.page(*fields)
        self.assertEqual(answer.header("content-type"), kind)
        self.assertEqual(answer.header("vary"), "Accept")
        self.assertEqual(answer.body.endswith(b"\n# EOF\n"), kind == OPEN)

    def test_head(self):
        """HEAD is answered as GET is."""
        self.assertEqual(self.page(ASK, method="HEAD").header("content-type"), OPEN)
        self.assertEqual(self.page(method="HEAD").header("content-type"), TEXT)

    def test_elsewhere(self):
        """Accept changes nothing elsewhere: a document comes back although it is not wanted."""
        answer = self.ask(request("POST", "/echo", document(), [ASK, "Accept: text/html;;q=0"]))
        self.check_echo(answer)
        self.assertIsNone(answer.header("vary"))

    def test_one_after_the_other(self):
        """On one connection each request has its own format."""
        with self.service.connect() as wire:
            for fields, kind in (([ASK], OPEN), ([], TEXT), ([ASK], OPEN), (["Accept: nonsense"], TEXT)):
                self.assertEqual(self.page(*fields, wire=wire).header("content-type"), kind)


PAGE = """\
# HELP a Help.
# TYPE a counter
a_total{x="1",y="\\"\\n,"} 1
a_total{x="2",y=""} 2.5
# TYPE h histogram
# HELP h More help.
h_bucket{le="0.1"} 1
h_bucket{le="1.0"} 2
h_bucket{le="+Inf"} 2
h_sum 1e-3
h_count 2
# TYPE g_seconds gauge
# UNIT g_seconds seconds
g_seconds -1
# EOF
"""


@rows([(f"The judge refuses: {sentence}", old, new) for sentence, old, new in [
    ("no end.", "# EOF\n", ""),
    ("an end without its newline.", "# EOF\n", "# EOF"),
    ("something behind the end.", "# EOF\n", "# EOF\n\n"),
    ("an empty line.", "# TYPE h", "\n# TYPE h"),
    ("a comment.", "# TYPE h", "# free\n# TYPE h"),
    ("a family of counters named with _total.", "# TYPE a counter", "# TYPE a_total counter"),
    ("a counter without _total.", "a_total{x=\"1\"", "a{x=\"1\""),
    ("a negative counter.", "} 2.5", "} -2.5"),
    ("a value that is no number.", "} 2.5", "} 2,5"),
    ("a bound without a fraction.", 'le="1.0"', 'le="1"'),
    ("a bound with more digits than it needs.", 'le="0.1"', 'le="0.10"'),
    ("buckets that are not cumulative.", 'le="0.1"} 1', 'le="0.1"} 3'),
    ("bounds that do not rise.", 'le="0.1"', 'le="2.0"'),
    ("a count that is not that of +Inf.", "h_count 2", "h_count 3"),
    ("no +Inf.", 'h_bucket{le="+Inf"} 2\n', ""),
    ("no sum.", "h_sum 1e-3\n", ""),
    ("a sample twice.", 'x="2",y=""', 'x="1",y="\\"\\n,"'),
    ("a label twice.", 'x="2",y=""', 'x="2",x=""'),
    ("a comma too many in labels.", 'y=""}', 'y="",}'),
    ("samples without a type.", "# TYPE a counter\n", ""),
    ("a type twice.", "# TYPE a counter", "# TYPE a counter\n# TYPE a counter"),
    ("a help behind samples.", "# TYPE h", "# HELP a again\n# TYPE h"),
    ("a family in two parts.", "# EOF", "# HELP a again\n# EOF"),
    ("a unit that the name does not end in.", "UNIT g_seconds seconds", "UNIT g_seconds bytes"),
    ("an unknown type.", "gauge", "guage"),
    ("carriage returns.", "\n", "\r\n"),
]])
class Judge(unittest.TestCase):
    def check(self, old, new):
        self.assertIn(old, PAGE)
        with self.assertRaises(AssertionError):
            openmetrics.read(PAGE.replace(old, new) if old == "\n" else PAGE.replace(old, new, 1))

    def test_good(self):
        """The judge reads a page that is as it must be."""
        values = openmetrics.read(PAGE)
        self.assertEqual(len(values), 8)
        self.assertEqual(values["a_total", (("x", "2"), ("y", "")), None], 2.5)
        self.assertEqual(values["h_bucket", (), 1.0], 2)


def promtool():
    """The tool's path; None without it."""
    own = os.path.join(TOP, "build", "promtool")
    return shutil.which("promtool") or (own if os.access(own, os.X_OK) else None)


class Judged(PageCase):
    """A service that has answered requests of all kinds."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        head = b"POST /echo HTTP/1.1\r\nHost: a\r\n"
        with cls.service.connect(timeout=10) as slow:
            slow.send(head + b"Content-Length: 9\r\n\r\n{")
            for raw in (request("POST", "/echo", document()), request("POST", "/echo", b"{"), request("GET", "/no"),
                        request("GET", "/healthz"), request("HEAD", "/metrics"), request("GET", "/metrics"),
                        request("GET", "/echo"), head + b"\r\n", head + b"Content-Length: 1048577\r\n\r\n",
                        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n", head + b"Expect: gold\r\n\r\n",
                        head + b"X: y\r\n" * 101 + b"\r\n", head + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
                        b"GET / HTTP/2.0\r\n\r\n", request("BREW", "/pot")):
                with cls.service.connect() as wire:
                    wire.send_if_open(raw)
                    wire.answer(raw.partition(b" ")[0].decode())
            slow.answer()

    def test_all_kinds(self):
        """Every status that a service which does not drain can give has been counted."""
        statuses = {status for _, _, status in prom.Page(self.text()).requests()}
        self.assertEqual(statuses, set("200 400 404 405 408 411 413 414 417 431 501 505".split()))

    def test_promtool(self):
        """promtool has nothing against the text, not even a hint."""
        tool = promtool()
        if not tool:
            self.skipTest("no promtool: apt-get install prometheus, or tools/needs check")
        done = subprocess.run([tool, "check", "metrics"], input=self.text(), capture_output=True, text=True, timeout=20)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        bad = self.text().replace("# HELP process_open_fds", "# X")
        done = subprocess.run([tool, "check", "metrics"], input=bad, capture_output=True, text=True, timeout=20)
        self.assertNotEqual((done.returncode, done.stdout, done.stderr), (0, "", ""), "it sees a missing HELP")

    def test_own_judge(self):
        """The OpenMetrics page is as the specification demands."""
        self.assertGreater(len(openmetrics.read(self.text(ASK))), 80)

    def test_client_parser(self):
        """Prometheus' own Python client reads the OpenMetrics page, and in it what is meant."""
        wanted = [*packages.PIP, "install", "--no-deps", "--only-binary", ":all:", "--target", ".", "-r",
                  "requirements.txt"]
        try:
            folder = packages.made_once("openmetrics", [os.path.join(HERE, "requirements.txt")],
                                        lambda folder: packages.command(wanted, folder))
        except (packages.Missing, OSError) as why:
            self.skipTest(str(why))
        sys.path.insert(0, folder)
        parser = importlib.import_module("prometheus_client.openmetrics.parser")
        sys.path.remove(folder)
        families = {each.name: each for each in parser.text_string_to_metric_families(self.text(ASK))}
        self.assertEqual({name: each.type for name, each in families.items()}, {
            "http_requests": "counter", prom.DURATION: "histogram", "process_cpu_seconds": "counter",
            "process_resident_memory_bytes": "gauge", "process_start_time_seconds": "gauge",
            "process_open_fds": "gauge"})
        self.assertTrue(all(each.documentation for each in families.values()))
        with self.assertRaises(ValueError):
            list(parser.text_string_to_metric_families(self.text()))

    def test_same_numbers(self):
        """Both formats tell the same: only what a scrape itself changes differs."""
        with self.service.connect() as wire:
            self.page(wire=wire)
            first, own, last = (self.text(*fields, wire=wire) for fields in ([], [ASK], []))
        before, after = ({(name, tuple(sorted((k, v) for k, v in labels.items() if k != "le")),
                           float(labels["le"]) if "le" in labels else None): value
                          for name, labels, value in prom.Page(text).samples} for text in (first, last))
        values = openmetrics.read(own)
        self.assertEqual(set(values), set(before))
        for key, value in values.items():
            name, labels, _ = key
            if name in ("process_resident_memory_bytes", "process_open_fds"):
                continue
            self.assertTrue(before[key] <= value <= after[key], key)
            if ("route", "/metrics") not in labels and name != "process_cpu_seconds_total":
                self.assertEqual(before[key], value, key)
        scrapes = "http_requests_total", (("method", "GET"), ("route", "/metrics"), ("status", "200")), None
        self.assertEqual([page[scrapes] - before[scrapes] for page in (before, values, after)], [0, 1, 2])


class UnderLoad(PageCase):
    flags = ("--workers", "2")

    def test_consistent(self):
        """Two hundred pages of both formats while a load runs: +Inf is the count, nothing goes back."""
        ends, answered = threading.Event(), []
        batch = (request("POST", "/echo", document()) + request("POST", "/echo", b"{") + request("GET", "/x")) * 10

        def load():
            with self.service.connect() as wire:
                while not ends.is_set():
                    wire.send(batch)
                    answered.extend(wire.answer().status for _ in range(30))

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            last, moved = 0, 0
            until = time.monotonic() + 60
            with self.service.connect() as wire:
                for at in range(SCRAPES):
                    self.assertLess(time.monotonic(), until, f"only {at} pages in a minute")
                    count = self.check_page(wire, at % 2)
                    self.assertGreaterEqual(count, last)
                    moved += count > last + 1
                    last = count
        finally:
            ends.set()
            for thread in threads:
                thread.join(10)
        self.assertGreater(moved, SCRAPES / 4, "the load did not run while the pages were written")
        self.assertGreater(len(answered), SCRAPES)

    def check_page(self, wire, is_open):
        """The page's count of all answers."""
        if is_open:
            values = openmetrics.read(self.text(ASK, wire=wire))
            return sum(value for (name, _, _), value in values.items() if name == prom.DURATION + "_count")
        page = prom.Page(self.text(wire=wire))
        for each in page.histograms():
            counts = [count for _, count in each["_bucket"]]
            self.assertEqual(counts, sorted(counts))
            self.assertEqual(counts[-1], each["_count"])
        return page.durations()[0]
