"""dragstrip race when something is wrong, one case each.

Every case ends with check_end: the documented exit code, a sentence with cause and remedy, no process
left behind, no half-written file.
"""

import json
import os
import shutil
import signal
import socket
import time

import tool
from case import MEASURED, RaceCase
from tap import rows

SERVICES = """# A plan.
services:
  a:
    build: touch started
    command: none
    url: http://127.0.0.1:9/
"""
LOAD = "load: {rate: 9}\n"


@rows([
    ("A key that is not known is refused with its line and the nearest one.",
     SERVICES + "load:\n  rte: 9\n", ["plan.yaml:8:", "'rte' in load", "did you mean 'rate'"]),
    ("An unknown key of a service is refused with the service's name.",
     SERVICES + "    comand: x\n" + LOAD, ["plan.yaml:7:", "'comand' in service a", "'command'"]),
    ("An unknown key of the plan that is like no other is refused.", SERVICES + LOAD + "banana: 1\n",
     ["plan.yaml:8:", "unknown key 'banana' in the plan"]),
    ("A key given twice is refused.", SERVICES + "load:\n  rate: 9\n  rate: 8\n",
     ["plan.yaml:9:", "'rate' is given twice"]),
    ("A plan without a rate is refused.", SERVICES + "load: {connections: 1}\n",
     ["plan.yaml:7:", "'rate' is missing in load"]),
    ("A plan without services is refused.", LOAD, ["plan.yaml:1:", "'services' is missing"]),
    ("An empty plan is refused.", "", ["plan.yaml", "empty"]),
    ("A plan that is no YAML is refused with the line.", "services:\n  a: [1\n",
     ["plan.yaml:", "not YAML"]),
    ("A service without a URL is refused.", "services:\n  a: {command: x}\n" + LOAD,
     ["plan.yaml:2:", "'url' is missing in service a"]),
    ("A time without a unit is refused with examples.", SERVICES + "load:\n  rate: 9\n  warmup: 5\n",
     ["plan.yaml:9:", "warmup", "250ms", "'5'"]),
    ("A limit that is no percentage is refused.", SERVICES + LOAD + "limits:\n  errors: 1\n",
     ["plan.yaml:9:", "errors", "5%"]),
    ("A baseline that is none of the services is refused.", SERVICES + LOAD + "baseline: b\n",
     ["plan.yaml:8:", "baseline 'b'"]),
    ("A body file that is missing is refused, with the folder that paths begin at.",
     SERVICES + "load:\n  rate: 9\n  body: \"@none.json\"\n",
     ["plan.yaml:9:", "none.json", "No such file", "folder"]),
    ("More threads than connections are refused.",
     SERVICES + "load: {rate: 9, threads: 3, connections: 2}\n",
     ["plan.yaml:", "3 threads", "2 connections"]),
    ("A URL that is none is refused before anything starts.",
     SERVICES.replace("http://127.0.0.1:9/", "127.0.0.1:9") + LOAD,
     ["plan.yaml:", "'127.0.0.1:9'", "http://"]),
    ("A header that is none is refused before anything starts.",
     SERVICES + "load: {rate: 9, headers: [no header]}\n", ["plan.yaml:", "'no header'", "Name: value"]),
    ("A method that is no word is refused before anything starts.",
     SERVICES + "load: {rate: 9, method: GET IT}\n", ["plan.yaml:", "'GET IT'"]),
    ("CPUs that are no list are refused before anything starts.",
     SERVICES + LOAD + "cpus: {service: all, generator: \"0\"}\n", ["plan.yaml:", "'all'", "0-3,8"]),
    ("A name that cannot be a folder is refused.", SERVICES + LOAD + "name: a/b\n", ["plan.yaml:", "a/b"]),
    ("More blocks than the exact test goes is refused.", SERVICES + LOAD + "design: {blocks: 100000}\n",
     ["plan.yaml:8:", "blocks"]),
])
class BadPlans(RaceCase):
    def check(self, text, words):
        """Refused with exit code 2, and nothing was started or created."""
        self.check_refused(self.race(text), *words)
        self.assertEqual(os.listdir(self.folder), ["plan.yaml"])


