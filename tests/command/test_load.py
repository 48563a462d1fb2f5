"""dragstrip load: refusals, failures, the books, interruption, the seam to race, and the freeze law."""

import json
import signal
import socket
import time

import tool
from case import MEASURED, CommandCase, LoadCase
from tap import rows

URL = "http://127.0.0.1:9/"
QUICK = ("-a", "constant", "-w", "0s")


@rows([
    ("No URL is refused, with a pointer to --help.", ["-r", "100"], ["URL", "--help"]),
    ("Two URLs are refused.", [URL, URL, "-r", "100"], ["exactly one URL"]),
    ("A status that is none is refused.", [URL, "-r", "9", "--expect-status", "200,ok"], ["200,ok", "2xx"]),
    ("No rate is refused, with the two ways to give one.", [URL], ["rate", "-r 20k", "max"]),
    ("A rate that is no number is refused with examples.", [URL, "-r", "fast"], ["'fast'", "20k"]),
    ("A rate of 0 is refused.", [URL, "-r", "0"], ["'0'", "rate"]),
    ("A negative rate is refused.", [URL, "-r", "-5"], ["'-5'", "rate"]),
    ("A rate with a unit of time is refused.", [URL, "-r", "5s"], ["'5s'", "rate"]),
    ("A duration without unit is refused with examples.", [URL, "-r", "9", "-d", "10"],
     ["'10'", "10s"]),
    ("A duration of 0 is refused.", [URL, "-r", "9", "-d", "0s"], ["duration"]),
    ("A time-out of 0 is refused.", [URL, "-r", "9", "--timeout", "0s"], ["time-out"]),
    ("A warm-up that is no time is refused.", [URL, "-r", "9", "-w", "soon"], ["'soon'", "250ms"]),
    ("An unknown option is refused and named.", [URL, "-r", "9", "--rattle"],
     ["rattle", "--help"]),
    ("An option without its value is refused and named.", [URL, "-r"], ["'r'", "--help"]),
    ("Unknown arrivals are refused with the list of laws.", [URL, "-r", "9", "-a", "burst"],
     ["'burst'", "constant", "poisson"]),
    ("Connections that are no whole number are refused.", [URL, "-r", "9", "-c", "1.5"], ["'1.5'"]),
    ("More threads than connections are refused, with both numbers.",
     [URL, "-r", "9", "-t", "3", "-c", "2"], ["3 threads", "2 connections"]),
    ("A seed that is no number is refused.", [URL, "-r", "9", "--seed", "x"], ["'x'", "seed"]),
    ("A header without a colon is refused and shown.", [URL, "-r", "9", "-H", "no header"],
     ["'no header'", "Name: value"]),
    ("A header with a line break is refused.", [URL, "-r", "9", "-H", "A: b\r\nC: d"], ["header"]),
    ("A Content-Length of one's own is refused.", [URL, "-r", "9", "-H", "Content-Length: 3"],
     ["Content-Length"]),
    ("A method that is no word is refused.", [URL, "-r", "9", "-X", "GET IT"], ["'GET IT'"]),
    ("A body file that is missing is refused and named.", [URL, "-r", "9", "-b", "@none.json"],
     ["none.json", "No such file"]),
    ("A URL that is none is refused with an example.", ["localhost:80", "-r", "9"],
     ["'localhost:80'", "http://"]),
    ("A scheme that is none of ours is refused with examples.", ["ftp://localhost/", "-r", "9"],
     ["'ftp://localhost/'", "http://", "https://", "unix:"]),
    ("A list of CPUs that is none is refused with an example.", [URL, "-r", "9", "--cpus", "all"],
     ["'all'", "0-3,8"]),
    ("A CPU that this machine lacks is refused.", [URL, "-r", "9", "--cpus", "1023"], ["1023"]),
    ("--spec takes nothing but standard input.", ["--spec", "file"], ["--spec", "-"]),
])
class Refusals(CommandCase):
    def check(self, arguments, words):
        self.check_refused(self.run_tool("load", *arguments), *words)


