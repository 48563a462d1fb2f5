#!/usr/bin/env python3
"""What dragstrip writes for other programs (report -f junit, benchmark-action, bencher) is judged by their
schemas and readers; judges.py says which these are and where they come from.

    python3 tests/formats/formats_test.py [-k PATTERN]

First the judges themselves: each must accept the good samples and refuse the broken ones.  Then the reports
of real races.  A judge whose package cannot be had is skipped, with the reason.
"""

import json
import os
import sys
import unittest
import xml.etree.ElementTree as ElementTree

sys.dont_write_bytecode = True
_here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [_here, *(os.path.join(_here, "..", name) for name in ("lib", "command", "race"))]

import judges  # noqa: E402
import packages  # noqa: E402
import samples  # noqa: E402
import tap  # noqa: E402
import tool  # noqa: E402
from case import MEASURED, RaceCase  # noqa: E402

JUDGE = {"junit": judges.judge_junit, "benchmark-action": judges.judge_benchmark, "bencher": judges.judge_bencher}

# One rule of each kind.
RULES = {"gate": {"fail_if": ["p50 worse by 500%", "p50 > 1s of right"],
                  "require": ["p90 not worse by 900%", "throughput > 1"]}}

NOT_RUN = 1  # a service could not be measured

# All that XML, JSON and a table may stumble over.
TITLE = "A & B <c> \"d\" 'e' ]]> | `f` \\ é µ ± \u0001\u001b[31m \t\n\u2028 end"


class Sample(unittest.TestCase):
    def refuses(self, judge, document):
        """Whether it does; None when it cannot be had."""
        try:
            judge(document)
        except AssertionError as error:
            self.assertGreater(len(str(error)), 5, "the reason is missing")
            return True
        except packages.Missing:
            return None
        return False


@tap.rows([(f"The judge {name} is there and accepts what is good.", judge) for name, judge in judges.JUNIT.items()])
class Available(Sample):
    def check(self, judge):
        try:
            for _, form, document in samples.GOOD:
                if form == "junit":
                    judge(judges.encoded(document))
        except packages.Missing as why:
            self.skipTest(str(why))


@tap.rows(samples.GOOD)
class Accepted(Sample):
    def check(self, form, document):
        JUDGE[form](document)


@tap.rows([(f"JUnit: {sentence} is refused.", *rest) for sentence, *rest in samples.JUNIT])
class RefusedJunit(Sample):
    def check(self, document, names):
        found = {name: self.refuses(judges.JUNIT[name], judges.encoded(document)) for name in names}
        self.assertEqual([name for name, refused in found.items() if refused is False], [], "accepted by these")
        if all(refused is None for refused in found.values()):
            self.skipTest(f"{' and '.join(names)} cannot be had")
        self.assertTrue(self.refuses(judges.judge_junit, document))


@tap.rows([(f"benchmark-action: {sentence} is refused.", document) for sentence, document in samples.BENCHMARK])
class RefusedBenchmark(Sample):
    def check(self, document):
        self.assertTrue(self.refuses(judges.judge_benchmark, document))


@tap.rows([(f"bencher: {sentence} is refused.", document) for sentence, document in samples.BENCHER])
class RefusedBencher(Sample):
    def check(self, document):
        self.assertTrue(self.refuses(judges.judge_bencher, document))


