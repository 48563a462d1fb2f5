"""dragstrip race --resume: a race that was cut off, at whatever stage and how often, ends as if it had not been."""

import json
import os
import re
import shutil
import signal
import time

import tool
from case import MEASURED, RaceCase
from tap import rows

SHORT = {"duration": "100ms", "warmup": "100ms"}
SEEDS_OF_7 = {1: 7977273291201679995, 2: 2873349069667458011, 3: 5631841781398070793}  # uninterrupted
# The first build is long, so that it can be cut off; later ones are not.
LONG_BUILD = "echo begun; test -e built && exit; touch built; exec sleep 60"


class ResumeCase(RaceCase):
    def resume(self, *options, **how):
        return self.start("race", "plan.yaml", "--resume", self.out_folder, *options, **how)

    def snapshot(self, *below):
        """{path: bytes} of all files; what kill -9 left of one that was being written is none."""
        top = os.path.join(self.out_folder, *below)
        return {os.path.join(place, name): tool.read(os.path.join(place, name))
                for place, _, names in os.walk(top) for name in names if not name.endswith(".tmp")}

    def dry_order(self):
        run = self.run_tool("race", "plan.yaml", "--dry-run")
        blocks = re.findall(r"^block (\d+): (.*)$", run.out, re.M)
        return [(int(block), at + 1, name) for block, names in blocks for at, name in enumerate(names.split())]

    def check_whole(self, left_out=()):
        """The order of the plan, each place once, and figures that follow from the trials."""
        result, trials = self.result(), self.trials()
        self.assertFalse(result["partial"])
        wanted = [place for place in self.dry_order() if place[2] not in left_out]
        self.assertEqual(sorted((t["block"], t["position"], t["service"]) for t in trials
                                if t["service"] not in left_out), wanted)
        attempts = [self.name_of(t) for t in self.attempts()]
        self.assertEqual(len(set(attempts)), len(attempts))
        self.assertEqual(self.trial_files(), sorted(name + ".json" for name in attempts))
        for trial in self.attempts():
            if trial["load"]:
                self.check_books(trial["load"])
        self.check_recomputed()
        again = json.loads(self.run_tool("report", self.out_folder, "-f", "json").out)
        for key in ("comparisons", "summary", "gate"):
            self.check_like(again[key], result[key])

    def check_seeds(self):
        """Each block has the arrivals of an uninterrupted race."""
        for trial in self.attempts():
            self.assertEqual(trial["seed"], SEEDS_OF_7[trial["block"]])
            self.assertEqual(trial["load"]["seed"], trial["seed"])

    def check_kept(self, before):
        """Trials that were there are byte for byte the same."""
        now = self.snapshot("trials")
        self.assertEqual({path: now.get(path) == text for path, text in before.items()},
                         dict.fromkeys(before, True))


