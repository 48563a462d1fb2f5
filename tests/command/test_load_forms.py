"""dragstrip load: what is sent and expected, when (replay), and the forms in which results come."""

import hashlib
import json
import threading
import time
import urllib.request

import tool
from case import MEASURED, CommandCase
from raw_server import OK_LINE, EdgeCase
from tap import rows

URL = "http://127.0.0.1:9/"


@rows([
    ("A body with GET is refused with a remedy.", ["-X", "GET", "-b", "x"], ["GET", "POST"]),
    ("CONNECT is refused.", ["-X", "CONNECT"], ["CONNECT"]),
    ("As many weights as bodies are needed.", ["-b", "x", "-b", "y", "--weights", "1"], ["weights: 1, bodies: 2"]),
    ("A weight that is none is refused.", ["-b", "x", "--weights", "0"], ["'0'", "90,10"]),
    ("One expected body, or one for each body.", ["-b", "x", "--expect-body", "a", "--expect-body", "b"],
     ["expected bodies: 2, requests: 1"]),
    ("HEAD has no body to expect.", ["-X", "HEAD", "--expect-body", "a"], ["HEAD"]),
    ("Masked fields without an expected body are refused.", ["--mask", "id"], ["--expect-body"]),
    ("A masked body that is no JSON is refused.", ["--mask", "id", "--expect-body", "hi"], ["JSON"]),
    ("A digest that is none is refused.", ["--expect-body", "sha256:abc"], ["'abc'", "64"]),
    ("An expected body's file that is missing is named.", ["--expect-body", "@none"], ["none", "No such file"]),
    ("A replay of a file that is missing is refused.", ["-r", "replay:none"], ["none", "No such file"]),
    ("--json - and --ndjson - exclude each other.", ["--json", "-", "--ndjson", "-"], ["standard output"]),
])
class Refusals(CommandCase):
    def check(self, arguments, words):
        self.check_refused(self.run_tool("load", URL, "-r", "9", *arguments), *words)


def answer(body):
    return OK_LINE + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Bodies(EdgeCase):
    def bodies_seen(self, server):
        return [request.partition(b"\r\n\r\n")[2] for connection in server.connections
                for request in connection.requests]

    def send(self, *options, script=(answer(b"hi"),), due=40):
        server = self.serve_raw(script if callable(script) else list(script))
        result = self.load(server.port, "-r", "400", "-d", f"{due * 1000 // 400}ms", "-w", "0s", "-a", "constant",
                           "-c", "1", *options)
        server.stop()
        return result["counts"], self.bodies_seen(server)

    def test_rotation(self):
        """Several bodies are sent in rotation."""
        _, seen = self.send("-b", "one", "-b", "two", "-b", "three")
        self.assertEqual(seen, ([b"one", b"two", b"three"] * 14)[:40])

    def test_weights(self):
        """With weights they come at random, in these shares, and the same for the same seed."""
        options = ("-b", "often", "-b", "seldom", "--weights", "90,10", "--seed", "4")
        _, first = self.send(*options, due=200)
        _, again = self.send(*options, due=200)
        self.assertEqual(first, again)
        self.assertTrue(5 <= first.count(b"seldom") <= 40, first.count(b"seldom"))
        self.assertNotEqual(first, sorted(first))

    def test_expected(self):
        """An answer with another body is an error of kind body."""
        def script(turn):
            return [answer(b"hi" if turn.total % 4 else b"ho")]
        for expected in (["hi"], ["sha256:" + hashlib.sha256(b"hi").hexdigest().upper()],
                         ["@" + tool.write(self.path("hi"), "hi")]):
            counts, _ = self.send("--expect-body", *expected, script=script)
            self.check_counts(counts, body=10)

    def test_expected_length(self):
        """A body that only begins as expected, or stops early, is another one."""
        for body in (b"h", b"hi!", b""):
            counts, _ = self.send("--expect-body", "hi", script=[answer(body)])
            self.check_counts(counts, body=40)

    def test_expected_each(self):
        """With several bodies each may have its own expected one."""
        def script(turn):
            return [answer(b"ab"[turn.total % 2:][:1])]
        pair = ("-b", "1", "-b", "2")
        good, _ = self.send(*pair, "--expect-body", "a", "--expect-body", "b", script=script)
        bad, _ = self.send(*pair, "--expect-body", "b", "--expect-body", "a", script=script)
        self.check_counts(good)
        self.check_counts(bad, body=40)

    def test_status_first(self):
        """A bad status is an error of kind status, whatever the body."""
        counts, _ = self.send("--expect-body", "hi",
                              script=[b"HTTP/1.1 500 Broken\r\nContent-Length: 2\r\n\r\nhi"])
        self.check_counts(counts, status=40)

    def test_mask(self):
        """Masked fields may differ, others not; what is no JSON is an error."""
        bodies = [b'{"id":%d,"meta":{"time":"%d"},"x":1}', b'{"id":%d,"meta":{"time":"%d"},"x":2}', b"no %d %d"]

        def script(turn):
            return [answer(bodies[max(turn.total % 4 - 1, 0)] % (turn.total, turn.total))]
        counts, _ = self.send("--expect-body", '{"id":0,"meta":{"time":""},"x":1}', "--mask", "id,meta.time",
                              script=script)
        self.check_counts(counts, body=20)