class Dragstrip(RaceCase):
    """The reports of three races: a whole one, one of services that fail, one that was interrupted."""

    NAMES = ("left", "right")

    @classmethod
    def setUpClass(cls):
        """The races are run once; they are swept like those of any case."""
        if why := tool.missing():
            raise FileNotFoundError(why)
        cls.case = RaceCase()
        cls.case.setUp()
        cls.ran = {"whole": cls.race_of({}, 8, title=TITLE, **RULES),
                   "failing": cls.race_of({"mode": "failing", "number": 1}, 2),
                   "dead": cls.race_of({"mode": "dies", "number": 40}, 2),
                   "interrupted": cls.interrupted()}

    @classmethod
    def tearDownClass(cls):
        cls.case.doCleanups()

    @classmethod
    def race_of(cls, right, blocks, **changes):
        """The folder of a race of a good service and another."""
        plan = tool.fake_plan(dict(zip(cls.NAMES, ({}, right))), blocks, **changes)
        run = cls.case.race(plan, output=f"out-{tool.free_port()}")
        assert run.code in (*MEASURED, NOT_RUN), f"the race ended with {run.code}: {run.err}"
        return cls.case.out_folder

    @classmethod
    def interrupted(cls):
        run = cls.case.start_race(tool.fake_plan(dict.fromkeys(cls.NAMES, {}), 8, **RULES), output="out-interrupted")
        tool.wait_until(lambda: len(cls.case.trial_files()) >= 3 or not run.is_running(), "the third trial", 30)
        cls.case.interrupt(run)
        return cls.case.out_folder

    def report(self, form, folder):
        """The bytes of a report; it is the same on standard output and in a file."""
        path = self.path("report")
        self.check_end(self.run_tool("report", folder, "-f", form, "-o", path), 0)
        run = self.run_tool("report", folder, "-f", form)
        self.check_end(run, 0)
        document = tool.read(path)
        self.assertEqual(run.out.encode(), document)
        return document

    def judged(self, form, race):
        document = self.report(form, self.ran[race])
        JUDGE[form](document)
        return document

    def check_json_of_few(self, form, race):
        """A race that measured next to nothing has a report that is valid, or one that is empty and says why."""
        run = self.run_tool("report", self.ran[race], "-f", form)
        self.check_end(run, (0, 1))
        self.assertNotRegex(run.out, r"(?i)\b(nan|inf|infinity|null)\b")
        if run.code == 0 and json.loads(run.out):
            JUDGE[form](run.out)

    def test_junit(self):
        """JUnit of a whole race: one suite for what is compared, none of the title is lost or in the way."""
        root = ElementTree.fromstring(self.judged("junit", "whole"))
        self.assertIn("right", [suite.get("name") for suite in root])

    def test_junit_broken(self):
        """JUnit of races that went wrong: valid, and nobody takes them for passed."""
        for race in ("failing", "dead", "interrupted"):
            with self.subTest(race):
                root = ElementTree.fromstring(self.judged("junit", race))
                self.assertGreater(int(root.get("failures")) + int(root.get("errors")), 0)

    def test_benchmark(self):
        """benchmark-action of a whole race: entries of every service, in units that stay the same."""
        entries = json.loads(self.judged("benchmark-action", "whole"))
        for name in self.NAMES:
            self.assertTrue([entry for entry in entries if name in entry["name"]], name)
        again = json.loads(self.report("benchmark-action", self.ran["interrupted"]))
        units = {entry["name"]: entry["unit"] for entry in entries}
        for entry in again:
            self.assertEqual(entry["unit"], units.get(entry["name"], entry["unit"]), entry["name"])

    def test_benchmark_broken(self):
        """benchmark-action of races that went wrong: nothing is made up for what was not measured."""
        for race in ("failing", "dead", "interrupted"):
            with self.subTest(race):
                self.check_json_of_few("benchmark-action", race)

    def test_bencher(self):
        """bencher of a whole race: a benchmark of every service, with what even a race on a busy machine measures."""
        benchmarks = json.loads(self.judged("bencher", "whole"))
        for name in self.NAMES:
            self.assertTrue([benchmark for benchmark in benchmarks if name in benchmark], name)
        for name, measures in benchmarks.items():
            self.assertIn("cold-start-ns", measures, name)

    def test_bencher_broken(self):
        """bencher of races that went wrong: nothing is made up for what was not measured."""
        for race in ("failing", "dead", "interrupted"):
            with self.subTest(race):
                self.check_json_of_few("bencher", race)


if __name__ == "__main__":
    tap.main()
