"""What a plan may say beside services and load: extends, --set, control, stop_when, answers; and --dry-run."""

import hashlib
import os
import re

import tool
from case import MEASURED, RaceCase
from tap import rows

SHORT = {"duration": "20ms", "warmup": "1ms", "rate": 200}


def url_plan(ports, blocks=1, **changes):
    plan = tool.fake_plan({}, blocks, **{"load": SHORT, **changes})
    plan["services"] = {name: {"url": tool.url_of(port)} for name, port in ports.items()}
    return plan


class SettingsCase(RaceCase):
    def out_file(self, name):
        return tool.read(os.path.join(self.out_folder, name)).decode()

    def dry_run(self, plan, *options):
        run = self.start_race(plan, "--dry-run", *options, output=None)
        run.finish()
        self.check_end(run, 0)
        self.assertEqual((run.err, os.listdir(self.folder)), ("", ["plan.yaml"]))
        return " ".join(run.out.split())

    def check_plan_of_folder(self):
        """plan.yaml in the folder says all by itself, and its hash is in the result."""
        text = self.out_file("plan.yaml")
        result = self.result()
        self.assertEqual(result["plan"], {"text": text, "hash": hashlib.sha256(text.encode()).hexdigest()})
        self.assertNotIn("extends", text)


class Set(SettingsCase):
    def test_values(self):
        """--set puts values over the plan, also new keys, lists and those of a service with a point."""
        port = self.serve()[0]
        plan = url_plan({"a": port, "b.c": 9})
        settings = ["load.rate=250", "load.arrivals=constant", "load.duration=40ms", "design.seed=11",
                    f"services.b.c.url={tool.url_of(port, '/other')}", "load.headers=['X-Set: yes']",
                    "title=As it is set", "limits.errors=7%"]
        run = self.race(plan, *(word for setting in settings for word in ("--set", setting)))
        self.check_end(run, MEASURED)
        result = self.result()
        self.assertEqual((result["title"], result["seed"], result["limits"]["errors"]), ("As it is set", 11, .07))
        loads = {t["service"]: t["load"] for t in self.trials()}
        self.assertEqual({load["counts"]["due"] for load in loads.values()}, {10})
        self.assertTrue(loads["b.c"]["target"].endswith("/other"), loads["b.c"]["target"])
        self.check_plan_of_folder()
        self.check_recomputed()

    def test_headers(self):
        """A list of the plan is replaced as a whole."""
        plan = tool.fake_plan({"a": {}}, load={**SHORT, "headers": ["X-Old: 1"]})
        self.check_end(self.race(plan, "--set", "load.headers=['X-New: 1', 'X-Next: 2']"), MEASURED)
        headers = self.first_request("a")["headers"]
        self.assertEqual([h for h in headers if h.startswith("X-")], ["X-New: 1", "X-Next: 2"])

    def test_last_counts(self):
        """Of two settings of a key the last one counts."""
        text = self.dry_run(tool.fake_plan({"a": {}}), "--set", "design.blocks=3", "--set", "design.blocks=4")
        self.assertIn("4 trials in 4 blocks", text)

    def test_raced_again(self):
        """The plan in the folder is the whole plan: raced from there, it is the same race."""
        ports = {name: self.serve()[0] for name in "ab"}
        self.check_end(self.race(url_plan(ports), "--set", "design.blocks=2", "--set", "design.seed=5",
                                 "--set", "name=pair"), MEASURED)
        first, trials, plan = self.result(), self.trials(), self.out_file("plan.yaml")
        run = self.run_tool("race", "out/plan.yaml", "-o", "again")
        self.check_end(run, MEASURED)
        self.out_folder = self.path("again")
        again = self.result()
        self.assertEqual(self.out_file("plan.yaml"), plan)
        for key in ("name", "title", "seed", "plan", "limits", "services", "blocks_planned", "baseline"):
            self.assertEqual(again[key], first[key])
        places = [[(t["block"], t["service"], t["seed"]) for t in race] for race in (trials, self.trials())]
        self.assertEqual(*places)


