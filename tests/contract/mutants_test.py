#!/usr/bin/env python3
"""A case that cannot fail is worse than none: breaks the model on purpose and sees the cases fail.

Each row is a fault of the model and a pattern for the cases that must see it.  With the fault at least
one of those cases must be red; without any fault the whole suite must be green on the model.
"""

import concurrent.futures
import os
import re
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lib")]

import tap  # noqa: E402
from tap import rows  # noqa: E402

MODELS = ("model.py", "model_json.py", "model_metrics.py")
FAULTS = {
    "environment-wins": "--response-bytes wins", "bad-value-exits-1": "that is no number is refused",
    "busy-exits-2": "a port in use",
    "order": "in this order", "not-compact": "compact", "name-without-version": "processed_by",
    "pads-one-more": "each natural length", "pads-late": "each natural length",
    "pads-empty": "each natural length", "pads-characters": "bytes and not characters",
    "cuts-at-nul": "escaped NUL", "plain-error": "an empty object",
    "id-through-double": "comes back as itself", "id-may-be-fraction": "the id 1.0",
    "minus-zero": "the id -0", "id-off-by-one": "18446744073709551616",
    "id-without-limit": "36893488147419103233", "accepts-null": "metadata of null",
    "accepts-bom": "a byte order mark is refused", "accepts-bad-utf8": "invalid UTF-8",
    "accepts-nan": "NaN in an unknown", "accepts-control": "raw newline",
    "accepts-trailing": "trailing garbage", "accepts-lone-surrogates": "lone surrogate",
    "names-without-case": "case-sensitive", "accepts-duplicates": "duplicate user_agent",
    "escaped-duplicates": "written with an escape is refused",
    "refuses-unknown": "unknown members of every",
    "dies-of-depth": "100000 nested arrays are refused",
    "query-counts": "POST /echo?x=1 is answered", "path-without-case": "POST /Echo is 404",
    "no-allow": "Allow names", "head-with-body": "HEAD /healthz is 200",
    "no-host": "HTTP/1.1 without Host", "space-before-colon": "before the colon of any",
    "length-over-chunks": "by the chunks alone", "length-wraps": "wraps at 64 bits",
    "no-extensions": "chunk extensions are accepted", "ignores-close": "connection: close is honoured",
    "keeps-http-1.0": "an HTTP/1.0 request is answered",
    "limit-off-by-one": "one byte more", "limit-too-small": "exactly one mebibyte",
    "413-after-body": "413 before the body", "chunks-without-limit": "passes the limit",
    "no-100": "answered 100, then 200", "early-100": "413 and no 100",
    "method-label": "unknown method is counted", "route-label": "labels stay",
    "counts-400-as-200": "a 400 of /echo", "misses-404": "404 is counted", "counts-twice": "counted exactly",
    "histogram-misses-404": "sum of http_requests_total agree", "milliseconds": "its sum is plausible",
    "misses-a-bucket": "exactly the contract's buckets", "not-cumulative": "buckets, cumulative",
    "inf-is-not-count": "+Inf is the count", "cpu-doubled": "process_cpu_seconds",
    "memory-in-pages": "process_resident", "start-time": "process_start_time",
    "fds-constant": "process_open_fds",
    "logs-requests": "logged three lines", "no-stopped-line": "three lines of log",
    "exits-1": "ends an idle service", "ignores-second-signal": "a second signal",
    "leaves-ignored": "drained by SIGINT", "resets-to-ignored": "at once by a second SIGINT",
    "accepts-while-draining": "new connection is refused",
    "keeps-unused": "never-used connections are closed",
    "drops-in-flight": "a request in flight is answered 200",
    "no-close-line": "a request in flight is answered 200",
    "healthy-while-draining": "/healthz is 503",
    "no-read-time-out": "a body that stalls", "read-time-out-restarts": "drips",
    "never-idle": "idle after a request", "no-write-time-out": "never reads its answers",
}


def contract(*words):
    """Runs the suite on the model: (exit code, the TAP)."""
    model = [sys.executable, os.path.join(HERE, "model.py")]
    suite = [sys.executable, os.path.join(HERE, "contract_test.py"), "go-echo", *model, *words]
    child = subprocess.run(suite, capture_output=True, text=True, timeout=120)
    return child.returncode, child.stdout + child.stderr


def begin(tests):
    """Runs all at once, a few side by side: the time-outs among them mostly wait."""
    words = {test.shortDescription() for test in tests}
    faults = [fault for fault in FAULTS if says(fault) in words]
    pool = concurrent.futures.ThreadPoolExecutor(4)
    slow = sorted(faults, key=lambda fault: "time-out" not in fault and fault != "never-idle")
    if Mutants.test_unbroken.__doc__ in words:
        Mutants.results[None] = pool.submit(contract)
    Mutants.results |= {f: pool.submit(contract, "--mutant", f, "-k", FAULTS[f]) for f in slow}


def says(fault):
    return f"The fault {fault} is seen by: {FAULTS[fault]}"


@rows([(says(fault), fault) for fault in FAULTS])
class Mutants(unittest.TestCase):
    results = {}

    def check(self, fault):
        code, out = self.results[fault].result()
        self.assertEqual(code, 1, out)
        self.assertRegex(out, r"(?m)^not ok ", out)

    def test_every_fault(self):
        """Every fault in the model's text is in the table, and every row is a fault."""
        found = set()
        for name in MODELS:
            with open(os.path.join(HERE, name), encoding="utf-8") as file:
                found |= set(re.findall(r'''broken\(["']([^"']+)["']\)''', file.read()))
        self.assertEqual(found - {"name"}, set(FAULTS))

    def test_unbroken(self):
        """Without a fault the model passes every case."""
        code, out = self.results[None].result()
        bad = [line for line in out.splitlines() if line.startswith(("not ok", "Bail"))]
        self.assertEqual((code, bad), (0, []))


if __name__ == "__main__":
    tap.main(begin=begin)
