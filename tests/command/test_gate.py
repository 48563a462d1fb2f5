"""The rules of a plan: dragstrip gate, the exit codes of race, and what a CI server is told.

Rules here are about cold start and drain where a verdict is needed: no lateness of the generator spoils
those, however busy the machine is.  With six blocks p cannot be below 1/64, so one claim of two is not
proven (METHOD 8).
"""

import json
import os
import signal
import xml.etree.ElementTree as xml

import tool
from case import CommandCase, RaceCase
from tap import rows

FILES = ["junit.xml", "plan.yaml", "report.md", "result.json"]
SHORT = {"duration": "50ms", "warmup": "10ms"}
WORSE = "cold start worse by 50%"
MUCH_WORSE = ["--require", "cold start not worse by 1%", "--require", "drain not worse by 1%"]


def url_plan(ports, blocks, **changes):
    """Services that run already: a trial takes little more than its measured time."""
    plan = tool.fake_plan({}, blocks, load={"rate": 500, **SHORT}, **changes)
    plan["services"] = {name: {"url": tool.url_of(port)} for name, port in ports.items()}
    return plan


class GateCase(RaceCase):
    def check_files_written(self):
        found = [name for name in sorted(os.listdir(self.out_folder)) if name not in ("trials", "logs")]
        self.assertEqual(found, FILES)

    def file(self, name):
        return tool.read(os.path.join(self.out_folder, name)).decode()

    def late_or(self, code):
        """5 where the machine spoilt a trial twice, whatever the rules say."""
        spoilt = [reason for trial in self.trials() for reason in trial["invalid"]]
        self.blamed_on_machine(spoilt)
        return 5 if spoilt else code

    def gate(self, *arguments, code=None):
        run = self.run_tool("gate", self.out_folder, *arguments)
        self.check_end(run, code)
        return " ".join(run.out.split())


class OneRace(GateCase):
    """One race, with a rule that is proven broken; cases without work of their own share it."""

    @classmethod
    def setUpClass(cls):
        cls.case = RaceCase()
        cls.case.setUp()
        plan = tool.fake_plan({"a": {"mode": "late", "number": 30}, "b.x": {"mode": "sluggish", "number": 150}},
                              6, load=SHORT, gate={"fail_if": [WORSE]})
        tool.write(cls.case.path("summary.md"), "written before\n")
        cls.done = cls.case.race(plan, env={"GITHUB_STEP_SUMMARY": cls.case.path("summary.md")})
        cls.case.check_end(cls.done, 3)

    @classmethod
    def tearDownClass(cls):
        cls.case.doCleanups()

    def setUp(self):
        super().setUp()
        self.out_folder = self.case.out_folder


