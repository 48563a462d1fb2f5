#!/usr/bin/env python3
"""observability/ is held against a real Prometheus: its configuration, its rules, the dashboard's queries.

    python3 tests/observe/observe_test.py [-k PATTERN]

A Prometheus with our configuration (other ports) scrapes two services under load, their generators and the page
of a race (fake_race.py).  What it computes must be what `dragstrip compare` computes from the same pages, and no
query of the dashboard may come back empty.  Of Grafana itself only the form of its files is looked at.
"""

import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.dont_write_bytecode = True
_here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [_here, *(os.path.join(_here, "..", name) for name in ("lib", "command"))]

import fake_race  # noqa: E402
import prometheus  # noqa: E402
import tap  # noqa: E402
import tool  # noqa: E402

FOLDER = os.path.join(tool.TOP, "observability")
GO = os.path.abspath(os.environ.get("DRAGSTRIP_ECHO_GO", os.path.join(tool.TOP, "build", "echo-go")))
BODY = "@" + os.path.join(tool.TOP, "plans", "bodies", "1024.json")
TOOL_PORT = 18190
RATE_HZ, WARMUP_S, LOAD_S, WINDOW_S = 300, 1, 6, 3
QUANTILES = (0.5, 0.95, 0.99, 0.999)
HISTOGRAM = "http_request_duration_seconds"


def text_of(*names):
    return tool.read(os.path.join(FOLDER, *names)).decode()