class Front(CommandCase):
    def test_no_command(self):
        """Without a command the usage goes to stderr and the exit code is 2."""
        run = self.run_tool()
        self.assertEqual((run.code, run.out), (2, ""))
        self.assertIn("usage: dragstrip", run.err)

    def test_unknown_command(self):
        """An unknown command is refused with the nearest one."""
        self.check_refused(self.run_tool("laod"), "'laod'", "did you mean 'load'")

    def test_help(self):
        """--help of the tool and of each command goes to stdout and exits 0."""
        for arguments in (["--help"], ["load", "--help"], ["race", "--help"], ["load", "-h"]):
            run = self.run_tool(*arguments)
            self.assertEqual((run.code, run.err), (0, ""), arguments)
            self.assertIn("usage: dragstrip", run.out)

    def test_version(self):
        """--version prints one line."""
        run = self.run_tool("--version")
        self.assertEqual(run.code, 0)
        self.assertRegex(run.out, r"\Adragstrip \S+\n\Z")

    def test_help_to_full_disk(self):
        """--help that cannot be written fails with a sentence."""
        with open("/dev/full", "w") as full:
            for arguments in (["load", "--help"], ["race", "--help"]):
                self.check_end(self.run_tool(*arguments, stdout=full), 1, "standard output", "No space")


class Failures(LoadCase):
    def test_few_files(self):
        """More connections than the hard limit of open files: refused before anything starts."""
        port, _ = self.serve()
        run = self.run_tool("load", tool.url_of(port), "-r", "9", "-c", "100", limit_files=64)
        self.check_refused(run, "100 connections", "64", "ulimit -n")

    def test_soft_limit_is_raised(self):
        """As many connections as the hard limit holds are opened."""
        port, _ = self.serve()
        result = self.load(port, "-r", "200", "-c", "40", "-d", "100ms", *QUICK, limit_files=64)
        self.assertEqual(result["connections"], 40)
        self.assertEqual(result["counts"]["ok"], 20)

    def test_refused(self):
        """A target that refuses connections: the cause, the address, a hint."""
        port = tool.free_port()
        run = self.run_tool("load", tool.url_of(port), "-r", "9")
        self.check_end(run, 1, f"127.0.0.1:{port}", "Connection refused", "running?")

    def test_unknown_host(self):
        """A host that cannot be resolved is named; whose fault that is may be judged either way."""
        run = self.run_tool("load", "http://no-such-host.invalid/", "-r", "9")
        self.check_end(run, (1, 2), "no-such-host.invalid")

    def test_json_into_missing_folder(self):
        """--json into a folder that is not there: the report is printed all the same, exit code 1."""
        port, _ = self.serve()
        run = self.run_tool("load", tool.url_of(port), "-r", "100", "-d", "100ms", *QUICK, "--json",
                            self.path("none", "a.json"))
        self.check_end(run, 1, "none/a.json", "No such file")
        self.assertIn("10 due", run.out)

    def test_stdout_full(self):
        """A report that cannot be written: exit code 1 and why."""
        port, _ = self.serve()
        with open("/dev/full", "w") as full:
            for extra in ([], ["--json", "-"]):
                run = self.run_tool("load", tool.url_of(port), "-r", "100", "-d", "100ms", *QUICK,
                                    *extra, stdout=full)
                self.check_end(run, 1, "standard output", "No space")

    def test_spec_stdout_full(self):
        """Lines for race that cannot be written: exit code 1 and why."""
        port, _ = self.serve()
        with open("/dev/full", "w") as full:
            spec = spec_of(port, warmup_ns=0, duration_ns=100_000_000)
            run = self.run_tool("load", "--spec", "-", stdin=json.dumps(spec), stdout=full)
        self.check_end(run, 1, "standard output", "No space")