class Stages(ResumeCase):
    """One race that is cut off at every stage, one after the other, and goes on each time."""

    def stages(self):
        """(name, waits until the race is at that stage).  Those of trials are of the next one that is run."""
        return [("build", lambda: "begun" in self.log("build-a.log")),
                ("start", lambda: self.in_next("starting")),
                ("warm-up", lambda: self.in_next("request")),
                ("measured time", lambda: self.in_next("request", 0.17)),
                ("stop", lambda: self.in_next("stopping")),
                ("between trials", lambda: len(self.trial_files()) > self.had)]

    def in_next(self, word, later=0.0):
        """Whether the log of the trial that runs now holds the word; for so long."""
        folder = os.path.join(self.out_folder, "logs")
        names = {name for name in os.listdir(folder) if name[:-4] + ".json" not in self.trial_files()}
        there = any(os.stat(os.path.join(folder, name)).st_mtime_ns > self.began and word in self.log(name)
                    for name in names if not name.startswith("build"))
        if there:
            time.sleep(later)
        return there

    def check_signal(self, number, code):
        services = {"a": {"mode": "sluggish", "number": 60, "build": LONG_BUILD},
                    "b": {"mode": "sluggish", "number": 60}}
        plan = tool.fake_plan(services, 3, load=SHORT)
        self.began = time.time_ns()
        run, kept, cut = self.start_race(plan), {}, 0
        for name, is_there in self.stages():
            self.had = len(self.trial_files())
            tool.wait_until(lambda: is_there() or not run.is_running(), name, 20)
            self.assertTrue(run.is_running(), f"the race ended before {name}: {run.err}")
            self.interrupt(run, number)
            self.assertEqual((run.code, run.leftovers(2)), (code, []), run.err)
            if number != signal.SIGKILL:  # a trial that is cut off is lost, one that was measured is not
                self.assertEqual(len(self.trial_files()) > self.had, name in ("stop", "between trials"), name)
            self.check_kept(kept)
            kept = self.snapshot("trials")
            if self.trial_files() and number != signal.SIGKILL:
                self.assertTrue(self.result()["partial"])
                self.check_recomputed()
            cut += 1
            self.began = time.time_ns()
            run = self.resume()
        run.finish()
        self.check_end(run, MEASURED)
        self.assertEqual(cut, 6)
        self.check_kept(kept)
        self.check_whole()
        self.check_seeds()

    def test_int(self):
        """By SIGINT."""
        self.check_signal(signal.SIGINT, 130)

    def test_term(self):
        """By SIGTERM."""
        self.check_signal(signal.SIGTERM, 130)

    def test_kill(self):
        """By kill -9."""
        self.check_signal(signal.SIGKILL, -signal.SIGKILL)

    def test_writing(self):
        """By kill -9 at arbitrary moments, with files being written all the time: none is ever half."""
        ports = {name: self.serve()[0] for name in "abc"}
        plan = tool.fake_plan({}, 8, load={"rate": 200, "duration": "10ms", "warmup": "1ms"})
        plan["services"] = {name: {"url": tool.url_of(port)} for name, port in ports.items()}
        run, kept = self.start_race(plan), {}
        tool.wait_until(self.trial_files, "the first trial")
        for at in range(12):
            time.sleep(0.15 + at * 0.017)
            if run.is_running():
                run.signal(signal.SIGKILL)
            run.finish()
            for path, text in self.snapshot().items():
                if path.endswith(".json"):
                    json.loads(text)
            self.check_kept(kept)
            kept = self.snapshot("trials")
            run = self.resume()
        run.finish()
        self.check_end(run, MEASURED)
        self.check_kept(kept)
        self.check_whole()

    def test_impatient(self):
        """A service that is killed because of a second Ctrl-C is not one that ignored SIGTERM."""
        plan = tool.fake_plan({"a": {"mode": "lingers", "number": 800}}, load=SHORT)
        run = self.start_race(plan)
        tool.wait_until(lambda: "stopping" in self.log("001-a.log"), "the service stops")
        run.signal()
        time.sleep(0.2)
        self.interrupt(run)
        self.check_end(run, 130, grace=2)
        self.assertEqual(self.trial_files(), [])
        run = self.resume()
        run.finish()
        self.check_end(run, MEASURED)
        self.check_whole()
        self.assertEqual({t["drain_killed"] for t in self.attempts()}, {False})