CONFIG, RULES, RULES_TEST = (text_of(name) for name in ("prometheus.yml", "rules.yml", "rules_test.yml"))
DASHBOARD = json.loads(text_of("grafana", "dashboards", "dragstrip.json"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def planned():
    """{service: port} of plans/quick.yaml."""
    plan = tool.read(os.path.join(tool.TOP, "plans", "quick.yaml")).decode()
    return {name: int(port) for name, port in
            re.findall(r"^  (\w+):\n(?:    .*\n)*?    url: http://127\.0\.0\.1:(\d+)/", plan, re.M)}


# ---- files ----

class Files(unittest.TestCase):
    def promtool(self, *arguments):
        if why := prometheus.missing("promtool"):
            self.skipTest(why)
        done = subprocess.run([prometheus.program("promtool"), *arguments], cwd=FOLDER, capture_output=True, text=True,
                              timeout=30)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_config(self):
        """promtool accepts the configuration and the rules that it loads."""
        self.promtool("check", "config", "prometheus.yml")

    def test_rules(self):
        """The rules compute and fire as rules_test.yml says."""
        self.promtool("test", "rules", "rules_test.yml")

    def test_tested(self):
        """Every recorded name and every alert is in rules_test.yml."""
        names = re.findall(r"^ +- (?:record|alert): (\S+)$", RULES, re.M)
        self.assertGreater(len(names), 20)
        self.assertEqual([name for name in names if name not in RULES_TEST], [])

    def test_ports(self):
        """What is scraped are the services of plans/quick.yaml, by their names, and the tool."""
        found = re.findall(r'targets: \["127\.0\.0\.1:(\d+)"\]\n +labels: \{service: (\w+)\}', CONFIG)
        self.assertEqual({name: int(port) for port, name in found}, planned())
        self.assertIn(f'targets: ["127.0.0.1:{TOOL_PORT}"]', CONFIG)
        renamed = re.findall(r":(\d+)\(/\.\*\)\?\", target_label: service, replacement: (\w+)\}", CONFIG)
        self.assertEqual({name: int(port) for port, name in renamed}, planned())

    def test_dashboard(self):
        """Panels have an id of their own and a place that no other has; all have a text and ask the chosen source."""
        ids = [panel["id"] for panel in DASHBOARD["panels"]]
        self.assertEqual(len(set(ids)), len(ids))
        taken = {}
        for panel in DASHBOARD["panels"]:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
            for x in range(place["x"], place["x"] + place["w"]):
                for y in range(place["y"], place["y"] + place["h"]):
                    self.assertNotIn((x, y), taken, f"{panel['title']} over {taken.get((x, y))}")
                    taken[x, y] = panel["title"]
        for panel in PANELS:
            self.assertGreater(len(panel["description"]), 5, panel["title"])
            self.assertEqual({target["datasource"]["uid"] for target in panel["targets"]}, {"${datasource}"})
            refs = [target["refId"] for target in panel["targets"]]
            self.assertEqual(len(set(refs)), len(refs))

    def test_provisioning(self):
        """The provisioned source is the one that the dashboard chooses, at the port of `make observe`."""
        source = text_of("grafana", "provisioning", "datasources", "prometheus.yml")
        chosen = next(each for each in DASHBOARD["templating"]["list"] if each["name"] == "datasource")
        self.assertIn(f"uid: {chosen['current']['value']}\n", source)
        observe = tool.read(os.path.join(tool.TOP, "tools", "observe")).decode()
        port = re.search(r"OBSERVE_PORT:-(\d+)", observe)[1]
        self.assertIn(f"url: http://127.0.0.1:{port}\n", source)


# ---- a real Prometheus ----

class Replay:
    """Serves two pages of each service, the first one once: what dragstrip compare scrapes is then exactly these."""

    def __init__(self, pages):
        asked = dict.fromkeys(pages, 0)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path[1:]
                body = pages[name][min(asked[name], 1)]
                asked[name] += 1
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.urls = [f"http://127.0.0.1:{self.server.server_port}/{name}" for name in pages]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Scene(unittest.TestCase):
    """Two services, loaded for some seconds before the eyes of Prometheus, between two times at which they rest."""

    longMessage = True

    @classmethod
    def setUpClass(cls):
        why = tool.missing() or prometheus.missing("prometheus")
        if why:
            raise unittest.SkipTest(why)
        cls.has_go = os.access(GO, os.X_OK)
        cls.folder = tempfile.mkdtemp(prefix="dragstrip-observe-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.ports = {name: tool.free_port() for name in planned()}
        cls.pages = {name: [] for name in ("c", "go")}
        cls.rests = []
        cls.start_services()
        cls.start_prometheus()
        cls.rest()
        cls.load()
        cls.rest()

    @classmethod
    def started(cls, argv, port):
        run = tool.start_service(argv, port)
        cls.addClassCleanup(run.sweep)
        return run

    @classmethod
    def start_services(cls):
        for name, program in (("c", tool.ECHO), ("go", GO if cls.has_go else tool.ECHO)):
            port = cls.ports[name]
            cls.started([program, "--listen", f"127.0.0.1:{port}", "--response-bytes", "2048"], port)
        cls.fake_port = tool.free_port()
        cls.started([sys.executable, "-S", "-E", fake_race.__file__, str(cls.fake_port)], cls.fake_port)

    @classmethod
    def start_prometheus(cls):
        """Our configuration with other ports; each generator and the fake race have one."""
        cls.load_ports = {name: tool.free_port() for name in cls.pages}
        text, own = CONFIG, [cls.fake_port, *cls.load_ports.values()]
        for name, port in planned().items():
            text = text.replace(f":{port}", f":{cls.ports[name]}")
        text = text.replace(f'"127.0.0.1:{TOOL_PORT}"', ", ".join(f'"127.0.0.1:{port}"' for port in own))
        tool.write(os.path.join(cls.folder, "rules.yml"), RULES)
        config = tool.write(os.path.join(cls.folder, "prometheus.yml"), text)
        cls.begin = time.time()
        cls.prometheus = prometheus.Server(config, os.path.join(cls.folder, "data"))
        cls.addClassCleanup(cls.prometheus.stop)

    @classmethod
    def rest(cls):
        """Reads the pages of the services at rest, and waits until Prometheus has them, too: then is cls.rests[-1]."""
        for name, pages in cls.pages.items():
            pages.append(prometheus.get(f"http://127.0.0.1:{cls.ports[name]}/metrics"))
        now = time.time()
        wanted = 'up{job="services", service=~"c|go"}'
        tool.wait_until(lambda: len(cls.prometheus.vector(f"{wanted} == 1")) == 2 and cls.prometheus.scraped(wanted) > now,
                        "Prometheus has scraped both services", 20)
        cls.rests.append(time.time())

    @classmethod
    def load(cls):
        """Loads both at once; meanwhile dragstrip compares them live: cls.live, and cls.live_end, when that ended."""
        loads = []
        for name, port in cls.load_ports.items():
            loads.append(tool.Run([tool.DRAGSTRIP, "load", tool.url_of(cls.ports[name]), "-r", str(RATE_HZ), "-a",
                                   "constant", "-c", "8", "-w", f"{WARMUP_S}s", "-d", f"{LOAD_S}s", "-b", BODY,
                                   "--metrics", str(port)]))
            cls.addClassCleanup(loads[-1].sweep)
        time.sleep(WARMUP_S + 1)
        urls = [tool.url_of(cls.ports[name], "/metrics") for name in cls.pages]
        cls.live = cls.compared(urls, f"{WINDOW_S}s")
        cls.live_end = time.time()
        for each in loads:
            assert each.finish() in (0, 5), f"the load ended with {each.code}: {each.err}"

    @classmethod
    def compared(cls, urls, window):
        """{service: what dragstrip says of it}"""
        run = tool.Run([tool.DRAGSTRIP, "compare", *urls, "--window", window, "--match", "route=/echo", "--json", "-"])
        cls.addClassCleanup(run.sweep)
        assert run.finish() == 0, f"compare ended with {run.code}: {run.err}"
        services = json.loads(run.out)["services"]
        return {name: each["windows"][0] for name, each in zip(cls.pages, services)}

    def risen(self, metric, name):
        """The expression for what a metric of a service rose by between the two rests, to be asked at the second."""
        one = f'{metric}{{job="services", service="{name}", route="/echo"}}'
        back = round((self.rests[1] - self.rests[0]) * 1000)
        return f"({one} - {one} offset {back}ms)"


@tap.rows([(f"The dashboard's panel '{panel['title']}' has data: {target['legendFormat']}.", target["expr"])
           for panel in PANELS for target in panel["targets"]])
class Watched(Scene):
    def check(self, expression):
        if "go_" in expression and not self.has_go:
            self.skipTest("no echo-go: make echo-go")
        for name, value in (("$service", ".*"), ("$__rate_interval", "5s")):
            expression = expression.replace(name, value)
        self.assertNotIn("$", expression)
        found = self.prometheus.series(expression, self.begin, time.time())
        values = [value for _, values in found for value in values]
        self.assertTrue(any(math.isfinite(value) for value in values), f"no data: {expression}")

    def test_variable(self):
        """The services that can be chosen are those of the configuration."""
        query = next(each["definition"] for each in DASHBOARD["templating"]["list"] if each["name"] == "service")
        match = re.fullmatch(r"label_values\((.*), (\w+)\)", query)
        found = self.prometheus.ask(f"label/{match[2]}/values", **{"match[]": match[1]})
        self.assertEqual(sorted(found), sorted(planned()))

    def digits(self, value):
        """As many as dragstrip writes."""
        return float(f"{value:.9g}")

    def test_same(self):
        """Quantiles, counts and means of the same two pages are Prometheus's own, in all nine digits written."""
        replay = Replay(self.pages)
        self.addCleanup(replay.stop)
        ask = lambda expression: self.prometheus.number(expression, self.rests[1])  # noqa: E731
        for name, found in self.compared(replay.urls, "100ms").items():
            count = ask(f"sum({self.risen(HISTOGRAM + '_count', name)})")
            self.assertGreaterEqual(count, RATE_HZ * LOAD_S, name)
            self.assertEqual(found["requests"], count, name)
            mean = ask(f"sum({self.risen(HISTOGRAM + '_sum', name)})") / count
            self.assertAlmostEqual(found["mean_s"], mean, delta=mean * 1e-8, msg=name)
            for at, q in enumerate(QUANTILES):
                value = ask(f"histogram_quantile({q}, sum by (le) ({self.risen(HISTOGRAM + '_bucket', name)}))")
                self.assertEqual(found["quantiles"][at]["quantile"], q)
                self.assertEqual(found["quantiles"][at]["value_s"], self.digits(value), f"{name} {q}")

    def test_live(self):
        """Over the same seconds of a steady load both see the same rate and CPU, but for when they scraped."""
        for name, found in self.live.items():
            of = f'job="services", service="{name}"'
            for key, metric, share in (("rate", f'http_requests_total{{{of}, route="/echo"}}', 0.25),
                                       ("cpus", f"process_cpu_seconds_total{{{of}}}", 0.75)):
                value = self.prometheus.number(f"sum(rate({metric}[{WINDOW_S}s]))", self.live_end)
                self.assertGreater(found[key], 0)
                self.assertAlmostEqual(found[key], value, delta=share * max(value, found[key]), msg=f"{name} {key}")

    def test_recorded(self):
        """The recorded p99 is what histogram_quantile gives over the same five seconds."""
        for name in self.pages:
            recorded = f'service:http_request_duration_seconds:p99{{service="{name}"}}'
            same = 0
            for back in range(4):
                value = self.prometheus.number(recorded, self.live_end - back)
                when = self.prometheus.number(f"timestamp({recorded})", self.live_end - back)
                again = self.prometheus.number(
                    f"histogram_quantile(0.99, sum by (le) (rate({HISTOGRAM}_bucket"
                    f'{{service="{name}", route="/echo"}}[5s])))', when)
                same += math.isclose(value, again, rel_tol=1e-9)
            # A rule does not see a page that is still on its way; asked again later, Prometheus has it.
            self.assertGreaterEqual(same, 2, name)

    def test_names(self):
        """What `dragstrip load` tells of an URL of the plan has the service's name."""
        for name in self.pages:
            found = self.prometheus.series(f'dragstrip_due_total{{service="{name}"}}', *self.rests)
            self.assertEqual([labels["target"] for labels, _ in found], [tool.url_of(self.ports[name])])

    def test_rules(self):
        """Prometheus evaluates every rule without an error, and every alert says what to do."""
        alerts = 0
        for group in self.prometheus.ask("rules")["groups"]:
            for rule in group["rules"]:
                self.assertEqual((rule["health"], rule.get("lastError", "")), ("ok", ""), rule["name"])
                self.prometheus.vector(rule["query"])
                if rule["type"] == "alerting":
                    alerts += 1
                    self.assertGreater(len(rule["annotations"]["action"].split()), 8, rule["name"])
                    self.assertIn("{{ $labels.service }}", rule["annotations"]["summary"], rule["name"])
        self.assertEqual(alerts, len(re.findall(r"- alert: ", RULES)))

    def test_recorded_all(self):
        """Every recorded name has data."""
        for name in re.findall(r"- record: (\S+)", RULES):
            if "go_gc" in name and not self.has_go:
                continue
            found = self.prometheus.series(name, self.begin, time.time())
            self.assertTrue(any(math.isfinite(value) for _, values in found for value in values), name)

    def test_bound(self):
        """The bucket by which the alert on pauses knows those over 10 ms is one of Go's."""
        if not self.has_go:
            self.skipTest("no echo-go: make echo-go")
        selector = re.search(r"go_sched_pauses_total_gc_seconds_bucket\{le=~[^}]*\}", RULES)[0]
        found = self.prometheus.vector(selector)
        self.assertEqual([labels["service"] for labels, _ in found], ["go"])
        self.assertTrue(0.005 <= float(found[0][0]["le"]) <= 0.011, found)


class Race(unittest.TestCase):
    def test_page(self):
        """The page of a race has all that the fake one has, with the same labels."""
        if why := tool.missing():
            self.skipTest(why)
        done = subprocess.run([tool.DRAGSTRIP, "race", "--help"], capture_output=True, text=True, timeout=10)
        if "--metrics" not in done.stdout:
            self.skipTest("this dragstrip has no race --metrics yet")
        folder = tempfile.mkdtemp(prefix="dragstrip-observe-")
        self.addCleanup(shutil.rmtree, folder, True)
        plan = tool.fake_plan({"left": {}, "right": {}}, 2, load={"duration": "2s"})
        tool.write(os.path.join(folder, "plan.yaml"), tool.plan_text(plan))
        port = tool.free_port()
        run = tool.Run([tool.DRAGSTRIP, "race", "plan.yaml", "-o", "out", "--metrics", f"127.0.0.1:{port}"], cwd=folder)
        self.addCleanup(run.sweep)

        def page():
            try:
                text = prometheus.get(f"http://127.0.0.1:{port}/metrics").decode()
            except OSError:
                text = ""
            assert run.is_running(), f"the race ended: {run.err}"
            return text if "\ndragstrip_trial_info{" in text else None

        found = shapes(tool.wait_until(page, "a page of a trial that runs", 20))
        self.assertEqual({shape for shape in shapes(fake_race.page().decode()) if shape not in found}, set())


def shapes(page):
    """{(name, names of the labels)}"""
    return {(re.match(r"\w+", line)[0], tuple(sorted(re.findall(r'(\w+)="', line))))
            for line in page.splitlines() if line and not line.startswith("#")}


if __name__ == "__main__":
    tap.main()
