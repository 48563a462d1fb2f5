"""The C service as containers and systemd run it: as the first process, without rights, on a root that cannot be
written, with a CPU quota, with a manager that wants to hear of it, and as contrib/systemd's unit confines it.
Run for c-echo alone; what needs root or a tool that is not there is skipped."""

import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from unittest import mock

import confined
import openmetrics
import service
from tap import rows
from test_life import HEALTH, LifeCase, POST
from wire import Cut, document, request

ALONE = True  # starts services that are not started as others
HERE = os.path.dirname(os.path.abspath(__file__))
UNIT = os.path.join(HERE, "..", "..", "contrib", "systemd", "dragstrip-echo.service")
FIRST = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child=KILL"]
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all",
          "--no-new-privs"]
READ_ONLY = ["unshare", "--mount", "sh", "-c",
             'mount -o remount,bind,ro / && ! touch "$0" 2>/dev/null && exec "$@"', "/dragstrip-test-probe"]


def runs(*command):
    """Whether this command ends well."""
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=20).returncode == 0
    except OSError:
        return False


def needs_root(*command):
    """Skips unless root may do what this command does."""
    if os.geteuid() != 0:
        raise unittest.SkipTest("only root can do that")
    if not runs(*command, "true"):
        raise unittest.SkipTest(f"not allowed here, or not installed (util-linux): {' '.join(command[:3])} …")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]