class Report(LoadCase):
    def test_people(self):
        """Without --json the report is text, with counts and percentiles."""
        port, _ = self.serve()
        run = self.run_tool("load", tool.url_of(port), "-r", "500", "-d", "200ms", *QUICK)
        self.check_end(run, MEASURED)
        self.assertIn("requests: 100 due, 100 sent, 100 ok, 0 errors", run.out)
        self.assertRegex(run.out, r"latency +\d")

    def test_json_file(self):
        """--json FILE writes the document beside the printed report."""
        port, _ = self.serve()
        run = self.run_tool("load", tool.url_of(port), "-r", "500", "-d", "200ms", *QUICK, "--json",
                            "a.json")
        self.check_end(run, MEASURED)
        self.assertIn("100 due", run.out)
        result = json.loads(tool.read(self.path("a.json")))
        self.check_result(result)
        self.assertEqual(result["counts"]["ok"], 100)

    def test_settings(self):
        """The document tells what was asked for."""
        port, _ = self.serve()
        result = self.load(port, "-r", "0.4k", "-d", "250ms", "-w", "50ms", "-c", "6", "-t", "2",
                           "--timeout", "1.5s", "--seed", "99", "-a", "poisson")
        told = {key: result[key] for key in ("target", "offered_rate", "duration_ns", "connections",
                                             "threads", "timeout_ns", "seed", "arrivals")}
        self.assertEqual(told, {"target": tool.url_of(port), "offered_rate": 400,
                                "duration_ns": 250_000_000, "connections": 6, "threads": 2,
                                "timeout_ns": 1_500_000_000, "seed": 99, "arrivals": "poisson"})
        self.assertFalse(result["interrupted"])

    def first_request(self, *options):
        port, service = self.serve()
        self.load(port, "-r", "100", "-d", "50ms", *QUICK, *options)
        first = json.loads(service.out)
        headers = {line.partition(": ")[0].lower(): line.partition(": ")[2] for line in first["headers"]}
        return first["request"], headers, bytes.fromhex(first["body"]), port

    def test_request_plain(self):
        """Without a body it is a GET with the host and nothing of a body."""
        request, headers, body, port = self.first_request()
        self.assertEqual((request, headers, body),
                         ("GET /echo HTTP/1.1", {"host": f"127.0.0.1:{port}"}, b""))

    def test_request_body_file(self):
        """-b @FILE sends the file's bytes as they are, with POST, headers and their length."""
        data = bytes(range(256)) + b"\r\n\r\n"
        tool.write(self.path("body.bin"), data)
        request, headers, body, _ = self.first_request("-b", "@body.bin", "-H", "X-Test: yes",
                                                       "-H", "Content-Type: a/b")
        self.assertEqual((request, body), ("POST /echo HTTP/1.1", data))
        self.assertEqual((headers["content-length"], headers["x-test"], headers["content-type"]),
                         (str(len(data)), "yes", "a/b"))

    def test_request_method(self):
        """-X sets the method, -b TEXT the body."""
        request, headers, body, _ = self.first_request("-X", "PUT", "-b", "hello")
        self.assertEqual((request, body), ("PUT /echo HTTP/1.1", b"hello"))
        self.assertEqual(headers["content-length"], "5")