class BadCommandLines(RaceCase):
    def test_no_plan(self):
        """No plan is refused."""
        self.check_refused(self.run_tool("race"), "exactly one plan", "--help")

    def test_two_plans(self):
        """Two plans are refused."""
        self.check_refused(self.run_tool("race", "a.yaml", "b.yaml"), "exactly one plan")

    def test_unknown_option(self):
        """An unknown option is refused."""
        self.check_refused(self.run_tool("race", "a.yaml", "--fast"), "--fast", "--help")

    def test_missing_plan(self):
        """A plan that is not there is refused and named."""
        self.check_refused(self.run_tool("race", "none.yaml"), "none.yaml", "No such file")
        self.assertEqual(os.listdir(self.folder), [])

    def test_few_files(self):
        """More connections than the limit of open files: refused before anything starts."""
        text = SERVICES + "load: {rate: 9, connections: 100}\n"
        run = self.race(text, limit_files=64)
        self.check_refused(run, "plan.yaml:", "100 connections", "64", "ulimit -n")
        self.assertEqual(os.listdir(self.folder), ["plan.yaml"])


class BadFolders(RaceCase):
    def plan(self):
        return tool.fake_plan({"a": {"build": "touch started"}})

    def test_file_in_the_way(self):
        """An output folder that is a regular file, or below one: exit code 1, nothing starts."""
        tool.write(self.path("taken"), "mine")
        for output in ("taken", "taken/below"):
            run = self.race(self.plan(), output=output)
            self.check_end(run, 1, "taken", "directory")
        self.assertEqual(tool.read(self.path("taken")), b"mine")
        self.assertFalse(os.path.exists(self.path("started")))

    def test_holds_a_race(self):
        """An output folder that holds a race is left as it is."""
        os.makedirs(self.path("out", "trials"))
        tool.write(self.path("out", "plan.yaml"), "old plan")
        tool.write(self.path("out", "result.json"), "{}")
        run = self.race(self.plan())
        self.check_end(run, 1, "out already holds a race", "another -o")
        self.assertEqual(tool.read(self.path("out", "plan.yaml")), b"old plan")
        self.assertEqual(tool.read(self.path("out", "result.json")), b"{}")
        self.assertFalse(os.path.exists(self.path("started")))


