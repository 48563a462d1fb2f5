"""dragstrip selftest: it believes a true oracle and not a false one."""

import os
import stat

import tool
from case import MEASURED, CommandCase

FALSE_ORACLE = """#!/bin/sh
# Answers at once and well, whatever law is asked for.
exec {oracle} --listen "$2" --law null
"""


class Selftest(CommandCase):
    def findings(self, run):
        """{(oracle, what): its line}; what may be two words."""
        lines = run.out.splitlines()[1:]
        return {(line[:17].strip(), line[58:67].strip()): line for line in lines}

    def test_quick(self):
        """The quick rows are run and judged; what no noise can move is as expected."""
        run = self.run_tool("selftest", "--quick", "--oracle", tool.ORACLE, seconds=90)
        self.check_end(run, MEASURED)
        found = self.findings(run)
        for row in (("errors:10%", "errors"), ("fixed:3s", "answered")):
            self.assertTrue(found[row].endswith(" ok"), found[row])
        self.assertEqual(run.code == 5, "NOT AS EXPECTED" in run.out)
        self.assertNotIn("mm1", run.out)

    def test_false_oracle(self):
        """An oracle that does not keep its law is noticed: exit code 5, and the rows say so."""
        path = tool.write(self.path("oracle"), FALSE_ORACLE.format(oracle=tool.ORACLE))
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
        run = self.run_tool("selftest", "--quick", "--oracle", path, seconds=90)
        self.check_end(run, 5)
        found = self.findings(run)
        for row in (("fixed:2ms", "p50"), ("stall:200ms,2s", "p99"), ("errors:10%", "errors"),
                    ("fixed:3s", "p50")):
            self.assertIn("NOT AS EXPECTED", found[row])
        self.assertTrue(found[("fixed:3s", "answered")].endswith(" ok"))

    def test_no_oracle(self):
        """Without its oracle it cannot be run: exit code 1, and what is missing is named."""
        self.check_end(self.run_tool("selftest", "--oracle", "no-such-oracle"), 1, "no-such-oracle")

    def test_usage(self):
        """An argument that it does not take is refused."""
        self.check_refused(self.run_tool("selftest", "now"), "no arguments")

    def test_interrupted(self):
        """Ctrl-C ends it and its two children."""
        run = self.start("selftest", "--oracle", tool.ORACLE)
        tool.wait_until(lambda: len(tool.marked(run.marker)) >= 3, "oracle and generator")
        run.signal()
        run.finish(20)
        self.check_end(run, 130)
