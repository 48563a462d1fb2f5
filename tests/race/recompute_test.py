#!/usr/bin/env python3
"""Every figure of the golden reports follows from the golden race, and a wrong one is noticed."""

import copy
import json
import os
import sys
import unittest

sys.dont_write_bytecode = True
_here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [_here, os.path.join(_here, "..", "lib")]

import recompute  # noqa: E402
import tap  # noqa: E402

GOLDEN = os.path.join(_here, "..", "unit", "golden")


def read(name):
    with open(os.path.join(GOLDEN, name), encoding="utf-8") as file:
        return file.read()


class Recompute(unittest.TestCase):
    def setUp(self):
        self.result = json.loads(read("race.json"))
        self.rows = recompute.table(self.result)

    def check(self, rows, name, parse):
        self.assertEqual(recompute.differences(rows, parse(read(name)), name), [])

    def test_markdown(self):
        """report.md can be recomputed from the trials"""
        self.check(self.rows, "report.md", recompute.markdown_rows)

    def test_terminal(self):
        """the terminal's table can be recomputed from the trials"""
        self.check(self.rows, "term120.txt", recompute.terminal_rows)

    def test_any_trial_counts(self):
        """a changed value in any one trial of a service changes the recomputed table"""
        for number, trial in enumerate(self.result["cells"][0]["trials"]):
            if trial["outcome"] != "ok":
                continue
            changed = copy.deepcopy(self.result)
            changed["cells"][0]["trials"][number]["cpu_us_per_request"] *= 3
            with self.subTest(trial=number):
                self.assertNotEqual(recompute.table(changed), self.rows)

    def test_known_intervals(self):
        """k of the signed-rank interval is that of the tables"""
        for n, k95, k90 in ((6, 1, 3), (8, 4, 6), (10, 9, 11), (12, 14, 18), (15, 26, 31), (20, 53, 61)):
            self.assertEqual((recompute.signed_rank_k(n, .05), recompute.signed_rank_k(n, .10)), (k95, k90))

    def test_known_quantiles(self):
        """quantiles of Student's t are those of the tables"""
        for p, df, t in ((.975, 5, 2.570582), (.95, 9, 1.833113), (.975, 9, 2.262157), (.975, 29, 2.045230)):
            self.assertAlmostEqual(recompute.t_quantile(p, df), t, 5)


if __name__ == "__main__":
    tap.main()