class BadStarts(RaceCase):
    """A service that does not come up: named, with its command, status and last words; exit code 1."""

    def check_not_started(self, plan, *words):
        run = self.race(plan)
        self.check_end(run, 1, *words)
        trial = self.trials("a")[0]
        self.assertEqual((trial["outcome"], trial["load"]), ("failed", None))
        self.assertEqual(self.trial_files()[0][:3], "001")
        return run, trial

    def test_port_in_use(self):
        """A port that somebody listens on: the address and the remedy."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", tool.free_port()))
            taken.listen()
            port = taken.getsockname()[1]
            self.check_not_started(tool.fake_plan({"a": {"port": port}}), "a: ",
                                   f"already listens on 127.0.0.1:{port}", "stop it, or change url")

    def test_command_not_found(self):
        """A command that is not there."""
        plan = tool.fake_plan({"a": {}})
        plan["services"]["a"]["command"] = ["./no-such-program"]
        self.check_not_started(plan, "a: ", "'./no-such-program'", "No such file", "is it built")

    def test_exits_at_once(self):
        """A service that exits at once: its status and its last word."""
        began = time.monotonic()
        run, trial = self.check_not_started(tool.fake_plan({"a": {"mode": "exits", "number": 3}}), "a: ",
                                            "exited with status 3", "the database is not there")
        self.assertIn("the database is not there", trial["why"])
        self.assertLess(time.monotonic() - began, 8, "not waited for until the limit (10 s)")
        self.assertIn("the database is not there", self.log("001-a.log"))

    def test_never_listens(self):
        """A service that never listens: not ready, why the probe failed, its log."""
        plan = tool.fake_plan({"a": {"mode": "deaf"}}, limits={"ready": "1s"})
        self.check_not_started(plan, "a: not ready within 1 s", "refused", "thinking about it")

    def test_never_ready(self):
        """A service that answers 503 to the probe: what it answered."""
        plan = tool.fake_plan({"a": {"mode": "unready"}}, limits={"ready": "1s"})
        self.check_not_started(plan, "a: not ready within 1 s", "/healthz answered 503")

    def test_probe_not_http(self):
        """A target that does not speak HTTP at all."""
        plan = tool.fake_plan({"a": {"mode": "all-garbage"}}, limits={"ready": "1s"})
        self.check_not_started(plan, "a: not ready within 1 s", "not HTTP")

    def test_url_alone(self):
        """A service given by URL that does not run."""
        port = tool.free_port()
        plan = tool.fake_plan({"a": {"port": port}}, limits={"ready": "300ms"})
        del plan["services"]["a"]["command"]
        self.check_not_started(plan, "a: not ready within 0.3 s", f"127.0.0.1:{port}", "refused")

    def test_one_of_three(self):
        """One of three does not start: it fails once and is not tried again, the others race on."""
        plan = tool.fake_plan({"a": {}, "b": {"mode": "exits", "number": 4}, "c": {}}, blocks=2)
        run = self.race(plan)
        self.check_end(run, 1, "exited with status 4", "FAILED: ")
        self.assertEqual([len(self.trials(name)) for name in "abc"], [2, 1, 2])
        self.assertIn("b: 1 of 1 trials failed", " ".join(run.out.split()))
        self.assertFalse(self.result()["partial"])

    def test_baseline(self):
        """The baseline does not start: there is nothing to compare with, and the race ends."""
        plan = tool.fake_plan({"a": {"mode": "exits", "number": 4}, "b": {}, "c": {}}, blocks=3)
        run, _ = self.check_not_started(plan, "baseline a", "nothing to compare", "another baseline")
        self.assertTrue(self.result()["partial"])
        self.assertLess(max(t["block"] for t in self.trials()), 2)


class BadServices(RaceCase):
    """A service that misbehaves after its start."""

    def test_dies(self):
        """A service that dies in mid-trial: failed, never dropped; the other one is measured."""
        plan = tool.fake_plan({"a": {"mode": "dies", "number": 40}, "b": {}}, blocks=2)
        run = self.race(plan)
        self.check_end(run, 1, "died in the trial", "SIGKILL", "out of memory", "FAILED: ")
        self.assertEqual([t["outcome"] for t in self.trials("a")], ["failed"] * 2)
        self.assertIn("out of memory", self.trials("a")[0]["why"])
        self.assertEqual([t["outcome"] for t in self.trials("b")], ["ok"] * 2)
        self.assertEqual(self.trial_files(), sorted(self.name_of(t) + ".json" for t in self.attempts()))
        self.assertIn("a: 2 of 2 trials failed", " ".join(run.out.split()))
        self.assertFalse(self.result()["partial"])

    def test_ignores_term(self):
        """A service that ignores SIGTERM is killed after the limit and flagged; the race goes on."""
        plan = tool.fake_plan({"a": {"mode": "stubborn"}, "b": {}}, blocks=2, limits={"stop": "300ms"})
        run = self.race(plan)
        self.check_end(run, MEASURED)
        for trial in self.trials("a"):
            self.assertEqual((trial["drain_killed"], trial["drain_ns"]), (True, None))
            self.assertEqual(trial["outcome"], "ok")
            self.assertIn("no\n", self.log(self.name_of(trial) + ".log"))
        self.assertFalse(any(trial["drain_killed"] for trial in self.trials("b")))
        self.assertIn("a ignored SIGTERM in 2 trials", " ".join(run.out.split()))

    def test_not_http(self):
        """Answers that are not HTTP: all protocol errors, and the trial is INVALID, exit code 5."""
        plan = tool.fake_plan({"a": {"mode": "garbage"}}, limits={"errors": "1%"})
        run = self.race(plan)
        self.check_end(run, 5)
        trial = self.trials("a")[0]
        counts = trial["load"]["counts"]
        self.assertGreater(counts["due"], 0)
        self.assertEqual((counts["ok"], counts["errors"]["protocol"]), (0, counts["due"]))
        self.assertIn("100.00 % of the requests failed, the plan's limit is 1.00 %", trial["invalid"])
        self.assertIn("protocol", run.out)

    def test_grandchild(self):
        """A grandchild that outlives its service and ignores SIGTERM is killed with it."""
        self.check_end(self.race(tool.fake_plan({"a": {"mode": "family"}})), MEASURED)

    def test_daemon(self):
        """A grandchild that has made a session of its own, as daemons do, is killed as well."""
        self.check_end(self.race(tool.fake_plan({"a": {"mode": "daemon"}})), MEASURED)

    def test_grandchild_of_a_failed_start(self):
        """A grandchild of a service that does not become ready is killed with it."""
        plan = tool.fake_plan({"a": {"mode": "family"}}, limits={"ready": "500ms"})
        plan["services"]["a"]["url"] = tool.url_of(tool.free_port())
        self.check_end(self.race(plan), 1, "not ready")


class BadBuilds(RaceCase):
    def test_needs(self):
        """A service that needs a missing program is skipped and named; the other two race."""
        plan = tool.fake_plan({"a": {}, "b": {"needs": ["no-such-compiler"], "build": "touch built"},
                               "c": {}}, blocks=2)
        run = self.race(plan)
        self.check_end(run, MEASURED, "b is skipped: the program no-such-compiler is not installed")
        result = self.result()
        self.assertEqual([s["skipped"] for s in result["services"]], [False, True, False])
        self.assertIn("no-such-compiler", result["services"][1]["why"])
        self.assertEqual([len(self.trials(name)) for name in "abc"], [2, 0, 2])
        self.assertIn("b was skipped: the program no-such-compiler", " ".join(run.out.split()))
        self.assertFalse(os.path.exists(self.path("built")))

    def test_needs_of_two(self):
        """Where the only rival wants for a tool the baseline is measured alone, and the rival named."""
        plan = tool.fake_plan({"a": {}, "b": {"needs": ["no-such-compiler"]}}, blocks=2)
        self.check_end(self.race(plan), MEASURED, "b is skipped", "no-such-compiler is not installed")
        self.assertEqual([len(self.trials(name)) for name in "ab"], [2, 0])

    def test_fails(self):
        """A build that fails is named with its status and last words; the others race, exit code 1."""
        plan = tool.fake_plan({"a": {}, "b": {"build": "echo no such header >&2; exit 7"}, "c": {}},
                              blocks=1)
        run = self.race(plan)
        self.check_end(run, 1, "b is skipped", "exited with status 7", "no such header", "build-b.log")
        self.assertEqual([s["build_failed"] for s in self.result()["services"]], [False, True, False])
        self.assertEqual([len(self.trials(name)) for name in "abc"], [1, 0, 1])

    def test_fails_of_two(self):
        """With two services a failed build leaves nothing to compare: exit code 1, no trial."""
        plan = tool.fake_plan({"a": {}, "b": {"build": "exit 7"}})
        run = self.race(plan)
        self.check_end(run, 1, "exited with status 7", "only a ", "nothing to compare")
        self.assertEqual(self.trial_files(), [])

    def test_baseline(self):
        """A baseline that cannot be built: exit code 1, the remedy, no trial."""
        for change in ({"build": "exit 7"}, {"needs": ["no-such-compiler"]}):
            plan = tool.fake_plan({"a": change, "b": {}, "c": {}})
            run = self.race(plan, output=f"out-{list(change)[0]}")
            self.check_end(run, 1, "without the baseline a", "another baseline")
            self.assertEqual(self.trial_files(), [])

    def test_leaves_a_process(self):
        """A build that leaves a process behind is cleaned up after."""
        plan = tool.fake_plan({"a": {"build": "sleep 60 & exit 0"}})
        self.check_end(self.race(plan), MEASURED)


class Interrupts(RaceCase):
    """Ctrl-C in every phase: 130, nothing left; finished trials are kept once there are any."""

    def check_nothing_measured(self, run):
        self.check_end(run, 130, "interrupted before the first trial")
        self.assertEqual(self.trial_files(), [])
        self.assertFalse(os.path.exists(os.path.join(self.out_folder, "result.json")))

    def check_partial(self, run):
        """The first trial is kept, with a spoilt attempt before it where there was one."""
        self.check_end(run, 130)
        self.assertTrue(self.result()["partial"])
        self.assertEqual([self.name_of(t)[:5] for t in self.trials()], ["001-a"])
        self.assertEqual(self.trial_files(), sorted(self.name_of(t) + ".json" for t in self.attempts()))
        self.assertIn("ended early, after ", " ".join(run.out.split()))
        self.assertIn("ended early", tool.read(os.path.join(self.out_folder, "report.md")).decode())
        self.assertIn("plan.yaml", os.listdir(self.out_folder))

    def start_building(self):
        plan = tool.fake_plan({"a": {"build": "echo begun; sleep 60; echo done"}})
        run = self.start_race(plan)
        tool.wait_until(lambda: "begun" in self.log("build-a.log"), "the build")
        return run

    def test_building(self):
        """While building: the build and what it started end with it."""
        run = self.start_building()
        began = time.monotonic()
        self.interrupt(run)
        self.check_nothing_measured(run)
        self.assertLess(time.monotonic() - began, 15)

    def test_building_twice(self):
        """A second Ctrl-C while a build that ignores SIGTERM is waited for leaves nothing either."""
        plan = tool.fake_plan({"a": {"build": "trap '' TERM; echo begun; sleep 60; sleep 60"}})
        run = self.start_race(plan)
        tool.wait_until(lambda: "begun" in self.log("build-a.log"), "the build")
        run.signal()
        time.sleep(0.3)
        self.interrupt(run)
        self.assertEqual(run.code, 130)
        self.assertEqual(run.leftovers(2), [])

    def test_starting(self):
        """While a service does not become ready."""
        run = self.start_race(tool.fake_plan({"a": {"mode": "deaf"}}, limits={"ready": "60s"}))
        tool.wait_until(lambda: "thinking" in self.log("001-a.log"), "the service")
        self.interrupt(run)
        self.check_nothing_measured(run)

    def test_warm_up(self):
        """In the warm-up of the first trial."""
        run = self.start_race(tool.fake_plan({"a": {}}, load={"warmup": "60s"}))
        self.wait_request(run, "001-a")
        self.interrupt(run)
        self.check_nothing_measured(run)

    def test_measuring_first(self):
        """In the measured time of the first trial: that one is lost."""
        run = self.start_race(tool.fake_plan({"a": {}}, load={"warmup": "0s", "duration": "60s"}))
        self.wait_request(run, "001-a")
        time.sleep(0.3)
        self.interrupt(run)
        self.check_nothing_measured(run)

    def start_second_trial(self, **load):
        """A race whose first trial is over and whose second, of the same service, has a request."""
        run = self.start_race(tool.fake_plan({"a": {}}, blocks=20, load=load))
        tool.wait_until(lambda: self.trial_files() or not run.is_running(), "the first trial's file", 20)
        self.wait_request(run, "002-a")
        return run

    def test_measuring_second(self):
        """In the measured time of the second trial, by SIGINT and by SIGTERM: the first one is kept."""
        for at, number in enumerate((signal.SIGINT, signal.SIGTERM)):
            with self.subTest(number):
                run = self.start_second_trial(warmup="0s", duration="1500ms")
                self.interrupt(run, number)
                self.check_partial(run)
                shutil.rmtree(self.out_folder)

    def test_warm_up_second(self):
        """In the warm-up of the second trial: the first one is kept."""
        run = self.start_second_trial(warmup="1500ms", duration="50ms")
        self.interrupt(run)
        self.check_partial(run)

    def test_twice(self):
        """A second Ctrl-C while a stubborn service is waited for ends at once; nothing is left."""
        plan = tool.fake_plan({"a": {"mode": "stubborn"}}, load={"duration": "60s"}, limits={"stop": "60s"})
        run = self.start_race(plan)
        self.wait_request(run, "001-a")
        run.signal()
        tool.wait_until(lambda: "no\n" in self.log("001-a.log"), "the service is asked to stop")
        self.assertTrue(run.is_running())
        run.signal()
        run.finish(10)
        self.check_end(run, 130, grace=2)

    def test_killed(self):
        """kill -9: service and generator die with it, and no file is half written."""
        run = self.start_second_trial(warmup="0s", duration="1500ms")
        run.signal(signal.SIGKILL)
        run.finish(10)
        self.check_end(run, -signal.SIGKILL, grace=2)
        self.assertIn(self.trial_files(), (["001-a.json"], ["001-a.json", "001-a~2.json"]))


# In a mount namespace of its own: a small disk, the race on it, and a copy of what it left there.
ON_SMALL_DISK = """
mkdir disk kept && mount -t tmpfs -o size={size} tmpfs disk || exit 99
{before}
"$1" race plan.yaml -o disk/out
code=$?
cp -r disk/. kept/ && exit $code
"""


class FullDisk(RaceCase):
    def setUp(self):
        super().setUp()
        if os.geteuid() != 0 or not shutil.which("unshare"):
            self.skipTest("only root can mount a small disk, with unshare")

    def race_on(self, plan, size, before=""):
        tool.write(self.path("plan.yaml"), tool.plan_text(plan))
        script = ON_SMALL_DISK.format(size=size, before=before)
        run = tool.Run(["unshare", "-m", "sh", "-c", script, "sh", tool.DRAGSTRIP], cwd=self.folder)
        self.addCleanup(run.sweep)
        self.out_folder = self.path("kept", "out")
        if run.finish() in (1, 99) and not os.path.isdir(self.path("kept")):
            self.skipTest(f"this sandbox does not let a disk be mounted: {run.err.strip()}")
        return run

    def test_while_racing(self):
        """The disk fills up in the race: exit code 1, file and remedy; what is there is whole."""
        plan = tool.fake_plan({"a": {}}, blocks=30, load={"duration": "50ms", "warmup": "10ms"})
        run = self.race_on(plan, "80k")
        self.check_end(run, 1, "cannot write disk/out/", "No space left", "free some space",
                       "another -o")
        self.assertGreater(len(self.trial_files()), 0)
        self.assertLess(len(self.trial_files()), 30)
        for name in self.trial_files():
            trial = json.loads(tool.read(os.path.join(self.out_folder, "trials", name)))
            self.check_books(trial["load"])
        self.assertTrue(self.result()["partial"], "that of the last block that could be written")

    def test_from_the_start(self):
        """A disk that is full from the start: exit code 1 and nothing is started."""
        plan = tool.fake_plan({"a": {"build": "touch started"}})
        run = self.race_on(plan, "64k", "head -c 1M /dev/zero >disk/filler 2>/dev/null")
        self.check_end(run, 1, "disk/out/plan.yaml", "No space left", "free some space")
        self.assertFalse(os.path.exists(self.path("started")))