class Books(LoadCase):
    def test_constant(self):
        """A constant rate: exactly rate x time requests are due, also dealt to uneven threads."""
        port, _ = self.serve()
        result = self.load(port, "-r", "777", "-d", "1s", "-w", "300ms", "-a", "constant", "-t", "3",
                           "-c", "7", "--timeout", "10s")
        self.assertEqual(result["counts"]["due"], 777)
        self.assertEqual(result["counts"]["ok"], 777)
        self.assertEqual(len(result["windows"]), 1)

    def test_windows(self):
        """Each second of a constant rate has its share, and its last part-second the rest."""
        port, _ = self.serve()
        result = self.load(port, "-r", "400", "-d", "1500ms", *QUICK)
        self.assertEqual([w["t"] for w in result["windows"]], [0, 1])
        self.assertEqual([w["ok"] + w["errors"] for w in result["windows"]], [400, 200])

    def test_poisson(self):
        """Poisson arrivals: the seed alone decides how many are due."""
        port, _ = self.serve()
        due = [self.load(port, "-r", "1k", "-d", "300ms", "-w", "0s", "--seed", seed)["counts"]["due"]
               for seed in ("5", "5", "6")]
        self.assertEqual(due[0], due[1])
        self.assertNotEqual(due[0], due[2])
        for count in due:
            self.assertTrue(200 < count < 400, due)

    def test_closed_loop(self):
        """-r max: no offered rate, every request answered, never more in flight than connections."""
        port, _ = self.serve()
        result = self.load(port, "-r", "max", "-c", "3", "-d", "300ms", "-w", "100ms")
        self.assertEqual((result["arrivals"], result["offered_rate"]), ("closed", None))
        self.assertEqual(result["counts"]["ok"], result["counts"]["due"])
        self.assertGreater(result["counts"]["ok"], 100)
        self.assertLessEqual(result["generator"]["peak_in_flight"], 3)

    def load_unanswered(self):
        """A closed loop on 7 connections of 3 threads in which no answer ever comes."""
        port, _ = self.serve("silent", 1)
        return self.load(port, "-r", "max", "-c", "7", "-t", "3", "-d", "100ms", "-w", "0s", "--timeout",
                         "500ms")

    def test_all_connections(self):
        """Connections that the threads do not divide evenly are all used."""
        self.assertEqual(self.load_unanswered()["generator"]["peak_in_flight"], 7)

    def test_closed_loop_without_warm_up(self):
        """A closed loop without warm-up: only requests that were sent are due."""
        counts = self.load_unanswered()["counts"]
        self.assertEqual((counts["due"], counts["sent"], counts["errors"]["timeout"]), (7, 7, 7), counts)

    def test_status_errors(self):
        """Every tenth answer is 503: exactly a tenth are status errors and kept out of ok."""
        port, _ = self.serve("failing", 10)
        result = self.load(port, "-r", "1000", "-d", "1s", *QUICK)
        counts = result["counts"]
        self.assertEqual((counts["due"], counts["ok"], counts["errors"]["status"]), (1000, 900, 100))
        self.assertEqual(counts["reconnects"], 0)
        self.assertTrue(str(result["latency"]["p95"]).startswith(">"), "errors count as +infinity")
        self.assertIsInstance(result["latency"]["p50"], (int, float))

    def test_not_http(self):
        """Answers that are not HTTP are all protocol errors, none is ok."""
        port, _ = self.serve("all-garbage")
        result = self.load(port, "-r", "300", "-d", "500ms", *QUICK)
        counts = result["counts"]
        self.assertEqual((counts["due"], counts["ok"], counts["errors"]["protocol"]), (150, 0, 150))
        self.assertGreaterEqual(counts["reconnects"], 149, "such a connection is not used again")
        self.assertEqual(result["latency"]["max"], ">5s")
        self.assertIsNone(result["service_time"]["p50"])

    def test_timeouts(self):
        """1 % of the answers never come: p99.9 is beyond the time-out, and so is written as text."""
        port, _ = self.serve("silent", 100)
        result = self.load(port, "-r", "2500", "-d", "4s", *QUICK, "--timeout", "1s")
        counts = result["counts"]
        self.assertEqual((counts["due"], counts["errors"]["timeout"]), (10_000, 100))
        self.assertEqual(result["latency"]["p999"], ">1s")
        self.assertEqual(result["latency"]["max"], ">1s")
        self.assertIsInstance(result["latency"]["p50"], (int, float))
        self.assertEqual(counts["reconnects"], 100)

    def test_service_goes_away(self):
        """A service that dies in the measured time: what was due is still counted, once each."""
        port, service = self.serve("dies", 100)
        result = self.load(port, "-r", "200", "-d", "1s", *QUICK, "--timeout", "300ms")
        counts = result["counts"]
        self.assertEqual(counts["due"], 200)
        self.assertTrue(50 <= counts["ok"] <= 100, counts)
        self.assertFalse(service.is_running())

    def test_slow_service_is_overloaded(self):
        """A service that cannot hold the rate is overloaded: a finding, with the waiting in the latency."""
        port, _ = self.serve("slow", 10_000)
        result = self.load(port, "-r", "300", "-d", "700ms", *QUICK, "-c", "2", "--timeout", "20s")
        self.assertEqual(result["counts"]["ok"], 210)
        self.assertLess(result["achieved_rate"], 150)
        if result["valid"]:
            self.assertTrue(result["overloaded"])
        self.assertGreater(result["latency"]["p50"], 4e8)
        self.assertLess(result["service_time"]["p50"], 2e8)
        self.assertGreater(result["wait"]["p50"], 4e8)


