"""dragstrip race --metrics: the page that Prometheus reads while a race runs, held against what the race writes."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import tool
from case import MEASURED, LoadCase, RaceCase
from test_load import spec_of

sys.path.append(os.path.join(tool.TOP, "tests", "contract"))  # behind this folder's own case.py
import openmetrics  # noqa: E402

RATE, WARM_UP_MS, LINGER_MS = 200, 300, 800
WARM_UP = RATE * WARM_UP_MS // 1000  # requests that are due in the warm-up of each trial
NAMES = ("a", "b")
OPEN = "application/openmetrics-text;version=1.0.0"
SAMPLE = re.compile(r'([a-z_]+)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'([a-z]+)="([^"]*)"')


def plan():
    """Two services that take their time to stop, so that the page can be read when a trial's load is over."""
    return tool.fake_plan(
        {"a": {"mode": "lingers", "number": LINGER_MS}, "b": {"mode": "flawed", "number": LINGER_MS}}, blocks=2,
        load={"rate": RATE, "arrivals": "constant", "connections": 2, "duration": "1300ms",
              "warmup": f"{WARM_UP_MS}ms"})


def scrape(port, accept=None):
    """The page's text; None when nobody listens."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Accept": accept or "*/*"})
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            return reply.read().decode()
    except OSError:
        return None


def samples(page):
    """{(name, labels as sorted pairs): value} of a page of text."""
    found = {}
    for line in page.splitlines():
        if not line.startswith("#"):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            found[name, tuple(sorted(LABEL.findall(labels or "")))] = float(value)
    return found


def of_service(page, name, service, **more):
    """The value of the sample with this name, of this service, that has these labels, too."""
    wanted = {("service", service), *more.items()}
    found = [value for (each, labels), value in page.items() if each == name and wanted <= set(labels)]
    assert len(found) == 1, f"{name} of {service}, {more}: {found}"
    return found[0]


class Scraper(threading.Thread):
    """Reads the page, in both formats in turn, until nobody listens any more."""

    def __init__(self, run, port):
        super().__init__()
        self.run_of_race, self.port, self.texts, self.opens = run, port, [], []

    def run(self):
        while self.run_of_race.is_running():
            for accept, pages in ((None, self.texts), (OPEN, self.opens)):
                if page := scrape(self.port, accept):
                    pages.append(page)
            time.sleep(0.05)


def promtool():
    """The tool's path; None without it."""
    own = os.path.join(tool.TOP, "build", "promtool")
    return shutil.which("promtool") or (own if os.access(own, os.X_OK) else None)


def judged(path, page):
    done = subprocess.run([path, "check", "metrics"], input=page, capture_output=True, text=True, timeout=20)
    return done.returncode, done.stdout, done.stderr