class BrokenRule(OneRace):
    def test_files(self):
        """A broken rule is exit code 3, and everything is written all the same."""
        self.check_files_written()
        self.assertIn(f"fail_if {WORSE}: ", " ".join(self.done.out.split()))
        self.assertRegex(self.done.out, r"(?m)^Gate: BROKEN$")
        self.assertFalse(self.result()["partial"])
        self.assertIn("All of it is in", self.done.err)

    def test_recomputed(self):
        """Every figure of the gate and of JUnit follows from the trials."""
        self.check_recomputed()
        check, = self.result()["gate"]["checks"]
        self.assertEqual((check["status"], check["p"], check["level"]), ("broken", 1 / 64, 0.025))

    def test_gate_again(self):
        """gate tells what the race told, from the folder and from the file, and changes nothing."""
        before = {name: self.file(name) for name in FILES}
        for result in (self.out_folder, os.path.join(self.out_folder, "result.json")):
            run = self.run_tool("gate", result)
            self.check_end(run, 3)
            self.assertIn("\n" + run.out, self.done.out)
            self.assertRegex(run.out, r"\AGate: BROKEN\n  b\.x  BROKEN  ")
        self.assertEqual({name: self.file(name) for name in FILES}, before)

    def test_rules_of_the_command_line(self):
        """Rules of the command line take the place of the plan's."""
        text = self.gate("--fail-if", "cold start > 20s", code=0)
        self.assertIn("Gate: PASS b.x PASS fail_if cold start > 20s: median ", text)
        self.assertNotIn("worse", text)

    def test_three_claims(self):
        """Of three claims with the same p each is told the level that the first one missed."""
        text = self.gate(*MUCH_WORSE, "--require", "drain < 1ms", code=4)
        self.assertEqual(text.count("(p = 0.016), which is no proof among 3 claims (Holm allows 0.0083)"), 3)

    def test_in_between(self):
        """What lies within the interval is neither proven nor proven broken: require 4, fail_if 0."""
        found = next(c for c in self.result()["comparisons"] if c["metric"] == "cold_start_ns")
        median = next(s for s in self.result()["summary"] if s["service"] == "b.x")["metrics"]["cold_start_ns"]
        self.assertLess(found["ci95"][0], found["ratio"])
        share, limit = f"{100 * (found['ratio'] - 1):.3f}%", f"{median['median']:.0f}ns of b.x"
        for rule in (f"cold start not worse by {share}", f"cold start < {limit}"):
            self.assertIn("INCONCLUSIVE", self.gate("--require", rule, code=4))
        for rule in (f"cold start worse by {share}", f"cold start > {limit}"):
            self.assertIn("PASS", self.gate("--fail-if", rule, code=0))

    def test_summary(self):
        """The report stands in the step's summary, after what was there."""
        self.assertEqual(tool.read(self.case.path("summary.md")).decode(),
                         "written before\n" + self.file("report.md") + "\n")

    def test_junit(self):
        """junit.xml is XML with the rule as a failure; report -f junit is the same."""
        page = self.file("junit.xml")
        run = self.run_tool("report", self.out_folder, "-f", "junit")
        self.check_end(run, 0)
        self.assertEqual(run.out, page)
        _, suite = xml.fromstring(page)
        case = suite[2]
        self.assertEqual((suite.get("name"), suite.get("failures")), ("b.x", "1"))
        self.assertEqual((case.get("classname"), case.get("name"), case[0].tag, case[0].get("type")),
                         ("b_x", f"fail_if: {WORSE}", "failure", "broken"))

    def test_report_is_no_gate(self):
        """report prints a broken rule and ends with 0; it writes no summary."""
        tool.write(self.path("summary.md"), "")
        run = self.run_tool("report", self.out_folder, env={"GITHUB_STEP_SUMMARY": self.path("summary.md")})
        self.check_end(run, 0)
        self.assertIn("Gate: BROKEN", run.out)
        self.assertEqual(tool.read(self.path("summary.md")), b"")