class Interruption(LoadCase):
    def start_load(self, *options, mode="good", number=0):
        port, service = self.serve(mode, number)
        run = self.start("load", tool.url_of(port), "--json", "-", "-c", "8", *options)
        tool.wait_until(lambda: service.out, "the first request")
        return run, service

    def test_measured_time(self):
        """Ctrl-C in the measured time: what was measured is printed, the books balance, exit code 130."""
        for number in (signal.SIGINT, signal.SIGTERM):
            run, _ = self.start_load("-r", "500", "-d", "60s", *QUICK)
            time.sleep(0.6)
            run.signal(number)
            run.finish(10)
            self.check_end(run, 130)
            result = json.loads(run.out)
            self.check_result(result)
            self.assertTrue(result["interrupted"])
            self.assertGreater(result["counts"]["ok"], 100)
            self.assertTrue(0.4e9 < result["duration_ns"] < 20e9, result["duration_ns"])

    def test_people(self):
        """Ctrl-C without --json prints the report."""
        port, service = self.serve()
        run = self.start("load", tool.url_of(port), "-r", "500", "-d", "60s", *QUICK)
        tool.wait_until(lambda: service.out, "the first request")
        run.signal()
        run.finish(10)
        self.check_end(run, 130)
        self.assertIn("requests: ", run.out)
        self.assertIn("interrupted", (run.out + run.err).lower())

    def test_warm_up(self):
        """Ctrl-C in the warm-up: nothing was measured, and the document says so."""
        run, _ = self.start_load("-r", "500", "-d", "1s", "-w", "60s")
        run.signal()
        run.finish(10)
        self.check_end(run, 130)
        result = json.loads(run.out)
        self.check_books(result)
        self.assertTrue(result["interrupted"])
        self.assertEqual((result["counts"]["due"], result["duration_ns"]), (0, 0))
        self.assertFalse(result["valid"], "empty is never a pass")

    def test_second(self):
        """A second Ctrl-C ends at once, although answers are awaited; the books still balance."""
        run, _ = self.start_load("-r", "20", "-d", "60s", *QUICK, mode="silent", number=1)
        time.sleep(0.3)
        run.signal()
        time.sleep(0.1)
        self.assertTrue(run.is_running(), "after the first one answers in flight get a moment")
        run.signal()
        run.finish(10)
        self.check_end(run, 130)
        self.check_books(json.loads(run.out))

    def test_while_connecting(self):
        """Ctrl-C while the target takes no connection ends the run."""
        with socket.socket() as full:
            full.bind(("127.0.0.1", tool.free_port()))
            full.listen(0)
            port = full.getsockname()[1]
            run = self.start("load", tool.url_of(port), "-r", "9", "-c", "8", "--timeout", "60s")
            time.sleep(0.4)
            self.assertTrue(run.is_running(), run.err)
            run.signal()
            run.finish(10)
            self.check_end(run, 130)


LEFT_OUT = object()


def spec_of(port, **changes):
    """What race hands to its generator, with some members changed or LEFT_OUT."""
    spec = {"schema": "dragstrip.load-spec/2", "url": tool.url_of(port), "method": "POST",
            "reach": {"resolve": [], "ca_file": None, "insecure": False},
            "headers": ["X-Test: yes"], "bodies_hex": [b'{"a":1}'.hex()], "weights": [], "rate": "200",
            "arrivals": "constant", "connections": 4, "threads": 1, "warmup_ns": 1_000_000_000,
            "duration_ns": 1_500_000_000, "timeout_ns": 2_000_000_000, "seed": 3, "cpus": None, "spin": False,
            "expect": {"statuses": None, "bodies": [], "masks": []}}
    return {key: value for key, value in {**spec, **changes}.items() if value is not LEFT_OUT}


