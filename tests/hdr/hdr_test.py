#!/usr/bin/env python3
"""What dragstrip writes as HdrHistogram is read by another implementation (hdr-histogram-js), which must find
the same numbers in it.  Skipped, with the reason, where node or its package cannot be had.

    python3 tests/hdr/hdr_test.py [-k PATTERN]
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
_here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(_here, "..", "lib"), os.path.join(_here, "..", "command")]

import tap  # noqa: E402
import tool  # noqa: E402

MODULES = os.path.join(tool.TOP, "build", "hdr")
SUMMARIES = ("latency", "service_time", "lag", "first_byte", "latency_less_lag")


def install():
    """Why the package cannot be had, or None when it is there."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "node and npm are not installed"
    os.makedirs(MODULES, exist_ok=True)
    for name in ("package.json", "package-lock.json", "decode.js"):
        shutil.copy(os.path.join(_here, name), MODULES)
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=MODULES, capture_output=True, text=True)
    return None if done.returncode == 0 else f"npm ci failed: {done.stderr.strip()[-200:]}"


def load(law, *options):
    """(the result, the text of the .hgrm file) of one run against the oracle."""
    port = tool.free_port()
    oracle = tool.start_service([tool.ORACLE, "--listen", f"127.0.0.1:{port}", "--law", law], port)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "l.hgrm")
        run = tool.Run([tool.DRAGSTRIP, "load", tool.url_of(port), "-r", "2k", "-d", "2500ms", "-w", "0s",
                        "--json", "-", "--hgrm", path, *options])
        try:
            assert run.finish(60) in (0, 5), run.err
            return json.loads(run.out), tool.read(path).decode()
        finally:
            run.sweep()
            oracle.sweep()


def decode(result):
    done = subprocess.run(["node", "decode.js"], cwd=MODULES, input=json.dumps(result), capture_output=True,
                          text=True, check=True)
    return json.loads(done.stdout)


def numbers(hgrm):
    """The lines of a percentile file as numbers; comments are left out."""
    return [[float(word) for word in line.split()] for line in hgrm.splitlines()[2:] if line and line[0] != "#"]


class Hdr(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if why := install():
            raise unittest.SkipTest(why)
        cls.result, cls.hgrm = load("lognormal:1ms,0.8")
        cls.found = decode(cls.result)

    def test_summaries(self):
        """Count and percentiles of every histogram are those of the JSON beside it."""
        for name in SUMMARIES:
            ours, theirs = self.result[name], self.found[name]
            self.assertEqual(theirs["count"], ours["count"], name)
            for key in ("p50", "p90", "p95", "p99"):
                self.assertEqual(theirs[key], ours[key], f"{name} {key}")
            self.assertAlmostEqual(theirs["max"], ours["max"], delta=ours["max"] / 1000 + 1)

    def test_windows(self):
        """The histograms of the seconds add up to the whole."""
        self.assertEqual(sum(w["count"] for w in self.found["windows"]), self.result["latency"]["count"])
        for ours, theirs in zip(self.result["windows"], self.found["windows"]):
            self.assertEqual((theirs["count"], theirs["p50"]), (ours["ok"], ours["p50"]))

    def test_hgrm(self):
        """The percentile file is theirs, line by line."""
        ours, theirs = numbers(self.hgrm), numbers(self.found["latency"]["hgrm"])
        self.assertEqual(len(ours), len(theirs))
        for mine, other in zip(ours, theirs):
            for a, b in zip(mine, other):
                self.assertAlmostEqual(a, b, delta=1e-9 + abs(b) * 1e-9)

    def test_errors(self):
        """With errors the file ends where they begin, and says how many there are."""
        result, hgrm = load("errors:10%")
        errors = sum(result["counts"]["errors"].values())
        last = numbers(hgrm)[-1]
        self.assertGreater(errors, 100)
        self.assertLess(last[1], 0.95)
        self.assertLessEqual(last[2], result["counts"]["ok"])
        self.assertIn(f"#[{errors} errors are longer", hgrm)


if __name__ == "__main__":
    tap.main()