class Finished(ResumeCase):
    """A race that is over, resumed in many ways; it is run once and copied."""

    @classmethod
    def setUpClass(cls):
        cls.case = ResumeCase()
        cls.case.setUp()
        services = {"a": {}, "b": {"mode": "exits", "number": 4}, "c": {"mode": "slow", "number": 2000}}
        plan = tool.fake_plan(services, 3, load={"duration": "50ms", "warmup": "10ms", "rate": 200},
                              design={"seed": 2})
        cls.first = cls.case.race(plan)
        cls.case.check_end(cls.first, 1, "FAILED", "exited with status 4")

    @classmethod
    def tearDownClass(cls):
        cls.case.doCleanups()

    def setUp(self):
        super().setUp()
        self.out_folder = self.path("out")
        shutil.copytree(self.case.out_folder, self.out_folder)
        self.plan_path = shutil.copy(self.case.plan_path, self.path("plan.yaml"))
        self.before = self.snapshot()

    def finish(self, *options):
        run = self.resume(*options)
        run.finish()
        return run

    def check_same_result(self, before):
        """All but what is so at the moment."""
        now = self.result()
        before["machine"]["load_1min"] = now["machine"]["load_1min"]
        self.check_like(now, before)

    def test_again(self):
        """A finished race runs nothing, and says the same with the same exit code."""
        before = self.result()
        for _ in range(2):
            run = self.finish()
            self.assertEqual(run.code, self.first.code)
            self.assertNotIn("trial 1/9", run.err)
            self.check_same_result(before)
            told = {path: text for path, text in self.snapshot().items() if "build-" not in path}
            for path in (path for path in told if "report.md" not in path and "result.json" not in path):
                self.assertEqual(told[path], self.before[path], path)
        self.assertEqual(run.out.partition("Provenance")[0], self.first.out.partition("Provenance")[0])

    def test_plan_of_the_folder(self):
        """The plan in the folder is the plan to go on with."""
        run = self.run_tool("race", os.path.join(self.out_folder, "plan.yaml"), "--resume", self.out_folder)
        self.assertEqual(run.code, self.first.code)
        self.check_whole(left_out=("b",))

    def test_not_started(self):
        """A service that could not be started stays out; the others of a cut race go on."""
        for trial in self.attempts():
            if trial["block"] > 1:
                os.remove(os.path.join(self.out_folder, "trials", self.name_of(trial) + ".json"))
        log = self.log("001-b.log")
        self.assertEqual(self.finish().code, 1)
        self.assertEqual([(t["block"], t["outcome"]) for t in self.trials("b")], [(1, "failed")])
        self.assertEqual((self.log("001-b.log"), os.path.exists(self.path("out", "logs", "002-b.log"))),
                         (log, False))
        self.assertEqual({t["outcome"] for t in self.trials("a") + self.trials("c")}, {"ok"})
        self.check_whole(left_out=("b",))

    def test_one_is_missing(self):
        """A trial whose file was deleted is run again at its place, and no other."""
        lost = next(t for t in self.trials("c") if t["block"] == 2)
        for name in self.trial_files():
            if name.startswith("002-c"):
                os.remove(self.path("out", "trials", name))
        kept = self.snapshot("trials")
        self.assertEqual(self.finish().code, 1)
        self.check_kept(kept)
        self.check_whole(left_out=("b",))
        found = next(t for t in self.trials("c") if t["block"] == 2)
        self.assertEqual((found["seed"], found["position"]), (lost["seed"], lost["position"]))
        self.assertGreater(found["started_unix"], max(t["started_unix"] for t in self.trials("a")))

    def test_spoilt_and_cut_off(self):
        """A trial that was spoilt and not yet run again is run again; the other attempt is kept."""
        first = next(t for t in self.attempts("c") if t["block"] == 3)
        path = self.path("out", "trials", "003-c.json")
        trial = json.loads(tool.read(path))
        reason = "the generator was late: so it was"
        trial["load"]["lag"]["p99"] = 2_000_000
        trial["invalid"], trial["load"]["invalid"], trial["load"]["valid"] = [reason], [reason], False
        tool.write(path, json.dumps(trial))
        if os.path.exists(self.path("out", "trials", "003-c~2.json")):
            os.remove(self.path("out", "trials", "003-c~2.json"))
        kept = self.snapshot("trials")
        self.assertEqual(self.finish().code, 1)
        self.check_kept(kept)
        self.check_whole(left_out=("b",))
        self.assertEqual([t["attempt"] for t in self.attempts("c") if t["block"] == 3], [1, 2])
        self.assertEqual({t["seed"] for t in self.attempts("c") if t["block"] == 3}, {first["seed"]})

    def check_refused_whole(self, run, code, *words):
        """A sentence, and every file as it was."""
        self.check_end(run, code, *words)
        self.check_sentence(run.err)
        now = self.snapshot()
        self.assertEqual({path for path in now | self.before if now.get(path) != self.before.get(path)}, set())

    def test_another_plan(self):
        """Another plan is refused."""
        tool.write(self.plan_path, tool.read(self.plan_path) + b"# later\n")
        self.check_refused_whole(self.finish(), 1, "begun with another plan")

    def test_another_setting(self):
        """Other settings are refused."""
        for setting in ("load.rate=100", "design.seed=8"):
            self.check_refused_whole(self.finish("--set", setting), 1, "begun with another plan")

    def test_other_services(self):
        """Other services are refused, also where their trials would fit: with seed 2 a is always first."""
        self.assertEqual({t["position"] for t in self.trials("a")}, {1})
        for only in ("a,b", "a,c", "a"):
            with self.subTest(only):
                self.check_refused_whole(self.finish("--only", only), 1, "begun with other services", "--only")

    def test_broken_trial(self):
        """A trial file that is broken is named with the remedy, wherever it is in the order."""
        for name in ("001-a.json", "003-c.json"):
            for text in ('{"block": 1, "pos', "{}", "[]", ""):
                with self.subTest(name=name, text=text):
                    path = self.path("out", "trials", name)
                    whole = tool.read(path)
                    tool.write(path, text)
                    run = self.finish()
                    self.before[path] = text.encode()
                    self.assertIn("delete it to have it run again", " ".join(run.err.split()))
                    self.assertIn(name, run.err)
                    self.assertEqual(run.code, 1)
                    self.assertEqual(self.snapshot(), self.before)
                    tool.write(path, whole)
                    self.before[path] = whole

    def test_broken_result(self):
        """A result that is broken is named with the remedy."""
        tool.write(self.path("out", "result.json"), "{}")
        self.before = self.snapshot()
        run = self.finish()
        self.assertIn("out/result.json cannot be used; delete it to resume without it",
                      " ".join(run.err.split()))
        self.assertEqual((run.code, self.snapshot()), (1, self.before))

    def test_trial_of_another_place(self):
        """A trial file that belongs elsewhere is refused."""
        shutil.copy(self.path("out", "trials", "002-a.json"), self.path("out", "trials", "003-a.json"))
        self.before = self.snapshot()
        self.check_refused_whole(self.finish(), 1, "in another order")