class Seam(LoadCase):
    def test_lines(self):
        """--spec -: start, then a line a second from the warm-up on, then the result; nothing else."""
        port, service = self.serve()
        run = self.run_tool("load", "--spec", "-", stdin=json.dumps(spec_of(port)))
        self.check_end(run, MEASURED)
        lines = [json.loads(line) for line in run.out.splitlines()]
        self.assertEqual([list(line) for line in lines],
                         [["start"], ["window"], ["window"], ["window"], ["result"]])
        start = lines[0]["start"]
        self.assertEqual(start["end_ns"] - start["measure_ns"], 1_500_000_000)
        self.assertEqual([line["window"]["t"] for line in lines[1:-1]], [-1, 0, 1])
        result = lines[-1]["result"]
        self.check_result(result)
        self.assertEqual((result["counts"]["due"], result["seed"]), (300, 3))
        first = json.loads(service.out)
        self.assertEqual((first["request"], first["body"]),
                         ("POST /echo HTTP/1.1", b'{"a":1}'.hex()))
        self.assertIn("X-Test: yes", first["headers"])

    def test_term(self):
        """SIGTERM, as race sends it: the result still comes, as the last line, and exit code 130."""
        port, service = self.serve()
        run = self.start("load", "--spec", "-", stdin=json.dumps(spec_of(port, warmup_ns=0)))
        tool.wait_until(lambda: service.out, "the first request")
        run.signal(signal.SIGTERM)
        run.finish(10)
        self.check_end(run, 130)
        result = json.loads(run.out.splitlines()[-1])["result"]
        self.check_result(result)
        self.assertTrue(result["interrupted"])

    def test_refused(self):
        """A target that refuses connections: exit code 1, the cause on stderr, nothing on stdout."""
        port = tool.free_port()
        run = self.run_tool("load", "--spec", "-", stdin=json.dumps(spec_of(port)))
        self.check_end(run, 1, "Connection refused")
        self.assertEqual(run.out, "")


@rows([
    ("A spec that is no JSON is refused.", "rate: 5", "not JSON"),
    ("An empty spec is refused.", "", "not JSON"),
    ("A spec without a rate is refused and the key named.", {"rate": LEFT_OUT}, "rate"),
    ("A spec with a rate that is none is refused.", {"rate": "fast"}, "fast"),
    ("A spec with a number as rate is refused.", {"rate": 200}, "rate"),
    ("A spec of another schema is refused.", {"schema": "dragstrip.load-spec/1"},
     "schema"),
    ("A spec with unknown arrivals is refused.", {"arrivals": "burst"}, "arrivals"),
    ("A spec with a body that is not hexadecimal is refused.", {"bodies_hex": ["zz"]}, "hexadecimal"),
    ("A spec with half a byte of body is refused.", {"bodies_hex": ["abc"]}, "hexadecimal"),
    ("A spec with headers that are no list is refused.", {"headers": "A: b"}, "headers"),
    ("A spec with a header that is none is refused.", {"headers": ["no header"]}, "no header"),
    ("A spec without connections is refused.", {"connections": 0}, "connection"),
    ("A spec with no duration is refused.", {"duration_ns": 0}, "duration"),
    ("A spec with a URL that is none is refused.", {"url": "localhost"}, "localhost"),
    ("A spec with more threads than connections is refused.", {"threads": 5}, "5 threads"),
])
class BadSpecs(CommandCase):
    def check(self, change, word):
        text = change if isinstance(change, str) else json.dumps(spec_of(9, **change))
        self.check_refused(self.run_tool("load", "--spec", "-", stdin=text), word)


