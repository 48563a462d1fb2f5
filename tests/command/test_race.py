"""dragstrip race when all goes well: what it runs, in which order, and what it writes."""

import collections
import hashlib
import json
import os
import re
import statistics

import race_table
import recompute
import tool
from case import MEASURED, RaceCase

BLOCKS = 6
NAMES = ("quick", "slow")
SLOW_US = 300


def whole_race_plan():
    """Two services that differ by 0.3 ms a request; everything that a plan may say about a service."""
    return tool.fake_plan(
        {"quick": {"build": "echo made of nothing", "needs": ["sh", "echo"],
                   "env": ["FAKE_GREETING=good morning"], "ready": "/healthz"},
         "slow": {"mode": "slow", "number": SLOW_US}},
        design={"blocks": BLOCKS, "margins": {"latency": "7%", "tail": "20%"}},
        title="A race of two", baseline="quick", name="pair",
        load={"rate": 1000, "duration": "500ms", "body": "@body.bin", "method": "PUT",
              "headers": ["X-Test: yes", "Accept: a b"]})


class WholeRace(RaceCase):
    """One race, looked at from many sides."""

    body = b"\x00\xff one body\r\n"

    @classmethod
    def setUpClass(cls):
        """The race is run once; it is swept like that of any case."""
        cls.case = RaceCase()
        cls.case.setUp()
        tool.write(cls.case.path("body.bin"), cls.body)
        cls.run_of_all = cls.case.race(whole_race_plan())
        cls.case.check_end(cls.run_of_all, MEASURED)

    @classmethod
    def tearDownClass(cls):
        cls.case.doCleanups()

    def setUp(self):
        super().setUp()
        self.done, self.out_folder = self.run_of_all, self.case.out_folder
        self.data = self.result()
        self.all, self.counted = self.attempts(), self.trials()

    def blocks(self):
        """{block: its trials in their order}."""
        found = collections.defaultdict(list)
        for trial in self.counted:
            found[trial["block"]].append(trial)
        return found

    def test_exit_code(self):
        """The exit code is 5 if and only if a trial that counts is INVALID, for a machine's reason."""
        self.assertEqual(self.done.code, 5 if any(trial["invalid"] for trial in self.counted) else 0)
        self.blamed_on_machine([reason for trial in self.all for reason in trial["invalid"]])

    def test_attempts(self):
        """A trial is run once more, at once and as it was, if and only if the generator was late."""
        for at, trial in enumerate(self.all):
            again = self.all[at + 1] if at + 1 < len(self.all) and self.all[at + 1]["attempt"] == 2 else None
            late = any("is over 1 ms" in reason for reason in trial["invalid"])
            self.assertEqual(trial["attempt"] == 1 and late, again is not None)
            for key in ("block", "position", "service", "seed") if again else ():
                self.assertEqual(again[key], trial[key])
        self.assertEqual({trial["attempt"] for trial in self.all} - {1, 2}, set())
        repeated = sum(service["trials_repeated"] for service in self.data["summary"])
        self.assertEqual(repeated, len(self.all) - len(self.counted))
        self.assertEqual(self.done.err.count("is run again: "), repeated)

    def test_files(self):
        """The folder holds exactly the plan, the result, the report, a file a trial, the logs."""
        found = sorted(os.path.relpath(os.path.join(place, name), self.out_folder)
                       for place, _, names in os.walk(self.out_folder) for name in names)
        trials = [self.name_of(trial) for trial in self.all]
        self.assertEqual(found, sorted(
            ["plan.yaml", "result.json", "report.md", "junit.xml", "logs/build-quick.log",
             *[f"trials/{trial}.json" for trial in trials],
             *[f"logs/{trial}.log" for trial in trials]]))

    def test_plan(self):
        """plan.yaml is the plan byte for byte; result.json has its text and its hash."""
        text = tool.read(os.path.join(self.out_folder, "plan.yaml"))
        self.assertEqual(text, tool.read(self.case.plan_path))
        self.assertEqual(self.data["plan"]["text"], text.decode())
        self.assertEqual(self.data["plan"]["hash"], hashlib.sha256(text).hexdigest())

    def test_result(self):
        """result.json tells what was run, and that it is whole."""
        told = {key: self.data[key] for key in ("name", "title", "seed", "blocks_planned", "baseline",
                                                "partial")}
        self.assertEqual(told, {"name": "pair", "title": "A race of two", "seed": 7, "partial": False,
                                "blocks_planned": BLOCKS, "baseline": "quick"})
        self.assertEqual([service["name"] for service in self.data["services"]], list(NAMES))
        self.assertFalse(any(service["skipped"] for service in self.data["services"]))
        params = self.data["cells"][0]["params"]
        self.assertEqual((params["rate"], params["duration_ns"], params["body_bytes"]),
                         (1000, 500_000_000, len(self.body)))

    def test_limits(self):
        """result.json keeps the margins and limits that the verdicts rest on."""
        self.assertEqual(self.data["limits"],
                         {"margin_latency": 0.07, "margin_tail": 0.2, "errors": 1, "steal": 1, "others": 1,
                          "answers": "body"})

    def test_order(self):
        """Each service once a block; with two of them each begins in half of the blocks."""
        self.assertEqual(len(self.counted), BLOCKS * len(NAMES))
        for trials in self.blocks().values():
            self.assertEqual(sorted(t["service"] for t in trials), list(NAMES))
            self.assertEqual([t["position"] for t in trials], [1, 2])
        first = [trials[0]["service"] for trials in self.blocks().values()]
        self.assertEqual(first.count("quick"), BLOCKS // 2)

    def test_seeds(self):
        """Within a block all have the same arrivals, by seed and by count; another block has others."""
        seeds = []
        for block in self.blocks():
            trials = [trial for trial in self.all if trial["block"] == block]
            self.assertEqual(len({t["seed"] for t in trials}), 1)
            self.assertEqual({t["load"]["seed"] for t in trials}, {trials[0]["seed"]})
            self.assertEqual(len({t["load"]["counts"]["due"] for t in trials}), 1)
            seeds.append(trials[0]["seed"])
        self.assertEqual(len(set(seeds)), BLOCKS)

    def test_trials(self):
        """A trial's own file is its record in result.json, and its windows besides."""
        for trial in self.all:
            kept = json.loads(tool.read(os.path.join(self.out_folder, f"trials/{self.name_of(trial)}.json")))
            windows = kept["load"].pop("windows")
            self.assertEqual(kept, trial)
            self.check_books({**kept["load"], "windows": windows})

    def test_costs(self):
        """Each trial has a cold start, a drain, memory and CPU time of the service."""
        for trial in self.all:
            self.assertEqual(trial["outcome"], "ok")
            self.assertIsNone(trial["why"])
            self.assertFalse(trial["drain_killed"])
            self.assertTrue(1e6 < trial["cold_start_ns"] < 20e9, trial["cold_start_ns"])
            self.assertTrue(0 < trial["drain_ns"] < 5e9, trial["drain_ns"])
            self.assertTrue(2e6 < trial["rss_peak_bytes"] < 2e8, trial["rss_peak_bytes"])
            self.assertGreaterEqual(trial["rss_peak_bytes"], trial["rss_end_bytes"])
            self.assertGreater(trial["cpu_us_per_request"], 3, "Python takes more than that")
            self.assertLess(trial["cpu_seconds"], 5)
            self.assertEqual(trial["processes"], 1)

    def test_latency(self):
        """The slow service is measured as slow, in every trial."""
        for trial in self.all:
            if trial["service"] == "slow":
                self.assertGreater(trial["load"]["latency"]["p50"], SLOW_US * 1e3)

    def test_verdict(self):
        """Its median is SLOWER, with an interval above 1; with an INVALID trial there is no verdict."""
        found = [c for c in self.data["comparisons"] if c["metric"] == "p50"]
        self.assertEqual([(c["baseline"], c["service"]) for c in found], [("quick", "slow")])
        self.assertGreater(found[0]["ci95"][0], 1.5)
        self.assertEqual(found[0]["n"], BLOCKS)
        k_eff = min(self.median_k_eff(name) for name in NAMES)
        expected = "INVALID" if self.done.code == 5 else "NONE" if k_eff < 100 else "SLOWER"
        self.assertEqual(found[0]["verdict"], expected)

    def test_gate(self):
        """A rule that the slow service breaks by far is broken wherever its median has a verdict."""
        verdict = [c["verdict"] for c in self.data["comparisons"] if c["metric"] == "p50"][0]
        run = self.run_tool("gate", self.out_folder, "--fail-if", "p50 worse by 30%")
        self.check_end(run, 3 if verdict == "SLOWER" else 5)

    def median_k_eff(self, service):
        return statistics.median(t["load"]["latency"]["k_eff"]["p50"] for t in self.counted
                                 if t["service"] == service)

    def test_recomputed(self):
        """Every figure of report.md, junit.xml and the terminal's table follows from result.json."""
        self.check_recomputed()
        rows = race_table.table(race_table.Race(self.data))
        self.assertEqual(recompute.row_differences(rows, recompute.terminal_rows(self.done.out), "terminal"), [])

    def test_request(self):
        """Body, method and headers of the plan reach every service; its env reaches its own."""
        for name, greeting in (("quick", "good morning"), ("slow", None)):
            first = self.first_request(name)
            self.assertEqual(first["request"], "PUT /echo HTTP/1.1")
            self.assertEqual(bytes.fromhex(first["body"]), self.body)
            self.assertIn("X-Test: yes", first["headers"])
            self.assertIn("Accept: a b", first["headers"])
            self.assertEqual(first["greeting"], greeting)

    def test_build_log(self):
        """What a build says is kept."""
        self.assertEqual(self.log("build-quick.log"), "made of nothing\n")

    def test_report(self):
        """The report goes to stdout and to report.md: title, services, seed, hash of the plan."""
        page = tool.read(os.path.join(self.out_folder, "report.md")).decode()
        for text in (self.done.out, page):
            for word in ("A race of two", *NAMES, self.data["plan"]["hash"][:8]):
                self.assertIn(word, text)
            self.assertNotIn("\033", text, "colour only on a terminal")
            self.assertNotIn("interrupted", text)

    def test_progress(self):
        """On a pipe each finished trial is a line on stderr, and the folder is named at the end."""
        lines = re.findall(r"^block \d/6 +trial \d+/12 +(\w+): p50", self.done.err, re.M)
        self.assertEqual(lines, [trial["service"] for trial in self.counted])
        self.assertIn(f"All of it is in {self.out_folder}", self.done.err)
        self.assertNotIn("\r", self.done.err)


class SmallRaces(RaceCase):
    def running_plan(self, ports, blocks, seed, **load):
        """Services that run already: no process to start, so many blocks take little time."""
        return {"services": {name: {"url": tool.url_of(port)} for name, port in ports.items()},
                "load": {"rate": 200, "connections": 2, "duration": "20ms", "warmup": "1ms", **load},
                "design": {"blocks": blocks, "seed": seed}, "limits": {"steal": "100%", "others": "100%"}}

    def test_running_services(self):
        """Services given by URL are raced and left alone; the seed decides order and arrivals."""
        served = {name: self.serve() for name in "abc"}
        ports = {name: port for name, (port, _) in served.items()}
        story = []
        for at, seed in enumerate((5, 5, 6)):
            run = self.race(self.running_plan(ports, 3, seed), output=f"out{at}")
            self.check_end(run, MEASURED)
            story.append([(t["block"], t["service"], t["seed"]) for t in self.trials()])
            self.assertTrue(all(t["cold_start_ns"] is None for t in self.trials()))
        self.assertEqual(story[0], story[1])
        self.assertNotEqual([s[1] for s in story[0]], [s[1] for s in story[2]])
        self.assertNotEqual([s[2] for s in story[0]], [s[2] for s in story[2]])
        self.assertGreater(len({tuple(s[1] for s in story[0][at:at + 3]) for at in (0, 3, 6)}), 1)
        for _, service in served.values():
            self.assertTrue(service.is_running())

    def test_folder_by_name_and_time(self):
        """Without -o the folder is out/NAME-YYYYmmdd-HHMMSS, and a second race gets one of its own."""
        plan = self.running_plan({"a": self.serve()[0]}, 1, 1)
        for count in (1, 2):
            run = self.race(plan, output=None)
            self.check_end(run, MEASURED)
            found = os.listdir(self.path("out"))
            self.assertEqual(len(found), count)
            for name in found:
                self.assertRegex(name, r"\Aplan-\d{8}-\d{6}(-\d+)?\Z")
                self.assertIn("result.json", os.listdir(self.path("out", name)))

    def test_same_port_again(self):
        """A service without SO_REUSEADDR starts on its port block after block."""
        run = self.race(tool.fake_plan({"a": {"mode": "strict"}}, blocks=3))
        self.check_end(run, MEASURED)
        self.assertEqual([t["outcome"] for t in self.trials()], ["ok"] * 3)

    def test_cpu_of_helpers(self):
        """The CPU time of a process that the service left to others is the service's."""
        run = self.race(tool.fake_plan({"a": {"mode": "helped"}, "b": {}}, load={"duration": "1s"}))
        self.check_end(run, MEASURED)
        used = {t["service"]: t["cpu_seconds"] for t in self.trials()}
        self.assertGreater(used["a"], used["b"] + 0.2)
        self.assertEqual({t["service"]: t["processes"] for t in self.trials()}, {"a": 2, "b": 1})

    def test_plan_elsewhere(self):
        """A body's path begins at the plan's folder, a command's at the folder one is in."""
        os.mkdir(self.path("plans"))
        tool.write(self.path("plans", "body"), "from the plan's folder")
        plan = tool.fake_plan({"a": {"build": "echo from here > built"}}, load={"body": "@body"})
        tool.write(self.path("plans", "p.yaml"), tool.plan_text(plan))
        self.out_folder = self.path("out")
        self.check_end(self.run_tool("race", "plans/p.yaml", "-o", "out"), MEASURED)
        self.assertEqual(bytes.fromhex(self.first_request("a")["body"]), b"from the plan's folder")
        self.assertTrue(os.path.exists(self.path("built")))

    def test_ready_path(self):
        """The path of the plan's ready key is what is probed."""
        self.check_end(self.race(tool.fake_plan({"a": {"ready": "/up"}}, load={"duration": "50ms"})),
                       MEASURED)
        self.assertEqual(self.first_request("a")["request"], "GET /up HTTP/1.1")

    def test_cpus(self):
        """Services run on the CPUs of the plan; shared with the generator, they are a doubt."""
        cpu = max(os.sched_getaffinity(0))
        run = self.race(tool.fake_plan({"a": {}}, cpus={"service": str(cpu), "generator": str(cpu)}))
        self.check_end(run, MEASURED)
        self.assertEqual(self.first_request("a")["cpus"], [cpu])
        machine = self.result()["machine"]
        self.assertEqual((machine["service_cpus"], machine["generator_cpus"], machine["cpus_shared"]),
                         (str(cpu), str(cpu), True))
        self.assertIn("share CPUs", run.out)

    def test_constant_rate(self):
        """The plan's load is the generator's: constant arrivals, threads, connections, time-out."""
        port, _ = self.serve()
        run = self.race(self.running_plan({"a": port}, 1, 1, arrivals="constant", rate="1k", threads=2,
                                          connections=5, duration="200ms", timeout="750ms"))
        self.check_end(run, MEASURED)
        load = self.trials()[0]["load"]
        self.assertEqual((load["arrivals"], load["counts"]["due"], load["threads"], load["connections"],
                          load["timeout_ns"]), ("constant", 200, 2, 5, 750_000_000))

    def test_error_limit(self):
        """More errors than the plan's limit make the trial INVALID; at the limit they do not."""
        for limit, words in (("9%", "10.00 % of the requests failed, the plan's limit is 9.00 %"),
                             ("10%", None)):
            port, _ = self.serve("failing", 10)
            plan = self.running_plan({"a": port}, 1, 1, arrivals="constant", rate="500",
                                     duration="1s", warmup="0s")
            plan["limits"]["errors"] = limit
            run = self.race(plan, output="out" + limit[:-1])
            self.check_end(run, MEASURED)
            trial = self.trials()[0]
            self.assertEqual(trial["load"]["counts"]["errors"]["status"], 50)
            self.assertEqual(words in trial["invalid"], words is not None, trial["invalid"])
            self.blamed_on_machine(set(trial["invalid"]) - {words})
            self.assertEqual(run.code, 5 if trial["invalid"] else 0)

    def test_slow_to_stop(self):
        """A service that takes its time to stop is waited for, and the time is in the record."""
        plan = tool.fake_plan({"a": {"mode": "lingers", "number": 400}})
        self.check_end(self.race(plan), MEASURED)
        trial = self.trials()[0]
        self.assertTrue(4e8 < trial["drain_ns"] < 5e9, trial["drain_ns"])
        self.assertFalse(trial["drain_killed"])

    def test_stdout_full(self):
        """A report that cannot be printed: exit code 1, and where the files are."""
        port, _ = self.serve()
        with open("/dev/full", "w") as full:
            run = self.race(self.running_plan({"a": port}, 1, 1), stdout=full)
        self.check_end(run, 1, "standard output", "No space", self.out_folder)
        self.assertFalse(self.result()["partial"])