class Changed(ResumeCase):
    def check_changed(self, words, path, text):
        before = tool.read(path)
        tool.write(path, before + text)
        os.chmod(path, 0o755)
        files = self.snapshot()
        run = self.resume()
        run.finish()
        self.check_end(run, 1, "begun with " + words)
        self.assertEqual(self.snapshot(), files)
        tool.write(path, before)

    def test_program_and_body(self):
        """Another build of a service, and other request bodies, are other races."""
        service = self.path("service.py")
        shutil.copy(tool.FAKE, service)
        os.chmod(service, 0o755)
        tool.write(self.path("body"), "one")
        plan = tool.fake_plan({"a": {}}, load={**SHORT, "body": "@body"})
        plan["services"]["a"]["command"][:4] = [service]
        self.check_end(self.race(plan), MEASURED)
        self.check_changed("another build of a", service, b"# later\n")
        self.check_changed("other request bodies", self.path("body"), b" more")
        run = self.resume()
        run.finish()
        self.check_end(run, MEASURED)


@rows([
    ("A folder without a race is refused.", ["--resume", "empty"], ["empty holds no race"]),
    ("A folder that is not there is refused.", ["--resume", "none"], ["none holds no race"]),
    ("A file is refused.", ["--resume", "plan.yaml"], ["plan.yaml holds no race"]),
    ("-o together with --resume is refused.", ["--resume", "x", "-o", "y"], ["--resume", "leave out -o"]),
])
class Refusals(RaceCase):
    def check(self, options, words):
        tool.write(self.path("plan.yaml"), tool.plan_text(tool.fake_plan({"a": {"build": "touch started"}})))
        os.mkdir(self.path("empty"))
        self.check_refused(self.run_tool("race", "plan.yaml", *options), *words)
        self.assertEqual(sorted(os.listdir(self.folder)), ["empty", "plan.yaml"])
        self.assertEqual(os.listdir(self.path("empty")), [])