@rows([
    ("fail_if: worse, proven, is 3.", ["--fail-if", WORSE], 3, ["BROKEN", "; proven"]),
    ("fail_if: worse by more than it can be is 0.", ["--fail-if", "cold start worse by 1000%"], 0,
     ["Gate: PASS", "not proven"]),
    ("fail_if: without a tolerance the margin is meant.", ["--fail-if", "Cold_Start worse"], 3, ["BROKEN"]),
    ("fail_if: a limit that is kept is 0.", ["--fail-if", "drain > 20s"], 0, ["PASS"]),
    ("fail_if: a limit that is broken is 3.", ["--fail-if", "drain>20ms"], 3, ["fail_if drain > 20ms: median 1"]),
    ("fail_if: a limit of the baseline alone is 3.", ["--fail-if", "cold start > 1ms of a"], 3, ["a BROKEN"]),
    ("require: not worse, proven, is 0.", ["--require", "cold start not worse by 1000%"], 0, ["; proven"]),
    ("require: proven broken is 3.", ["--require", "cold start not_worse by 1% of b.x"], 3, ["BROKEN"]),
    ("require: a limit that is proven is 0.", ["--require", "cold start < 20s"], 0, ["PASS", "proven"]),
    ("require: a limit that is proven broken is 3.", ["--require", "drain < 1ms of b.x"], 3, ["BROKEN"]),
    ("Two rules on six blocks: neither can be proven broken; require then is 4, and says so.", MUCH_WORSE, 4,
     ["Gate: INCONCLUSIVE", "broken by its own test (p = 0.016), which is no proof among 2 claims "
      "(Holm allows 0.013)"]),
    ("Two rules on six blocks: fail_if then is 5, and says how many blocks it needs.",
     ["--fail-if", WORSE, "--fail-if", "drain > 1h"], 5,
     ["Gate: INVALID", "6 blocks cannot prove one of 2 claims; that takes 7"]),
    ("A percentile with too thin a tail is 5, however far the limit.", ["--fail-if", "p99.9 > 1h"], 5,
     ["INVALID"]),
    ("A rule about no service of the race is 5.", ["--fail-if", "drain > 20s of nobody"], 5,
     ["INVALID", "no service of this race"]),
    ("What is broken outweighs what is invalid.", ["--fail-if", "p99.9 > 1h", "--fail-if", WORSE], 3,
     ["Gate: BROKEN", "INVALID"]),
    ("What is invalid outweighs what is not proven.", [*MUCH_WORSE, "--fail-if", "p99.9 > 1h"], 5,
     ["Gate: INVALID", "INCONCLUSIVE"]),
])
class Rules(OneRace):
    def check(self, arguments, code, words):
        text = self.gate(*arguments, code=code)
        for word in words:
            self.assertIn(word, text)


@rows([
    ("No result is refused.", [], ["exactly one result", "--help"]),
    ("Two results are refused.", ["a", "b"], ["exactly one result"]),
    ("A result that is not there is refused.", ["none", "--fail-if", "p99 worse"], ["none", "No such file"]),
    ("A file that is no result is refused.", ["bad.json", "--fail-if", "p99 worse"], ["no result of a race"]),
    ("An unknown option is refused.", ["x", "--loud"], ["--help"]),
    ("A rule about no metric is refused with those there are.", ["x", "--fail-if", "p98 worse"],
     ["no metric 'p98'", "cold start"]),
    ("A rule about the largest value is refused.", ["x", "--fail-if", "max > 1s"], ["never judged"]),
    ("A rule that is none is refused with an example.", ["x", "--require", "be fast"], ["p99 not worse by 10%"]),
    ("A limit without a unit is refused.", ["x", "--fail-if", "p99 > 100"], ["100ms"]),
    ("A tolerance that is none is refused.", ["x", "--fail-if", "p99 worse by much"], ["by 10%"]),
    ("'worse' cannot be required.", ["x", "--require", "p99 worse"], ["under require"]),
    ("'not worse' is no reason to fail.", ["x", "--fail-if", "p99 not worse"], ["under fail_if"]),
    ("An empty rule is refused.", ["x", "--fail-if", ""], ["empty"]),
])
class Refusals(CommandCase):
    def check(self, arguments, words):
        tool.write(self.path("bad.json"), "{}")
        self.check_refused(self.run_tool("gate", *arguments), *words)


@rows([
    ("A plan's rule about an unknown service is refused with its line.", {"fail_if": "p99 worse of c"},
     ["plan.yaml:", "'p99 worse of c'", "none of the services"]),
    ("A plan's rule that the baseline be no worse than itself is refused.", {"fail_if": "p99 worse of a"},
     ["plan.yaml:", "than itself"]),
    ("A plan's rule about no metric is refused with its line.", {"require": ["p99 < 1s", "speed > 3"]},
     ["plan.yaml:", "no metric 'speed'"]),
    ("Too few blocks for a proof are refused, with how many it takes.",
     {"fail_if": ["p99 worse", "p50 worse"]}, ["plan.yaml:", "6 blocks cannot prove", "design: blocks: 7"]),
    ("A rule that is about no service of the race is refused.", {"require": "p99 not worse"},
     ["plan.yaml:", "'p99 not worse' is about no service of this race"], "--only", "a"),
    ("An unknown key of the gate is refused.", {"fail": "p99 worse"}, ["plan.yaml:", "'fail' in gate"]),
])
class BadRules(RaceCase):
    def check(self, gate, words, *options):
        run = self.race(tool.fake_plan({"a": {"build": "touch started"}, "b": {}}, 6, gate=gate), *options)
        self.check_refused(run, *words)
        self.assertEqual(os.listdir(self.folder), ["plan.yaml"])


