"""dragstrip doctor: it looks, and says what it found."""

from case import CommandCase

LOOKED_AT = ("CPUs", "steal", "other load", "congestion control", "open files", "local ports", "clock source")


class Doctor(CommandCase):
    def test_looks(self):
        """Every point has a line; what is bad has an effect and a remedy behind an arrow."""
        run = self.run_tool("doctor")
        self.check_end(run, 0)
        lines = run.out.splitlines()
        for what in LOOKED_AT:
            self.assertEqual(len([line for line in lines if line[5:].startswith(what)]), 1, what)
        bad = sum(line.startswith("MEND ") for line in lines)
        self.assertEqual(sum(line.startswith("       → ") for line in lines), bad)
        self.assertLessEqual(max(map(len, lines)), 80)

    def test_usage(self):
        """An argument is refused."""
        self.check_refused(self.run_tool("doctor", "now"), "no arguments")
