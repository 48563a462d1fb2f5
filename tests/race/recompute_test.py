#!/usr/bin/env python3
"""Every figure of the golden reports follows from the golden race, and a wrong one is noticed."""

import copy
import json
import os
import re
import sys
import unittest

sys.dont_write_bytecode = True
_here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [_here, os.path.join(_here, "..", "lib")]

import race_table  # noqa: E402
import recompute  # noqa: E402
import tap  # noqa: E402

GOLDEN = os.path.join(_here, "..", "unit", "golden")


def read(name):
    with open(os.path.join(GOLDEN, name), encoding="utf-8") as file:
        return file.read()


class Recompute(unittest.TestCase):
    def setUp(self):
        self.result = json.loads(read("race.json"))
        self.trials = self.result["cells"][0]["trials"]
        self.page = read("report.md")
        self.rows = self.table(self.result)

    @staticmethod
    def table(result):
        return race_table.table(race_table.Race(result))

    def check(self, rows, name, parse):
        self.assertEqual(recompute.row_differences(rows, parse(read(name)), name), [])

    def wrong(self, page=None):
        return recompute.report_differences(race_table.Race(self.result), page or self.page)

    def test_markdown(self):
        """table, gate and noise floor of report.md can be recomputed from the trials"""
        self.assertEqual(self.wrong(), [])

    def test_terminal(self):
        """the terminal's table can be recomputed from the trials"""
        self.check(self.rows, "term120.txt", recompute.terminal_rows)

    def test_any_trial_counts(self):
        """a changed value in any one trial of a service changes the recomputed table"""
        for at, trial in enumerate(self.trials):
            if trial["outcome"] != "ok":
                continue
            changed = copy.deepcopy(self.result)
            changed["cells"][0]["trials"][at]["cpu_us_per_request"] *= 3
            with self.subTest(trial=at):
                self.assertNotEqual(self.table(changed), self.rows)

    def test_any_figure_of_the_gate(self):
        """a changed digit, word or line of the gate is noticed"""
        begin = self.page.index("Gate: ")
        end = self.page.index("\n\n", self.page.index("\n- ", begin))
        gate = self.page[begin:end]
        places = [*re.finditer(r"\d|proven|BROKEN|PASS|INVALID", gate), *re.finditer(r"- .*\n", gate)]
        self.assertGreater(len(places), 60)
        for found in places:
            new = str((int(found[0]) + 1) % 10) if found[0].isdigit() else ""
            page = self.page[:begin + found.start()] + new + self.page[begin + found.end():]
            with self.subTest(line=gate[found.start() - 30:found.end()]):
                self.assertNotEqual(self.wrong(page), [])

    def test_gate_is_not_believed(self):
        """p, interval and status of a rule in result.json are computed again"""
        for key, value in (("p", 0.5), ("level", 0.5), ("value", 9), ("ci95", [1, 9]), ("status", "passes")):
            self.setUp()
            self.result["gate"]["checks"][0][key] = value
            with self.subTest(key):
                self.assertNotEqual(self.wrong(), [])

    def test_last_attempt_counts(self):
        """a trial that was run again is in no figure"""
        for at in (0, 5, len(self.trials) - 1):
            spoilt = copy.deepcopy(self.trials[at])
            spoilt["invalid"], spoilt["outcome"] = ["the generator was late"], "ok"
            spoilt["load"]["latency"]["p50"] = spoilt["cold_start_ns"] = 1e12
            spoilt["load"]["overloaded"], spoilt["load"]["latency_less_lag"]["p99"] = True, 1
            self.trials.insert(at, spoilt)
            self.trials[at + 1]["attempt"] = 2
        self.assertEqual(self.wrong(), [])

    def test_control(self):
        """the baseline's double is in the noise floor and in no table"""
        name = self.result["baseline"]
        twins = [dict(copy.deepcopy(t), service="twin") for t in self.trials if t["service"] == name]
        self.trials += twins
        self.result["services"].append(dict(self.result["services"][0], name="twin", control=True))
        told = recompute.noise_line(race_table.Race(self.result))
        self.assertTrue(told.startswith(f"Noise floor, {name} against itself: p50 1.00× [1.00, 1.00], "), told)
        self.assertEqual(self.wrong(), [f"report.md: None, recomputed {told}"])
        at = self.page.index("\n20,000 requests/s")
        self.assertEqual(self.wrong(self.page[:at] + "\n" + told.replace("[", "\\[") + "\n" + self.page[at:]), [])

    def test_known_intervals(self):
        """k of the signed-rank interval and j of the median's are those of the tables"""
        for n, k95, k90 in ((6, 1, 3), (8, 4, 6), (10, 9, 11), (12, 14, 18), (15, 26, 31), (20, 53, 61)):
            self.assertEqual((race_table.signed_rank_k(n, .05), race_table.signed_rank_k(n, .10)), (k95, k90))
        for n, j in ((6, 1), (10, 2), (20, 6), (30, 10)):
            self.assertEqual(recompute.median_interval(range(1, n + 1)), (j, n + 1 - j))

    def test_known_probabilities(self):
        """p of the one-sided tests, counted by hand"""
        d = [1, 2, 3, -4]  # the ranks 1, 2 and 3 are positive: sums of 6 or more are 7 of 16
        self.assertEqual(recompute.rank_p(d, 0), 7 / 16)
        self.assertEqual([recompute.rank_p(range(1, 7), shift) for shift in (0, 9)], [1 / 64, 1])
        self.assertEqual([recompute.sign_p(k, 6) for k in (6, 5, 0)], [1 / 64, 7 / 64, 1])

    def test_known_quantiles(self):
        """quantiles of Student's t are those of the tables"""
        for p, df, t in ((.975, 5, 2.570582), (.95, 9, 1.833113), (.975, 9, 2.262157), (.975, 29, 2.045230)):
            self.assertAlmostEqual(race_table.t_quantile(p, df), t, 5)


if __name__ == "__main__":
    tap.main()