class RaceCodes(GateCase):
    """The exit codes of race itself."""

    def race_of_two(self, gate, blocks=6, modes=("good", "good"), number=1):
        ports = {name: self.serve(mode, number)[0] for name, mode in zip("ab", modes)}
        run = self.race(url_plan(ports, blocks, **{"gate": gate} if gate else {}))
        self.check_files_written()
        self.check_recomputed()
        return run

    def check_punctual(self, code, *rules, words=""):
        """What gate says of the same trials where the generator's lateness is not held against them."""
        result = self.result()
        for trial in result["cells"][0]["trials"]:
            trial["invalid"] = trial["load"]["invalid"] = []
            trial["load"].update(valid=True, overloaded=False)
        tool.write(self.path("punctual.json"), json.dumps(result))
        run = self.run_tool("gate", "punctual.json", *rules)
        self.check_end(run, code)
        self.assertIn(words, " ".join(run.out.split()))

    def test_passes(self):
        """Rules that hold: 0."""
        run = self.race_of_two({"require": ["throughput > 1 of a", "throughput > 2", "throughput > 3 of b"]})
        self.check_end(run, self.late_or(0))
        self.check_punctual(0)

    def test_open(self):
        """Required rules that are not proven, nor broken: 4."""
        run = self.race_of_two({"require": ["throughput > 1M", "throughput > 2M"]})
        self.check_end(run, self.late_or(4))
        self.assertEqual("no proof among 2 claims" in " ".join(run.out.split()), run.code == 4)
        self.check_punctual(4)

    def test_no_rules(self):
        """A plan without rules has no gate: gate says so with 2, a rule may be given."""
        run = self.race_of_two(None, blocks=1)
        self.check_end(run, self.late_or(0))
        self.assertNotIn("Gate", run.out)
        self.check_refused(self.run_tool("gate", "out"), "has no gate", "--fail-if")
        self.gate("--fail-if", "p50 > 1h", code=5)

    def test_no_data(self):
        """Not one good answer: 5, however far the limit."""
        run = self.race_of_two({"fail_if": "p50 > 1h"}, modes=("good", "failing"))
        self.check_end(run, 5)
        self.assertIn("no data", " ".join(run.out.split()))
        self.gate(code=5)
        self.gate("--require", "throughput < 1M", code=5)

    def test_few_blocks(self):
        """Too few blocks for any proof: 5, and how many it needs."""
        self.check_end(self.race_of_two(None, blocks=2), (0, 5))
        for rules in (["--fail-if", "throughput < 1"], ["--require", "throughput > 1"],
                      ["--fail-if", "p50 worse by 1000%"]):
            self.gate(*rules, code=5)
        self.check_punctual(5, "--fail-if", "throughput worse by 90%", words="needs at least 6 blocks, has 2")
        self.check_punctual(5, "--fail-if", "throughput < 1", words="needs at least 6 blocks, has 2")

    def test_losses(self):
        """A median that is errors in every block, and the baseline's in none, breaks the rule: 3."""
        run = self.race_of_two({"fail_if": "p50 worse by 50%"}, modes=("good", "hardly"), number=5)
        self.check_end(run, self.late_or(3))
        self.check_punctual(3, words="it reaches the errors of b in 6 of 6 trials")

    def check_no_answer(self, plan, code, *words):
        """The race's own exit code; the gate's is 5."""
        run = self.race(plan)
        self.check_end(run, code, *words)
        self.check_files_written()
        self.check_recomputed()
        for rule in ("p50 worse by 1000%", "cold start > 1h of b"):
            self.assertRegex(self.gate("--fail-if", rule, code=5), "Gate: INVALID")

    def test_died(self):
        """A service that died under load: 1, and the gate has no answer."""
        self.check_no_answer(tool.fake_plan({"a": {}, "b": {"mode": "dies", "number": 9}}), 1, "SIGKILL")

    def test_not_started(self):
        """A service that did not start: 1, and the gate has no answer."""
        plan = tool.fake_plan({"a": {}, "b": {"mode": "exits", "number": 4}, "c": {}}, load=SHORT)
        self.check_no_answer(plan, 1, "exited with status 4")

    def test_not_built(self):
        """A service whose build failed: 1; one that wants for a tool: 5."""
        plan = tool.fake_plan({"a": {}, "b": {"build": "exit 7"}, "c": {}}, load=SHORT)
        self.check_no_answer(plan, 1, "exited with status 7")

    def test_tool_wanted(self):
        """A service that wants for a tool: 5, because its rule has no answer."""
        plan = url_plan({"a": self.serve()[0], "b": 9}, 6, gate={"fail_if": "throughput < 1"})
        plan["services"]["b"]["needs"] = ["no-such-compiler"]
        self.check_no_answer(plan, 5, "no-such-compiler")

    def test_partial(self):
        """A race that was cut off: 130, and the gate has no answer until it is resumed."""
        ports = {name: self.serve()[0] for name in "ab"}
        run = self.start_race(url_plan(ports, 40, gate={"fail_if": "throughput < 1"}))
        tool.wait_until(lambda: len(self.trial_files()) > 4 or not run.is_running(), "two blocks")
        self.interrupt(run, signal.SIGTERM)
        self.check_end(run, 130)
        self.check_files_written()
        self.check_recomputed()
        self.assertIn("the race ended early; resume it", self.gate(code=5))

    def test_baseline_alone(self):
        """A baseline without rivals can have limits, and does not lose them to its control."""
        plan = tool.fake_plan({"a": {}}, 6, load={"duration": "20ms", "warmup": "1ms"},
                              gate={"require": "cold start < 20s"}, design={"control": True})
        self.race(plan)
        self.assertRegex(self.gate(code=0), "Gate: PASS a PASS require cold start < 20s: median ")
        self.check_recomputed()


