"""dragstrip race --dry-run and --only, before a race; dragstrip report, after it."""

import json
import os
import re

import tool
from case import CommandCase, RaceCase
from tap import rows


@rows([
    ("No result is refused, with a pointer to --help.", [], ["--help"]),
    ("A result that is not there is refused and named.", ["none.json"], ["none.json", "No such file"]),
    ("A format that is none is refused with those there are.", ["x", "-f", "pdf"], ["'pdf'", "markdown"]),
    ("An unknown option is refused.", ["x", "--loud"], ["--help"]),
])
class Refusals(CommandCase):
    def check(self, arguments, words):
        self.check_refused(self.run_tool("report", *arguments), *words)


class DryRun(RaceCase):
    def plan(self):
        return tool.fake_plan({"a": {}, "b": {}, "c": {}}, blocks=4)

    def dry_run(self, plan, *options):
        run = self.start_race(plan, "--dry-run", *options, output=None)
        run.finish()
        self.check_end(run, 0)
        self.assertEqual(run.err, "")
        return re.findall(r"^block \d+: (.*)$", run.out, re.M), run.out

    def test_order(self):
        """The order that is announced is the one that is run; nothing was started before."""
        plan = self.plan()
        announced, text = self.dry_run(plan)
        self.assertFalse(os.path.exists(self.path("out")))
        self.assertIn("12 trials in 4 blocks", text)
        self.assertIn("No verdict is possible: it needs 6 blocks", text)
        self.race(plan)
        blocks = [[], [], [], []]
        for trial in self.trials():
            blocks[trial["block"] - 1].append(trial["service"])
        self.assertEqual(announced, [" ".join(block) for block in blocks])

    def test_precision(self):
        """With enough blocks the expected precision is told."""
        _, text = self.dry_run(tool.fake_plan({"a": {}, "b": {}}, blocks=10))
        self.assertRegex(text, r"5\.\d% to either side if\s+trials scatter\s+by\s+5%")

    def test_only(self):
        """--only races these services alone, and the result knows no others."""
        run = self.race(self.plan(), "--only", "c,a")
        self.check_end(run, (0, 5))
        self.assertEqual([s["name"] for s in self.result()["services"]], ["a", "c"])
        self.assertEqual({t["service"] for t in self.trials()}, {"a", "c"})

    def test_only_wrong(self):
        """--only with a name that is none, or without the baseline, is refused."""
        for names, word in (("a,x", "'x'"), ("b,c", "baseline 'a'"), ("", "baseline 'a'")):
            run = self.start_race(self.plan(), "--only", names, output=None)
            run.finish()
            self.check_refused(run, word)


class Reports(RaceCase):
    def setUp(self):
        super().setUp()
        self.first = self.race(tool.fake_plan({"a": {}, "b": {}}))
        self.check_end(self.first, (0, 5))

    def report(self, *options, code=0):
        run = self.run_tool("report", *options)
        self.check_end(run, code)
        return run.out

    def file(self, name):
        return tool.read(self.path("out", name)).decode()

    def test_formats(self):
        """Each format is what the race itself wrote, from the folder or from the file."""
        self.assertEqual(self.report("out"), self.first.out)
        self.assertEqual(self.report("out/result.json", "-f", "markdown"), self.file("report.md"))
        self.check_like(json.loads(self.report("out", "-f", "json")), json.loads(self.file("result.json")))

    def test_file(self):
        """-o writes there and nothing to standard output."""
        self.assertEqual(self.report("out", "-f", "markdown", "-o", self.path("again.md")), "")
        self.assertEqual(tool.read(self.path("again.md")).decode(), self.file("report.md"))

    def test_comparisons_are_computed(self):
        """What result.json says about verdicts is not believed: the trials decide."""
        result = json.loads(self.file("result.json"))
        for found in result["comparisons"]:
            found.update(verdict="FASTER", ratio=0.001)
        tool.write(self.path("forged.json"), json.dumps(result))
        self.assertEqual(self.report("forged.json"), self.first.out)

    def test_no_result(self):
        """A file that is no result of a race is refused with what is wrong in it."""
        for text, word in (("{}", "schema"), ("hello", "JSON"), (self.file("result.json")[:-200], "JSON")):
            tool.write(self.path("bad.txt"), text)
            self.check_refused(self.run_tool("report", "bad.txt"), "bad.txt", "no result of a race", word)

    def test_full_disk(self):
        """A report that cannot be written: exit code 1 and why."""
        with open("/dev/full", "w") as full:
            self.check_end(self.run_tool("report", "out", stdout=full), 1, "No space")
        self.check_end(self.run_tool("report", "out", "-o", "none/a.md"), 1, "none/a.md")