class LivePage(RaceCase):
    """One race, scraped all the time."""

    @classmethod
    def setUpClass(cls):
        cls.case, cls.port = RaceCase(), tool.free_port()
        cls.case.setUp()
        run = cls.case.start_race(plan(), "--metrics", str(cls.port))
        cls.scraper = Scraper(run, cls.port)
        cls.scraper.start()
        run.finish()
        cls.scraper.join()
        cls.case.check_end(run, MEASURED)
        cls.pages = [samples(page) for page in cls.scraper.texts]

    @classmethod
    def tearDownClass(cls):
        cls.case.doCleanups()

    def setUp(self):
        super().setUp()
        self.out_folder = self.case.out_folder

    def infos(self):
        """The labels of the trial that runs, of each page that has one."""
        for page in self.pages:
            yield from (dict(labels) for name, labels in page if name == "dragstrip_trial_info")

    def test_only_grow(self):
        """No counter of any service ever goes back, from trial to trial and within one."""
        kinds = ("_total", "_bucket", "_count", "_sum")
        last = {}
        for page in self.pages:
            counters = {key: value for key, value in page.items() if key[0].endswith(kinds)}
            self.assertEqual(counters.keys(), last.keys() or counters.keys(), "all are there from the start")
            for key, value in counters.items():
                self.assertGreaterEqual(value, last.get(key, 0), key)
            last = counters
        self.assertGreater(len(self.pages), 20)
        self.assertEqual(len(last), len(NAMES) * (1 + 1 + 7 + 20 + 2))

    def test_from_zero(self):
        """Before the first trial all services are there with nothing counted."""
        for name in NAMES:
            self.assertEqual(of_service(self.pages[0], "dragstrip_due_total", name), 0)
            self.assertEqual(of_service(self.pages[0], "dragstrip_offered_rate", name), RATE)

    def test_sums(self):
        """In the end exactly what the trials and their warm-ups counted is on the page: nothing lost, nothing twice."""
        for name in NAMES:
            trials = self.attempts(name)
            counts = [trial["load"]["counts"] for trial in trials]
            due = sum(count["due"] for count in counts) + WARM_UP * len(trials)
            # A tenth of each process's requests fails for b: which of them are in the warm-up is not in the trials.
            each = [count["due"] + WARM_UP for count in counts]
            failed = sum(n // 10 for n in each) if name == "b" else 0
            page = self.pages[-1]
            self.assertEqual(of_service(page, "dragstrip_due_total", name), due)
            self.assertEqual(of_service(page, "dragstrip_ok_total", name), due - failed)
            self.assertEqual(of_service(page, "dragstrip_errors_total", name, kind="status"), failed)
            self.assertEqual(of_service(page, "dragstrip_errors_total", name, kind="timeout"), 0)
            self.assertEqual(of_service(page, "dragstrip_latency_seconds_count", name), due)
            self.assertEqual(of_service(page, "dragstrip_latency_seconds_bucket", name, le="+Inf"), due)
            self.assertEqual(of_service(page, "dragstrip_latency_seconds_bucket", name, le="10"), due - failed)

    def test_latency_sum(self):
        """The sum of latencies is that of the trials and a little more, for the warm-ups."""
        loads = [trial["load"] for trial in self.attempts("a")]  # b has errors, and so no mean
        measured = sum(load["latency"]["mean"] * load["counts"]["ok"] for load in loads) / 1e9
        self.assertGreater(of_service(self.pages[-1], "dragstrip_latency_seconds_sum", "a"), 0.999 * measured)

    def test_where_it_is(self):
        """Each trial is named with its phases, in the order of the race."""
        order = {"start": 0, "warmup": 1, "measured": 2, "stop": 3}
        places = [(int(info["block"]), int(info["trial"]), info["service"]) for info in self.infos()]
        seen = list(dict.fromkeys(places))
        wanted = [(t["block"], at + 1, t["service"]) for at, t in enumerate(self.trials())]
        self.assertEqual(seen, wanted)
        for place in wanted:
            phases = [order[info["phase"]] for info, at in zip(self.infos(), places) if at == place]
            if self.attempts() == self.trials():
                self.assertEqual(phases, sorted(phases))
            self.assertLessEqual({2, 3}, set(phases), "measured and stop are long enough to be seen")

    def test_race_gauges(self):
        """Block and trial of the race, and how many there are."""
        for page in self.pages:
            self.assertEqual(page["dragstrip_race_blocks", ()], 2)
        last = self.pages[-1]
        found = [last[f"dragstrip_race_{name}", ()] for name in ("block", "trial", "trials")]
        self.assertEqual(found, [2, 4, 4])
        blocks = [page["dragstrip_race_block", ()] for page in self.pages]
        self.assertEqual(blocks, sorted(blocks))
        self.assertLessEqual(blocks[0], 1)

    def test_who_does_not_run(self):
        """What tells of now is 0 for a service that is not under load, and not for one that is."""
        rates = {name: [] for name in NAMES}
        for page in self.pages:
            running = [dict(labels)["service"] for name, labels in page if name == "dragstrip_trial_info"]
            for name in NAMES:
                now = [of_service(page, f"dragstrip_{what}", name)
                       for what in ("in_flight", "queued", "lag_max_seconds", "achieved_rate")]
                rates[name].append(now[-1])
                if name not in running:
                    self.assertEqual(now, [0, 0, 0, 0])
        for name in NAMES:
            self.assertTrue(RATE / 2 < max(rates[name]) < RATE * 2, max(rates[name]))

    def test_promtool(self):
        """promtool has nothing against the page, not even a hint."""
        path = promtool()
        if not path:
            self.skipTest("no promtool: apt-get install prometheus, or tools/needs check")
        middle = next(page for page in self.scraper.texts if 'phase="measured"' in page)
        for page in (self.scraper.texts[0], middle, self.scraper.texts[-1]):
            self.assertEqual(judged(path, page), (0, "", ""))
        bad = middle.replace("# HELP dragstrip_race_block ", "# X ")
        self.assertNotEqual(judged(path, bad), (0, "", ""), "it sees a missing HELP")

    def test_openmetrics(self):
        """Who prefers OpenMetrics gets it, as the specification demands."""
        for page in self.scraper.opens:
            self.assertGreater(len(openmetrics.read(page)), 60)
        middle = next(page for page in self.scraper.opens if 'phase="measured"' in page)
        self.assertIn("# TYPE dragstrip_trial info\n", middle)


class Ends(RaceCase):
    def test_busy_port(self):
        """A port that is taken, or no address: a sentence before anything is built, started or written."""
        race = tool.fake_plan({"a": {"build": "touch built"}})
        with socket.create_server(("127.0.0.1", 0)) as busy:
            for address, word in ((f"127.0.0.1:{busy.getsockname()[1]}", "in use"), ("nowhere", "HOST:PORT")):
                run = self.race(race, "--metrics", address)
                self.check_end(run, 1, "--metrics", word)
                self.assertEqual(os.listdir(self.folder), ["plan.yaml"])

    def test_interrupt(self):
        """Ctrl-C ends the page with the race; what was counted until then was on it."""
        port = tool.free_port()
        race = tool.fake_plan({"a": {}}, load={"duration": "20s", "warmup": "1s"})
        run = self.start_race(race, "--metrics", str(port))
        self.wait_request(run, "001-a")
        tool.wait_until(lambda: of_service(samples(scrape(port)), "dragstrip_ok_total", "a") > 0, "a second on it")
        with socket.create_connection(("127.0.0.1", port)):  # a client that says nothing holds nothing up for long
            self.interrupt(run)
        self.check_end(run, 130)
        self.assertIsNone(scrape(port))

    def test_death(self):
        """Of a service that dies under load, what was counted until then stays, and the next trial adds to it."""
        port = tool.free_port()
        race = tool.fake_plan({"a": {"mode": "dies", "number": 400}, "b": {}}, blocks=2,
                              load={"rate": RATE, "arrivals": "constant", "duration": "3s", "warmup": "100ms"})
        run = self.start_race(race, "--metrics", str(port))
        scraper = Scraper(run, port)
        scraper.start()
        run.finish()
        scraper.join()
        self.check_end(run, 1, "died in the trial")
        last = samples(scraper.texts[-1])
        self.assertTrue(400 <= of_service(last, "dragstrip_ok_total", "a") <= 2 * 400)
        self.assertGreater(of_service(last, "dragstrip_ok_total", "b"), 3 * RATE)


class Seam(LoadCase):
    def lines(self, **changes):
        """The lines of a generator that race starts, and their members."""
        port, _ = self.serve("failing", 10)
        run = self.run_tool("load", "--spec", "-", stdin=json.dumps(spec_of(port, **changes)))
        self.check_end(run, MEASURED)
        return [json.loads(line) for line in run.out.splitlines()]

    def test_figures(self):
        """Asked for, figures are in each line but the first, numbered, and in the sum they are all that was done."""
        lines = self.lines(figures=True)
        self.assertEqual([sorted(line) for line in lines],
                         [["start"], ["figures", "window"], ["figures"], ["figures", "window"], ["figures", "window"],
                          ["figures"], ["figures_lines", "result"]])
        figures = [line["figures"] for line in lines[1:-1]]
        self.assertEqual([each["line"] for each in figures], list(range(1, len(figures) + 1)))
        self.assertEqual(lines[-1]["figures_lines"], len(figures))
        self.assertEqual(["now" in each for each in figures], [True, False, True, True, False])
        self.assertEqual([sum(each[key] for each in figures) for key in ("due", "ok")], [500, 450])
        self.assertEqual(sum(each["errors"]["status"] for each in figures), 50)
        for each in figures:
            self.assertEqual(each["within"], sorted(each["within"]))
            self.assertLessEqual(each["within"][-1], each["ok"])

    def test_not_asked(self):
        """Not asked for, there are none, as in a race without --metrics."""
        for changes in ({"figures": False}, {}):
            for line in self.lines(warmup_ns=0, duration_ns=100_000_000, **changes):
                self.assertFalse({"figures", "figures_lines"} & set(line), line)