class StepSummary(GateCase):
    def race_once(self, output, summary):
        plan = url_plan({"a": self.serve()[0]}, 1)
        return self.race(plan, output=output, env={"GITHUB_STEP_SUMMARY": summary})

    def test_twice(self):
        """Two races in a step: both reports are there, in their order; the file may be new."""
        pages = []
        for output in ("one", "two"):
            self.check_end(self.race_once(output, self.path("summary.md")), (0, 5))
            pages.append(self.file("report.md"))
        self.assertEqual(tool.read(self.path("summary.md")).decode(), "".join(page + "\n" for page in pages))

    def test_too_long(self):
        """A summary that would pass 1 MiB is left as it is, and why is told; the race is what it was."""
        before = "x" * (2**20 - 200)
        tool.write(self.path("summary.md"), before)
        run = self.race_once("out", self.path("summary.md"))
        self.check_end(run, self.late_or(0), "GITHUB_STEP_SUMMARY", "1048576 bytes")
        self.assertEqual(tool.read(self.path("summary.md")).decode(), before)
        self.check_files_written()
        self.assertIn("p50 latency", run.out)

    def test_cannot_be_written(self):
        """A summary that cannot be written: why is told, and the race is what it was."""
        run = self.race_once("out", self.path("none", "summary.md"))
        self.check_end(run, self.late_or(0), "GITHUB_STEP_SUMMARY", "No such file")
        self.check_files_written()

    def test_unset(self):
        """Where the variable is empty nothing is written."""
        self.check_end(self.race_once("out", ""), (0, 5))
        self.assertEqual(sorted(os.listdir(self.folder)), ["out", "plan.yaml"])