@rows([
    ("An unknown key is refused, by the setting, with the nearest one.", ["load.rte=5k"],
     ["--set load.rte=5k", "'rte' in load", "'rate'"]),
    ("A value that cannot be is refused, by the setting.", ["load.rate=fast"], ["--set load.rate=fast"]),
    ("A value that is no YAML is refused.", ["load.headers=[a"], ["--set load.headers=[a", "not YAML"]),
    ("A setting without a value is refused with an example.", ["load.rate="], ["KEY=VALUE", "load.rate=5k"]),
    ("A setting without a key is refused.", ["=5"], ["KEY=VALUE"]),
    ("A setting that is none is refused.", ["load.rate"], ["KEY=VALUE"]),
    ("A key below a value is refused.", ["load.rate.fast=1"], ["--set load.rate.fast=1"]),
    ("A service that is not there cannot be half made.", ["services.z.ready=/up"], ["'url' is missing"]),
    ("A baseline that is none is refused, by the setting.", ["baseline=z"], ["--set baseline=z", "'z'"]),
    ("Of many settings the wrong one is named.", ["load.rate=5", "design.blocks=0", "design.seed=3"],
     ["--set design.blocks=0"]),
    ("A precision that is none is refused.", ["design.stop_when=p50 within 0%"], ["p50 within", "5%"]),
    ("A precision of what is never judged is refused.", ["design.stop_when=max within 5%"], ["max within 5%"]),
    ("A level of answers that is none is refused.", ["design.answers=same"], ["body, length, status or any"]),
    ("A control that is neither yes nor no is refused.", ["design.control=maybe"], ["control"]),
])
class BadSettings(RaceCase):
    def check(self, settings, words):
        plan = tool.fake_plan({"a": {"build": "touch started"}, "b": {}})
        run = self.race(plan, *(word for setting in settings for word in ("--set", setting)))
        self.check_refused(run, *words)
        self.assertEqual(os.listdir(self.folder), ["plan.yaml"])


class Extends(SettingsCase):
    def setUp(self):
        super().setUp()
        os.makedirs(self.path("base", "deep"))
        os.mkdir(self.path("mine"))
        self.out_folder = self.path("out")

    def write(self, *names, plan):
        tool.write(self.path(*names), plan if isinstance(plan, str) else tool.plan_text(plan))

    def race_mine(self, *options):
        return self.run_tool("race", "mine/plan.yaml", "-o", "out", *options)

    def test_paths(self):
        """A path belongs to the plan that names it; mappings are merged, the rest is replaced."""
        tool.write(self.path("base", "deep", "body"), "of the base")
        tool.write(self.path("mine", "expected"), "{}")
        deep = tool.fake_plan({"a": {}}, load={**SHORT, "body": "@body", "headers": ["X-Old: 1"]}, title="deep")
        self.write("base", "deep", "plan.yaml", plan=deep)
        self.write("base", "plan.yaml", plan={"extends": "deep/plan.yaml", "design": {"seed": 12}, "title": "base"})
        self.write("mine", "plan.yaml", plan={"extends": "../base/plan.yaml", "title": "mine",
                                              "load": {"headers": ["X-New: 1"], "expect_body": "@expected"}})
        self.check_end(self.race_mine(), MEASURED)
        first, result = self.first_request("a"), self.result()
        self.assertEqual(bytes.fromhex(first["body"]), b"of the base")
        self.assertEqual([h for h in first["headers"] if h.startswith("X-")], ["X-New: 1"])
        self.assertEqual((result["title"], result["seed"], result["name"]), ("mine", 12, "plan"))
        counts = self.trials()[0]["load"]["counts"]
        self.assertEqual(counts["errors"]["body"], counts["due"])
        self.check_plan_of_folder()

    def test_whole(self):
        """What is in the folder is the plan with all that it extends and sets, and can be raced itself."""
        ports = {name: self.serve()[0] for name in "ab"}
        self.write("base", "plan.yaml", plan=url_plan(ports, 2))
        self.write("mine", "plan.yaml", plan={"extends": "../base/plan.yaml", "design": {"seed": 13}})
        self.check_end(self.race_mine("--set", "title=Set"), MEASURED)
        self.check_plan_of_folder()
        first = self.result()
        os.rename(self.path("base"), self.path("gone"))
        self.check_end(self.run_tool("race", "out/plan.yaml", "-o", "again"), MEASURED)
        self.out_folder = self.path("again")
        again = self.result()
        self.assertEqual((again["seed"], again["title"], again["blocks_planned"]), (13, "Set", 2))
        self.assertEqual(again["plan"], first["plan"])

    def check_refused_plan(self, mine, *words):
        self.write("mine", "plan.yaml", plan=mine)
        self.check_refused(self.race_mine(), *words)
        self.assertFalse(os.path.exists(self.out_folder))

    def test_missing(self):
        """A plan that is not there is named, and who extends it."""
        self.check_refused_plan("extends: ../none.yaml\n", "mine/../none.yaml", "No such file",
                                "extended by mine/plan.yaml")

    def test_fault_in_base(self):
        """A fault is told with the file and the line where it stands."""
        plan = tool.fake_plan({"a": {}})
        plan["load"]["rte"] = 9
        self.write("base", "plan.yaml", plan=plan)
        line = tool.plan_text(plan).split("\n").index("  rte: 9") + 1
        self.check_refused_plan("extends: ../base/plan.yaml\n", f"base/plan.yaml:{line}:", "'rte' in load")
        self.write("base", "plan.yaml", plan=tool.fake_plan({"a": {}}))
        self.check_refused_plan("extends: ../base/plan.yaml\n\nload:\n  rte: 9\n", "mine/plan.yaml:4:", "'rte'")

    def test_circle(self):
        """Plans that extend each other are refused."""
        self.write("base", "plan.yaml", plan="extends: ../mine/plan.yaml\n")
        self.check_refused_plan("extends: ../base/plan.yaml\n", "extend each other")

    def test_no_path(self):
        """extends that is no path is refused with its line."""
        self.check_refused_plan("title: x\nextends: [a, b]\n", "mine/plan.yaml:2:", "the path of one plan")