def status_of(pid):
    """The fields of /proc/PID/status."""
    with open(f"/proc/{pid}/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file)


class Wrapped(service.Service):
    """A service started by other programs in front of its command; self.inner is its own process id."""

    def __init__(self, *flags, wrapper=(), program=None, **more):
        command = [program or service.COMMAND[0], *service.COMMAND[1:]]
        with mock.patch.object(service, "COMMAND", [*wrapper, *command]):
            super().__init__(*flags, **more)
        self.inner = self.process.pid
        while below := children(self.inner):
            self.inner = below[0]

    def notify(self, number=signal.SIGTERM):
        os.kill(self.inner, number)

    def threads(self):
        return len(os.listdir(f"/proc/{self.inner}/task"))


class WrappedCase(LifeCase):
    """A life in a wrapper, which wrapper() may change or skip."""

    service = None

    def tearDown(self):
        if self.service:
            super().tearDown()

    def wrapper(self):
        return ()

    def start(self, *flags, **more):
        return Wrapped(*flags, **more)

    def setUp(self):
        self.wires = []
        self.service = self.start(wrapper=self.wrapper())

    def check_works(self):
        wire = self.connect()
        self.assertEqual(wire.send(POST).answer().json()["id"], 1)
        self.assertEqual(wire.send(HEALTH).answer("GET").body, b"ok")
        page = wire.send(request("GET", "/metrics", headers=["Accept: application/openmetrics-text"])).answer("GET")
        openmetrics.read(page.body.decode())


class FirstProcess(WrappedCase):
    """In a name space of its own it is process 1, for which the kernel drops signals that nobody handles."""

    def wrapper(self):
        needs_root(*FIRST)
        return FIRST

    def test_is_first(self):
        """It is process 1, and serves."""
        self.assertEqual(status_of(self.service.inner)["NSpid"].split()[-1], "1")
        self.check_works()

    def check_drains(self, number):
        wire, rest = self.half(7)
        self.service.drain(number)
        time.sleep(0.5)
        self.assertTrue(self.service.alive(), "it ended with a request in flight")
        self.check_last(wire.send(rest), 7)
        self.check_ended()
        self.check_log()

    def test_term(self):
        """As process 1 it is drained by SIGTERM: the request in flight is answered, exit code 0."""
        self.check_drains(signal.SIGTERM)

    def test_int(self):
        """As process 1 it is drained by SIGINT, too."""
        self.check_drains(signal.SIGINT)

    def test_second(self):
        """As process 1 a second signal ends it at once, although a request is in flight."""
        self.half()
        self.service.drain()
        self.assertTrue(self.service.alive(), "it ended with a request in flight")
        self.service.notify(signal.SIGINT)
        self.assertEqual(self.service.exit_code(1), 128 + signal.SIGINT)


class Poor(WrappedCase):
    """Process 1, nobody, no capabilities, a root that cannot be written: all at once, as a careful container."""

    def wrapper(self):
        needs_root(*FIRST, *READ_ONLY, *NOBODY)
        return [*FIRST, *READ_ONLY, *NOBODY]

    def start(self, *flags, **more):
        self.folder = tempfile.mkdtemp()  # nobody may not be able to reach the program where it was built
        self.addCleanup(shutil.rmtree, self.folder)
        os.chmod(self.folder, 0o755)
        return Wrapped(*flags, program=shutil.copy(service.COMMAND[0], self.folder), **more)

    def test_life(self):
        """Without rights, as another user, on a read-only root it serves, drains and ends as ever."""
        status = status_of(self.service.inner)
        self.assertEqual(status["Uid"].split(), ["65534"] * 4)
        self.assertEqual([int(status[key], 16) for key in ("CapEff", "CapPrm", "CapBnd", "CapAmb")], [0] * 4)
        self.check_works()
        self.service.notify()
        self.check_ended()
        self.check_log()


class Empty(WrappedCase):
    """A root that holds the program and its libraries, and neither /proc nor /sys nor /dev."""

    def wrapper(self):
        return ["chroot", self.folder]

    def setUp(self):
        needs_root("chroot", "/")
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        listed = subprocess.run(["ldd", service.COMMAND[0]], capture_output=True, text=True, timeout=20).stdout
        for path in re.findall(r"(/\S+) \(0x", listed):
            os.makedirs(self.folder + os.path.dirname(path), exist_ok=True)
            shutil.copy(path, self.folder + path)
        shutil.copy(service.COMMAND[0], os.path.join(self.folder, "dragstrip-echo"))
        super().setUp()

    def start(self, *flags, **more):
        return Wrapped(*flags, program="/dragstrip-echo", **more)

    def test_life(self):
        """In a root with nothing but its libraries, without /proc, it serves, drains and ends as ever."""
        self.assertEqual(os.readlink(f"/proc/{self.service.inner}/root"), self.folder)
        self.check_works()
        self.service.notify()
        self.check_ended()
        self.check_log()


class Health(WrappedCase):
    """What a balancer sees of a drain on the connection that it keeps for its questions."""

    def ask_in_drain(self, method):
        """The answer; None where the machine was so slow that the connection was closed before the question. What is
        answered while the signal is on its way does not count: it goes on."""
        wire = self.connect()
        self.assertEqual(wire.send(HEALTH).answer("GET").status, 200)
        self.half()
        self.service.notify()
        self.service.await_log("draining", 2)
        try:
            while True:
                wire.send_if_open(request(method, "/healthz"))
                answer = wire.answer(method)
                if answer.status != 200 or answer.says_close():
                    return answer
        except Cut as cut:
            self.assertIn("closed after b''", str(cut))
            return None

    def test_drain(self):
        """Just after the drain began an idle connection's GET or HEAD of /healthz is 503, and its last."""
        for method in ("GET", "HEAD"):
            for _ in range(5):
                answer = self.ask_in_drain(method)
                if answer:
                    break
                self.service.kill()
                self.service = self.start()
            self.assertIsNotNone(answer, "closed unanswered five times")
            self.assertEqual((answer.status, answer.says_close()), (503, True), answer)
            self.assertEqual(answer.body, b"draining" if method == "GET" else b"")
            self.assertEqual(self.wires[-2].rest(within=2), b"")
            self.service.kill()
            self.service = self.start()


class Manager:
    """A manager's socket as systemd has it."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + name[1:] if name.startswith("@") else name)

    def next(self, seconds):
        """The next message; None: there is none."""
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(4096).decode()
        except TimeoutError:
            return None


class Notify(WrappedCase):
    def setUp(self):
        self.wires = []
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def start_for(self, name):
        self.manager = Manager(name)
        self.addCleanup(self.manager.socket.close)
        self.service = Wrapped(env={"NOTIFY_SOCKET": name})

    def check_told(self, name):
        self.start_for(name)
        self.assertEqual(self.manager.next(3), "READY=1")
        self.check_works()
        wire, rest = self.half()
        self.assertIsNone(self.manager.next(0.2))
        self.service.drain()
        self.assertEqual(self.manager.next(3), "STOPPING=1")
        self.assertTrue(self.service.alive(), "it says so before it ends")
        self.check_last(wire.send(rest))
        self.check_ended()
        self.assertIsNone(self.manager.next(0.1))
        self.check_log()

    def test_path(self):
        """A manager hears READY=1 when it listens and STOPPING=1 when it begins to drain, once each."""
        self.check_told(os.path.join(self.folder, "notify"))

    def test_abstract(self):
        """The same by a socket without a file."""
        self.check_told(f"@dragstrip-test-{os.getpid()}-{time.monotonic_ns()}")

    def test_idle(self):
        """An idle service that ends at once has said STOPPING=1 before."""
        self.start_for(os.path.join(self.folder, "notify"))
        self.service.notify()
        self.check_ended()
        self.assertEqual([self.manager.next(1) for _ in range(3)], ["READY=1", "STOPPING=1", None])

    def test_not_ready(self):
        """Where it cannot listen it is never ready."""
        name = os.path.join(self.folder, "notify")
        manager = Manager(name)
        self.addCleanup(manager.socket.close)
        self.service = Wrapped()
        listen = "%s:%d" % self.service.address
        code, _, err = service.run_to_end("--listen", listen, env={"NOTIFY_SOCKET": name})
        self.assertEqual(code, 1, err)
        self.assertIsNone(manager.next(0.2))

    def test_nobody(self):
        """A manager that is not there, or names that are none, change nothing, and nothing is logged of it."""
        for name in (os.path.join(self.folder, "none"), "@dragstrip-nobody", "none", "@", "/" + "x" * 200):
            with self.subTest(name):
                self.service = Wrapped(env={"NOTIFY_SOCKET": name})
                self.check_works()
                self.service.notify()
                self.check_ended()
                self.check_log()
                self.service.kill()


class Workers(WrappedCase):
    """How many workers there are when nothing says how many: one thread each, and the first one."""

    def setUp(self):
        self.wires = []
        self.cpus = len(os.sched_getaffinity(0))

    def check_workers(self, expected, *flags, wrapper=()):
        if self.service:
            self.service.kill()
        self.service = Wrapped(*flags, wrapper=wrapper)
        self.assertEqual(self.service.threads() - 1, expected)
        self.assertEqual(self.connect().send(POST).answer().status, 200)

    def needs_two(self):
        if self.cpus < 2:
            self.skipTest("a machine with one CPU cannot tell")

    def test_affinity(self):
        """No more workers than the CPUs that it may run on."""
        if not runs("taskset", "-p", str(os.getpid())):
            self.skipTest("no taskset (util-linux)")
        cpus = sorted(os.sched_getaffinity(0))
        for some in (cpus[:1], cpus[:2]):
            self.check_workers(len(some), wrapper=["taskset", "-c", ",".join(map(str, some))])

    def quota(self, us):
        """A wrapper in which /sys/fs/cgroup is a folder that says so, for either hierarchy."""
        script = ('at=/sys/fs/cgroup; umount -R $at 2>/dev/null; mount -t tmpfs none $at && mkdir $at/cpu && '
                  'echo "$0 100000" >$at/cpu.max && echo 100000 >$at/cpu/cpu.cfs_period_us && '
                  'echo "$0" | sed s/max/-1/ >$at/cpu/cpu.cfs_quota_us && exec "$@"')
        wrapper = ["unshare", "--mount", "sh", "-c", script, str(us)]
        needs_root(*wrapper)
        return wrapper

    def test_shown_quota(self):
        """Where /sys/fs/cgroup shows a quota there are as many workers as CPUs in it, rounded up."""
        self.needs_two()
        self.quota("max")  # skips here, not in each part
        for us, expected in ((100_000, 1), (1_000, 1), (100_001, 2), (200_000, 2), (9_999_999, self.cpus),
                             ("max", self.cpus)):
            with self.subTest(us):
                self.check_workers(min(expected, self.cpus), wrapper=self.quota(us))

    def test_flag_wins(self):
        """--workers is not held back by a quota."""
        self.check_workers(3, "--workers", "3", wrapper=self.quota(100_000))

    def group(self, root):
        """A new control group below root with a quota of one CPU, which ends with the case."""
        for name in ("cgroup.subtree_control", "cgroup.procs"):
            if not os.access(os.path.join(root, name), os.W_OK):
                self.skipTest(f"no control groups of the second hierarchy can be made in {root}")
        with open(os.path.join(root, "cgroup.subtree_control")) as file:
            if "cpu" not in file.read().split():
                self.skipTest(f"the groups of {root} have no cpu controller")
        folder = os.path.join(root, f"dragstrip-test-{os.getpid()}")
        os.mkdir(folder)
        self.addCleanup(self.remove, folder)
        return folder

    @staticmethod
    def remove(folder):
        until = time.monotonic() + 3
        while time.monotonic() < until:
            try:
                return os.rmdir(folder)
            except OSError:
                time.sleep(0.05)

    def test_real_quota(self):
        """In a control group with a quota there are as many workers as CPUs in it, rounded up."""
        self.needs_two()
        folder = self.group("/sys/fs/cgroup")
        for quota, expected in (("100000 100000", 1), ("150000 100000", 2), ("50000 50000", 1)):
            with open(os.path.join(folder, "cpu.max"), "w") as file:
                file.write(quota)
            enter = ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', folder]
            self.check_workers(expected, wrapper=enter)
        self.service.kill()


def needs_systemd():
    try:
        words = subprocess.run(["systemd-analyze", "--help"], capture_output=True, text=True, timeout=20).stdout
    except OSError:
        raise unittest.SkipTest("no systemd-analyze: apt-get install systemd") from None
    if "--offline" not in words:
        raise unittest.SkipTest("systemd-analyze is older than 250 and cannot judge a unit that is not loaded")


class Unit(WrappedCase):
    """contrib/systemd/dragstrip-echo.service."""

    def setUp(self):
        needs_systemd()
        self.wires = []
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def analyze(self, *words, more=""):
        """What systemd-analyze says of the unit, with its program where it is."""
        path = os.path.join(self.folder, "dragstrip-echo.service")
        with open(UNIT, encoding="utf-8") as file:
            text = file.read().replace("/usr/local/bin/dragstrip-echo", os.path.abspath(service.COMMAND[0]))
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("[Service]\n", "[Service]\n" + more))
        done = subprocess.run(["systemd-analyze", "--no-pager", *words, path], capture_output=True, text=True,
                              timeout=30)
        return done.returncode, done.stdout + done.stderr

    def test_verify(self):
        """systemd-analyze verify has nothing to say about the unit."""
        self.assertEqual(self.analyze("verify", "--man=no"), (0, ""))
        self.assertNotEqual(self.analyze("verify", "--man=no", more="NoSuchKey=1\n"), (0, ""), "it sees a mistake")

    def test_exposure(self):
        """systemd-analyze security finds it exposed by less than 1.5 of 10."""
        code, out = self.analyze("security", "--offline=true")
        found = re.search(r"Overall exposure level for \S+: (\d+\.\d)", out)
        self.assertTrue(code == 0 and found, out)
        self.assertLess(float(found[1]), 1.5, out)

    def test_drain(self):
        """It has the time for a drain, by the signal that begins one."""
        values = dict(confined.settings(UNIT))
        self.assertEqual((values["Type"], values["KillSignal"]), ("notify", "SIGTERM"))
        self.assertGreaterEqual(int(values["TimeoutStopSec"].removesuffix("s")), 30)

    def live(self, *wrapper):
        """A life in which most is asked of it, with so many connections allowed that each worker has descriptors of
        its own."""
        flags = ("--workers", "2", "--max-connections", str(resource.getrlimit(resource.RLIMIT_NOFILE)[1] + 100))
        name = os.path.join(self.folder, "notify")
        manager = Manager(name)
        self.addCleanup(manager.socket.close)
        self.service = Wrapped(*flags, wrapper=wrapper, env={"NOTIFY_SOCKET": name}, listen="localhost:0")
        self.check_works()
        for raw in (request("POST", "/echo", b"{"), request("GET", "/metrics"), b"no HTTP\r\n\r\n", POST * 200,
                    request("POST", "/echo", document(metadata='["' + "x" * 1_000_000 + '"]'))):
            self.connect().send(raw).answer()
        self.connect().send(POST).reset()
        for _ in range(50):
            self.connect().send(POST)
        wire, rest = self.half()
        self.service.drain()
        self.check_last(wire.send(rest))
        self.check_ended(3)
        self.check_log()
        self.assertEqual([manager.next(1) for _ in range(3)], ["READY=1", "STOPPING=1", None])

    def test_filter(self):
        """Behind the unit's filter of system calls it lives as ever."""
        if not confined.library():
            self.skipTest("no libseccomp: apt-get install libseccomp2")
        wrapper = [sys.executable, os.path.join(HERE, "confined.py"), UNIT]
        self.live(*wrapper)
        probe = "import socket, sys\ntry: socket.socket(socket.AF_NETLINK)\nexcept PermissionError: sys.exit(7)"
        done = subprocess.run([*wrapper, sys.executable, "-c", probe], capture_output=True, timeout=30)
        self.assertEqual(done.returncode, 7, f"the filter refuses what it should: {done.stderr}")
        self.assertTrue({"mount", "ptrace", "bpf", "reboot"}.isdisjoint(confined.allowed(UNIT)))

    def test_calls(self):
        """Every system call that it makes is one that the unit allows, and it is ready after its last listen."""
        if not runs("strace", "-o", "/dev/null", "true"):
            self.skipTest("no strace, or not allowed here: apt-get install strace")
        trace = os.path.join(self.folder, "trace")
        self.live("strace", "-f", "-o", trace)
        with open(trace, encoding="utf-8", errors="replace") as file:
            text = file.read()
        used = set(re.findall(r"^\d+ +(\w+)\(", text, re.M))
        self.assertLess(text.rindex(" listen("), text.index("READY=1"))
        self.assertLess({"accept4", "epoll_ctl", "setsockopt", "clone3", "unshare"}, used)
        self.assertEqual(used - confined.allowed(UNIT), set())