class Laws(LoadCase):
    """Runs whose latency is known beforehand (METHOD 9)."""

    def test_generator_stopped(self):
        """The generator itself stopped for 300 ms: INVALID, blamed on the generator, exit code 5."""
        port, service = self.serve()
        run = self.start("load", tool.url_of(port), "-r", "500", "-d", "2s", *QUICK, "--json", "-")
        tool.wait_until(lambda: service.out, "the first request")
        time.sleep(0.5)
        run.signal(signal.SIGSTOP)
        time.sleep(0.3)
        run.signal(signal.SIGCONT)
        run.finish()
        self.check_end(run, 5)
        result = json.loads(run.out)
        self.check_result(result)
        self.assertEqual(result["counts"]["due"], 1000)
        self.blamed_on_machine(result["invalid"])
        self.assertGreater(result["lag"]["max"], 2e8)


    def test_expect_status(self):
        """--expect-status decides which answers are good: 503 may be, and 200 may not."""
        port, _ = self.serve("failing", 4)
        for expected, errors in (("200,503", 0), ("5xx", 75), ("2xx", 25), ("404", 100)):
            run = self.run_tool("load", tool.url_of(port), "-r", "200", "-d", "500ms", "-w", "0s", "-a",
                                "constant", "--expect-status", expected, "--json", "-")
            counts = json.loads(run.out)["counts"]
            self.assertEqual((counts["due"], counts["errors"]["status"]), (100, errors), expected)

    def test_ipv6(self):
        """A target by its IPv6 address, in brackets."""
        port = tool.free_port()
        oracle = tool.Run([tool.ORACLE, "--listen", f"[::1]:{port}"])
        self.addCleanup(oracle.sweep)
        tool.wait_until(lambda: " on [::1]:" in oracle.err or not oracle.is_running(), "the oracle")
        if not oracle.is_running():
            self.skipTest(f"no IPv6 here: {oracle.err}")
        run = self.run_tool("load", f"http://[::1]:{port}/", "-r", "200", "-d", "500ms", "-w", "0s", "-a",
                            "constant", "--json", "-")
        result = json.loads(run.out)
        self.check_result(result)
        self.assertEqual((result["counts"]["due"], result["counts"]["ok"]), (100, 100))

    def test_ramp(self):
        """A ramp at a constant law: each second has its share, to one request, and the mean is offered."""
        port, _ = self.serve()
        run = self.run_tool("load", tool.url_of(port), "-r", "ramp:100..900", "-d", "4s", "-w", "500ms",
                            "-a", "constant", "--json", "-")
        result = json.loads(run.out)
        self.check_result(result)
        self.assertEqual((result["offered_rate"], result["arrivals"]), (500, "constant, ramp:100..900"))
        due = [window["ok"] + window["errors"] for window in result["windows"]]
        for got, expected in zip(due, (200, 400, 600, 800)):
            self.assertLessEqual(abs(got - expected), 1, due)

    def test_burst(self):
        """Bursts at a constant law: as many are due as the rate over time holds, and it is named."""
        port, _ = self.serve()
        rate = "burst:base=100,peak=1k,on=200ms,period=1s"
        run = self.run_tool("load", tool.url_of(port), "-r", rate, "-d", "3s", "-w", "0s", "-a", "constant",
                            "--json", "-")
        result = json.loads(run.out)
        self.check_result(result)
        self.assertEqual(result["counts"]["due"], 840)
        self.assertEqual(result["arrivals"], f"constant, {rate}")

    def test_stall_of_the_generator(self):
        """A stall of the generator that only p99.9 sees is not billed to the service."""
        port, service = self.serve()
        run = self.start("load", tool.url_of(port), "-r", "1000", "-d", "20s", "-w", "0s", "-c", "2",
                         "--json", "-")
        tool.wait_until(lambda: service.out, "the first request")
        time.sleep(0.5)
        run.signal(signal.SIGSTOP)
        time.sleep(0.15)
        run.signal(signal.SIGCONT)
        run.finish(40)
        result = json.loads(run.out)
        self.check_result(result)
        latency, punctual = result["latency"]["p999"], result["latency_less_lag"]["p999"]
        self.assertGreater(latency, 6e7)
        self.assertLess(punctual, latency / 2)

    def test_hanging_is_no_overload(self):
        """Some requests that are never answered are time-outs, not a service that is too slow."""
        port, _ = self.serve("silent", 40)
        run = self.run_tool("load", tool.url_of(port), "-r", "400", "-d", "2s", "-w", "500ms", "-c", "64",
                            "--timeout", "300ms", "-a", "constant", "--json", "-")
        result = json.loads(run.out)
        self.check_result(result)
        self.assertFalse(result["overloaded"])
        self.assertTrue(15 <= result["counts"]["errors"]["timeout"] <= 25, result["counts"])
        self.assertEqual(result["counts"]["expired_waiting"], 0)

    def test_overload(self):
        """Twice what a service can do: the backlog grows and grows, and the run is called overloaded."""
        port, _ = self.serve("slow", 10_000)
        run = self.run_tool("load", tool.url_of(port), "-r", "200", "-d", "3s", "-w", "0s", "-c", "8",
                            "-a", "constant", "--json", "-")
        result = json.loads(run.out)
        self.check_result(result)
        if result["valid"]:
            self.assertTrue(result["overloaded"])
        backlog = result["counts"]["backlog"]
        self.assertLess(backlog["start"] + 100, backlog["middle"])
        self.assertLess(backlog["middle"] + 100, backlog["end"])

    def test_beyond_the_time_out(self):
        """Waits make good latencies longer than the time-out: errors are printed as longer still."""
        port, _ = self.serve("slow", 10_000)
        run = self.run_tool("load", tool.url_of(port), "-r", "110", "-d", "8s", "-w", "0s", "-c", "1",
                            "--timeout", "300ms", "-a", "constant", "--json", "-")
        result = json.loads(run.out)
        self.check_result(result)
        self.assertGreaterEqual(result["errors_above_ns"], 300_000_000)
        if any(result["counts"]["errors"].values()):
            self.assertTrue(str(result["latency"]["mean"]).startswith(">"), result["latency"])
        windows = [window["p99"] for window in result["windows"] if isinstance(window["p99"], (int, float))]
        self.assertGreaterEqual(result["errors_above_ns"] * 1.001, max(windows))


