"""The base of the cases: a temporary folder, runs that are swept, and what every end must look like."""

import json
import os
import re
import shutil
import signal
import tempfile
import unittest

import race_table
import recompute
import tool

CRASH = re.compile(r"Assertion|Sanitizer|runtime error|core dumped|Segmentation|Traceback|free\(\)|malloc")
MEASURED = (0, 5)  # 5: this machine is as noisy as it is; what for is checked with blamed_on_machine()


class CommandCase(unittest.TestCase):
    """Everything that a case starts through it ends with the case."""

    longMessage = True

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="dragstrip-test-")
        self.addCleanup(shutil.rmtree, self.folder, True)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def start(self, *arguments, **options):
        run = tool.Run([tool.DRAGSTRIP, *map(str, arguments)], **{"cwd": self.folder, **options})
        self.addCleanup(run.sweep)
        return run

    def run_tool(self, *arguments, seconds=tool.END_S, **options):
        run = self.start(*arguments, **options)
        run.finish(seconds)
        return run

    def serve(self, mode="good", number=0):
        """A fake service of the case's own; returns (its port, its run)."""
        port = tool.free_port()
        service = tool.start_service(tool.fake_command(port, mode, number), port)
        self.addCleanup(service.sweep)
        return port, service

    def check_end(self, run, code, *words, grace=0):
        """The documented exit code, a sentence with these words, no process left, no half file."""
        self.assertIsNotNone(run.code, f"it did not end in time: {run.err}")
        codes = code if isinstance(code, tuple) else (code,)
        self.assertIn(run.code, codes, f"stderr: {run.err}\nstdout: {run.out[-1500:]}")
        self.assertNotRegex(run.err, CRASH)
        self.assertEqual(run.leftovers(grace), [], "processes are left")
        self.check_files()
        said = " ".join(run.err.split())  # long sentences are wrapped
        for word in words:
            self.assertIn(word, said)
        if run.code == 2 or (run.code == 1 and not words):
            self.check_sentence(run.err)

    def check_sentence(self, err):
        """Somewhere there is a line for people: the tool's name, then at least three words."""
        found = re.search(r"^dragstrip: (.*)", err, re.M | re.S)
        self.assertTrue(found, f"no sentence of dragstrip on stderr: {err!r}")
        self.assertGreaterEqual(len(found[1].split()), 3, f"too short to help: {err!r}")

    def check_files(self):
        """Whatever is in the folder is whole: no temporary file, every JSON parses."""
        for place, _, names in os.walk(self.folder):
            for name in names:
                path = os.path.join(place, name)
                self.assertFalse(name.endswith(".tmp"), f"a temporary file is left: {path}")
                if name.endswith(".json"):
                    json.loads(tool.read(path))

    def check_refused(self, run, *words):
        """Usage: exit code 2, nothing on stdout, and one sentence (getopt's own line may come first)."""
        self.check_end(run, 2, *words)
        self.assertEqual(run.out, "")
        lines = run.err.splitlines()
        self.assertLessEqual(len(lines), 2, f"more than a sentence: {run.err!r}")

    def blamed_on_machine(self, reasons):
        """The only reasons for INVALID that a busy machine may give are the generator's own."""
        for reason in reasons:
            self.assertRegex(reason, "generator (was late|used|was not well)|and the generator was not")

    def check_books(self, load):
        """METHOD 1.4: every due request is counted once, in the whole and in the windows."""
        counts = load["counts"]
        errors = sum(counts["errors"].values())
        self.assertEqual(counts["due"], counts["ok"] + errors, counts)
        self.assertEqual(load["latency"]["count"], counts["due"])
        self.assertEqual(load["service_time"]["count"], counts["ok"])
        self.assertEqual(load["lag"]["count"], counts["due"])
        self.assertLessEqual(counts["sent"], counts["due"])
        if "windows" in load:
            self.assertEqual(sum(w["ok"] for w in load["windows"]), counts["ok"])
            self.assertEqual(sum(w["errors"] for w in load["windows"]), errors)


class LoadCase(CommandCase):
    def load(self, port, *options, code=MEASURED, **how):
        """Runs `load` against a port with --json -; returns the document."""
        run = self.run_tool("load", tool.url_of(port), "--json", "-", *options, **how)
        self.check_end(run, code)
        result = json.loads(run.out)
        self.check_result(result)
        self.assertEqual(run.code == 5, not result["valid"] and not result["interrupted"])
        return result

    def check_result(self, result):
        self.assertEqual(result["schema"], "dragstrip.load/1")
        self.assertEqual(result["valid"], not result["invalid"])
        self.check_books(result)


class RaceCase(CommandCase):
    def start_race(self, plan, *options, output="out", **how):
        """Writes the plan (a dict or a text) and starts the race of it."""
        text = plan if isinstance(plan, str) else tool.plan_text(plan)
        self.plan_path = tool.write(self.path("plan.yaml"), text)
        self.out_folder = self.path(output) if output else None
        where = ["-o", self.out_folder] if output else []
        return self.start("race", "plan.yaml", *where, *options, **how)

    def race(self, plan, *options, **how):
        run = self.start_race(plan, *options, **how)
        run.finish()
        return run

    def result(self):
        """The whole of result.json; all its trials have balanced books."""
        result = json.loads(tool.read(os.path.join(self.out_folder, "result.json")))
        self.assertEqual(result["schema"], "dragstrip.result/1")
        for trial in result["cells"][0]["trials"]:
            if trial["load"]:
                self.check_books(trial["load"])
        return result

    def attempts(self, service=None):
        """All trials in their order, also those that the machine spoilt and that were run again."""
        trials = self.result()["cells"][0]["trials"]
        return [t for t in trials if service in (None, t["service"])]

    def trials(self, service=None):
        """Those that count: one for each place in the order."""
        return race_table.last_attempts(self.attempts(service))

    @staticmethod
    def name_of(trial):
        """"003-go", "003-go~2": what its files are called."""
        again = f"~{trial['attempt']}" if trial["attempt"] > 1 else ""
        return f"{trial['block']:03}-{trial['service']}{again}"

    def first_request(self, service):
        return json.loads(self.log(self.name_of(self.trials(service)[0]) + ".log").splitlines()[0])

    def check_like(self, value, wanted):
        """Equal, numbers to 8 digits: a number read from JSON has 15, and may round otherwise to 9."""
        if isinstance(wanted, dict):
            self.assertEqual(value.keys(), wanted.keys())
            value, wanted = list(value.values()), [wanted[key] for key in value]
        if isinstance(wanted, list):
            self.assertEqual(len(value), len(wanted))
            for pair in zip(value, wanted):
                self.check_like(*pair)
        elif isinstance(wanted, float) and isinstance(value, (int, float)):
            self.assertLessEqual(abs(value - wanted), 1e-8 * abs(wanted))
        else:
            self.assertEqual(value, wanted)

    def check_recomputed(self):
        """All figures of report.md and junit.xml follow from the trials."""
        self.assertEqual(recompute.differences(self.out_folder), [])

    def trial_files(self):
        folder = os.path.join(self.out_folder, "trials")
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []

    def log(self, name):
        return tool.read(os.path.join(self.out_folder, "logs", name)).decode(errors="replace")

    def wait_request(self, run, trial):
        """Waits until the service of a trial ("001-a") has its first request."""
        tool.wait_until(lambda: '{"request"' in self.log(trial + ".log") or not run.is_running(),
                        f"the first request of {trial}")
        self.assertTrue(run.is_running(), f"the race ended before {trial}: {run.err}")

    def interrupt(self, run, number=signal.SIGINT):
        run.signal(number)
        run.finish()