class DryRun(SettingsCase):
    def test_all(self):
        """--dry-run tells rules, when it may stop, how many blocks a proof needs, and runs the control."""
        plan = tool.fake_plan({"a": {}, "b": {}, "c": {}}, 12,
                              gate={"fail_if": ["p99 worse by 10%", "p50 > 100ms of b"], "require": "CPU < 50us"})
        plan["design"].update(control=True, stop_when="p99 within 5%")
        text = self.dry_run(plan)
        self.assertIn("48 trials in 12 blocks", text)
        self.assertIn("fail_if: p99 worse by 10% fail_if: p50 > 100ms of b require: CPU < 50us", text)
        self.assertRegex(text, r"may stop after block 10, once p99 is known within 5%")
        for block in re.findall(r"block \d+: ([^:]*)(?= block|$)", text):
            self.assertEqual(sorted(block.split()), ["a", "a-control", "b", "c"])

    def test_blocks_needed(self):
        """Too few blocks for so many claims are refused, and how many it takes; the control makes no claims."""
        plan = tool.fake_plan({"a": {}, "b": {}, "c": {}}, 7, gate={"fail_if": ["p99 worse", "p50 worse"]})
        plan["design"]["control"] = True
        run = self.start_race(plan, "--dry-run", output=None)
        run.finish()
        self.check_refused(run, "plan.yaml:", "7 blocks cannot prove", "there are 4", "design: blocks: 8")
        text = self.dry_run(plan, "--set", "design.blocks=8")
        self.assertIn("fail_if: p99 worse fail_if: p50 worse", text)
        self.assertNotIn("may stop", text)


class Control(SettingsCase):
    def race_controlled(self, names, blocks, **changes):
        plan = url_plan({name: self.serve()[0] for name in names}, blocks, **changes)
        plan["design"]["control"] = True
        run = self.race(plan)
        self.check_end(run, MEASURED)
        return run

    def test_noise_floor(self):
        """The baseline runs once more in every block; the noise floor is its own line, not a column."""
        run = self.race_controlled("ab", 6, gate={"fail_if": "throughput < 1"})
        result, page = self.result(), self.out_file("report.md")
        self.assertEqual([(s["name"], s["control"]) for s in result["services"]],
                         [("a", False), ("b", False), ("a-control", True)])
        for block in range(1, 7):
            trials = [t for t in self.trials() if t["block"] == block]
            self.assertEqual(sorted(t["service"] for t in trials), ["a", "a-control", "b"])
            self.assertEqual(len({t["load"]["target"] for t in trials if t["service"] != "b"}), 1)
        self.check_recomputed()
        self.assertEqual({check["service"] for check in result["gate"]["checks"]}, {"b"})
        for text in (run.out, page):
            told = text.partition("Provenance")[0].partition("Doubts")[0]
            self.assertNotIn("a-control", told)
        if not any(t["invalid"] for t in self.trials()):
            self.assertIn("Noise floor, a against itself: ", " ".join(run.out.split()))
            self.assertRegex(page, r"(?m)^Noise floor, a against itself: .*throughput \d\.\d\d×")

    def test_alone(self):
        """Of a baseline alone it makes a race against itself."""
        self.race_controlled("a", 2)
        self.assertEqual(sorted((t["block"], t["service"]) for t in self.trials()),
                         [(block, name) for block in (1, 2) for name in ("a", "a-control")])
        self.check_recomputed()

    def test_only(self):
        """It runs beside those of --only."""
        plan = tool.fake_plan({"a": {}, "b": {}, "c": {}}, 2)
        plan["design"]["control"] = True
        self.assertIn("6 trials in 2 blocks", self.dry_run(plan, "--only", "a,c"))

    def test_name_taken(self):
        """A service that has the control's name is refused."""
        plan = tool.fake_plan({"a": {}, "a-control": {}})
        plan["design"]["control"] = True
        self.check_refused(self.race(plan), "'a-control'", "control's name")