class Replay(EdgeCase):
    def replay(self, times, *options):
        path = tool.write(self.path("times"), times)
        server = self.serve_raw([answer(b"hi")])
        return self.load(server.port, "-r", f"replay:{path}", "-w", "0s", "-c", "4", *options)

    def test_times(self):
        """Requests are due at the times of the file, whose last one ends the run."""
        result = self.replay("# a log\n1700000000.00\n1700000000.25,GET /\n\n1700000001.10\n1700000000.25\n")
        self.assertEqual(result["counts"]["due"], 4)
        self.assertEqual(result["duration_ns"], 1_100_000_001)
        self.assertEqual([w["ok"] + w["errors"] for w in result["windows"]], [3, 1])
        self.assertTrue(result["arrivals"].startswith("replay:"))

    def test_threads(self):
        """Threads share the times out, each once."""
        result = self.replay("".join(f"{i / 500}\n" for i in range(250)), "-t", "3")
        self.assertEqual(result["counts"]["due"], 250)

    def test_bad_line(self):
        """A line that is no time is named."""
        path = tool.write(self.path("times"), "0\nsoon\n")
        run = self.run_tool("load", URL, "-r", f"replay:{path}")
        self.check_refused(run, "line 2", "'soon'", path)

    def test_too_short(self):
        """A file that is shorter than what is asked for is refused with both lengths."""
        path = tool.write(self.path("times"), "0\n1.5\n")
        self.check_refused(self.run_tool("load", URL, "-r", f"replay:{path}", "-d", "5s"), "1.5 s", "7 s")


class Outputs(EdgeCase):
    def run_load(self, *options, seconds="1s", code=MEASURED):
        server = self.serve_raw([answer(b"hi")])
        run = self.run_tool("load", tool.url_of(server.port), "-r", "200", "-d", seconds, "-w", "0s", *options)
        self.check_end(run, code)
        return run

    def check_lines(self, text):
        lines = [json.loads(line) for line in text.splitlines()]
        self.assertEqual([list(line) for line in lines], [["start"], ["window"], ["result"]])
        for member in ("t", "ok", "errors", "p50", "p99", "in_flight", "queued", "lag_max"):
            self.assertIn(member, lines[1]["window"])
        self.check_result(lines[2]["result"])

    def test_ndjson_stdout(self):
        """--ndjson - prints nothing but JSON lines, the result last."""
        self.check_lines(self.run_load("--ndjson", "-").out)

    def test_ndjson_file(self):
        """--ndjson FILE writes the lines there, and the report is printed."""
        run = self.run_load("--ndjson", self.path("lines"))
        self.check_lines(tool.read(self.path("lines")).decode())
        self.assertIn("latency", run.out)

    def test_ndjson_full_disk(self):
        """Lines that cannot be written end the run: exit code 1 and why."""
        server = self.serve_raw([answer(b"hi")])
        run = self.run_tool("load", tool.url_of(server.port), "-r", "200", "-d", "9s", "--ndjson", "/dev/full")
        self.check_end(run, 1, "/dev/full", "No space")

    def test_spectrum(self):
        """--spectrum adds lines of percentiles with bars."""
        out = self.run_load("--spectrum").out
        self.assertRegex(out, r"(?m)^ +50% +\S+ .?s +#+$")
        self.assertNotRegex(out, r"99\.99%")  # 200 requests do not tell that

    def test_metrics_bad_address(self):
        """--metrics with an address that is taken or none: a sentence, before any load."""
        server = self.serve_raw([answer(b"hi")])
        for address, word in ((f"127.0.0.1:{server.port}", "in use"), ("nowhere", "HOST:PORT")):
            run = self.run_tool("load", tool.url_of(server.port), "-r", "9", "--metrics", address)
            self.check_end(run, 1, "--metrics", word)

    def test_metrics(self):
        """--metrics serves counters that only grow and a histogram that agrees with them."""
        port, pages = tool.free_port(), []

        def scrape():
            until = time.monotonic() + 10
            while len(pages) < 2 and time.monotonic() < until:
                time.sleep(0.3 if not pages else 1.5)
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as reply:
                        pages.append(reply.read().decode())
                except OSError:
                    pass
        thread = threading.Thread(target=scrape)
        thread.start()
        self.run_load("--metrics", str(port), seconds="4s")
        thread.join()
        self.assertEqual(len(pages), 2)
        first, second = (self.samples(page) for page in pages)
        self.assertGreater(second["dragstrip_ok_total"], max(first["dragstrip_ok_total"], 100))
        self.assertEqual(second["dragstrip_latency_seconds_count"], second["dragstrip_ok_total"])
        self.assertEqual(second['dragstrip_latency_seconds_bucket le="+Inf"'], second["dragstrip_ok_total"])

    @staticmethod
    def samples(page):
        """{name and labels but the target: value}"""
        found = {}
        for line in page.splitlines():
            if not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                name, _, labels = name.partition("{")
                more = labels.partition('",')[2].rstrip("}")
                found[f"{name} {more}".strip()] = float(value)
        return found