class Freeze(LoadCase):
    """The C service stopped once for 1 s of 10 s at a constant rate, looked at from several sides."""

    @classmethod
    def setUpClass(cls):
        cls.case = case = LoadCase()
        case.setUp()
        port = tool.free_port()
        service = tool.start_service([tool.ECHO, "--listen", f"127.0.0.1:{port}"], port)
        case.addCleanup(service.sweep)
        run = case.start("load", tool.url_of(port, "/healthz"), "-r", "1000", "-d", "10s", "-w", "1s",
                         "-a", "constant", "--json", "-")
        cls.stopped_s = cls.stop_once(service)
        run.finish()
        case.check_end(run, MEASURED)
        cls.result = json.loads(run.out)

    @classmethod
    def tearDownClass(cls):
        cls.case.doCleanups()

    @staticmethod
    def stop_once(service):
        """In the middle; returns for how long, by our own clock."""
        time.sleep(5)
        began = time.monotonic()
        service.signal(signal.SIGSTOP)
        time.sleep(max(0, began + 1 - time.monotonic()))
        service.signal(signal.SIGCONT)
        return time.monotonic() - began

    def test_books(self):
        """Every request that was due is answered in the end."""
        self.check_result(self.result)
        counts = self.result["counts"]
        self.assertEqual((counts["due"], counts["ok"]), (10_000, 10_000))

    def test_percentiles(self):
        """The freeze law: p99 of the latency is 0.90 s, p99.9 is 0.99 s, p50 saw nothing of it."""
        latency = self.result["latency"]
        for name, share in (("p99", 0.01), ("p999", 0.001)):
            expected = (self.stopped_s - share * 10) * 1e9
            self.assertAlmostEqual(latency[name], expected, delta=0.03 * expected)
        self.assertLess(latency["p50"], 5e7)

    def test_windows(self):
        """The stop shows in the second in which it began, at most in one more."""
        slow = [window["t"] for window in self.result["windows"] if window["p99"] > 5e8]
        self.assertIn(len(slow), (1, 2), [window["p99"] for window in self.result["windows"]])
        self.assertEqual(slow[-1] - slow[0], len(slow) - 1)

    def test_one_event(self):
        """METHOD 5: a single stall is one cluster of exceedances, too few to estimate p99 or p99.9 by."""
        for name in ("p99", "p999"):
            self.assertLess(self.result["latency"]["k_eff"][name], 10, name)