class StopWhen(SettingsCase):
    """Looks after 10, 15, 20, 30 blocks; throughput in an open loop is always known well, the median never."""

    def race_until(self, precision):
        plan = url_plan({name: self.serve()[0] for name in "ab"}, 12, load={**SHORT, "rate": 2000, "duration": "40ms"})
        plan["design"]["stop_when"] = precision
        run = self.race(plan)
        self.check_end(run, MEASURED)
        self.check_recomputed()
        result = self.result()
        self.assertEqual((result["stop_when"], result["blocks_planned"], result["partial"]),
                         (precision, 12, False))
        self.assertEqual(max(t["block"] for t in self.trials()), result["stopped_at"] or 12)
        return run, result["stopped_at"]

    def test_wide(self):
        """A precision that is reached ends the race after block 10 of 12, and the report says so."""
        run, stopped_at = self.race_until("throughput within 100%")
        self.assertEqual(stopped_at, 10)
        said = " ".join(run.out.split())
        self.assertIn("10 blocks (of 12: throughput within 100%)", said)
        self.assertNotIn("ended early", said)
        self.assertIn("stops after block 10", run.err)
        again = self.run_tool("race", "plan.yaml", "--resume", "out")
        self.check_end(again, run.code)
        self.assertEqual((self.result()["stopped_at"], len(self.trials())), (10, 20))

    def test_narrow(self):
        """A precision that is not reached never does."""
        run, stopped_at = self.race_until("p50 within 0.001%")
        self.assertEqual(stopped_at, 0)
        known = [c["ci95"] for c in self.result()["comparisons"] if c["metric"] == "p50"]
        self.assertNotEqual(known, [None])
        self.assertNotIn("stops after", run.err)


class Answers(SettingsCase):
    def race_two(self, first, second, blocks=1, output="out", **changes):
        plan = url_plan({"a": self.serve(*first)[0], "b": self.serve(*second)[0]}, blocks)
        for key, change in changes.items():
            plan[key] = {**plan[key], **change}
        run = self.race(plan, output=output)
        self.check_recomputed()
        return run, " ".join(run.out.split())

    def summary(self, service):
        return next(s for s in self.result()["summary"] if s["service"] == service)

    def check_differs(self, first, second, reason, **changes):
        """reason: in which they differ; None: that they do not."""
        run, said = self.race_two(first, second, output=f"out-{tool.free_port()}", **changes)
        self.assertEqual(self.summary("b")["answers_differ"], reason is not None)
        self.assertFalse(self.summary("b")["answers_vary"])
        if reason:
            self.check_end(run, 5)
            self.assertIn(f"b does not answer as the baseline does: {reason}.", said)
            verdicts = {c["verdict"] for c in self.result()["comparisons"] if c["metric"] != "max"}
            self.assertEqual(verdicts, {"INVALID"})
        else:
            self.check_end(run, 5 if any(t["invalid"] for t in self.trials()) else 0)
            self.assertNotIn("does not answer as", said)

    def test_bodies(self):
        """Other bodies of the same length: INVALID, whatever is measured, unless the plan says otherwise."""
        first, second = ("says", 1), ("says", 2)
        self.check_differs(first, second, "the body answered to request form 1 is not that of a")
        self.check_differs(first, second, None, load={"mask": ["id"]})
        self.check_differs(first, second, None, design={"answers": "length"})

    def test_lengths(self):
        """Other lengths: the lengths are told; good where only the status must agree."""
        first, second = ("says", 1), ("says", 1000)
        reason = "request form 1 is answered with 26 bytes, by a with 23"
        self.check_differs(first, second, reason)
        self.check_differs(first, second, reason, design={"answers": "length"})
        self.check_differs(first, second, None, design={"answers": "status"})

    def test_statuses(self):
        """Other statuses: they are told; good where nothing must agree."""
        reason, load = "request form 1 is answered with 503, by a with 200", {"expect": "200,503"}
        self.check_differs(("good",), ("failing", 1), reason, design={"answers": "status"}, load=load)
        self.check_differs(("good",), ("failing", 1), None, design={"answers": "any"}, load=load)

    def test_varying(self):
        """Answers that vary from trial to trial on both sides are a doubt; on one side they differ."""
        steady = {"mode": "says", "number": 10**18}
        for differs, first in ((True, steady), (False, {"mode": "varies"})):
            plan = tool.fake_plan({"a": first, "b": {"mode": "varies"}}, 2, load=SHORT)
            run = self.race(plan, output=f"out-{differs}")
            spoilt = any(t["invalid"] for t in self.trials())
            self.check_end(run, 5 if differs or spoilt else 0)
            self.check_recomputed()
            self.assertEqual(self.summary("b")["answers_differ"], differs)
            self.assertEqual([self.summary(name)["answers_vary"] for name in "ab"], [not differs, True])
        self.assertIn("b: its own answers to one request are not always the same", " ".join(run.out.split()))
        for trial in self.attempts("b"):
            self.assertEqual(trial["answers"][0]["status"], 200)
        self.assertEqual(len({t["answers"][0]["sha256"] for t in self.attempts("b")}), len(self.attempts("b")))
