"""Runs dragstrip and looks at what it leaves behind: output, exit code, files, processes.

The program is $DRAGSTRIP, by default build/dragstrip of this repository; the C service is
$DRAGSTRIP_ECHO.  Each run carries a marker of its own in its environment, which everything that it
starts inherits: so a left-over process is found even when it has a new parent, group and session, and
never confused with somebody else's.  A run is also a session of its own that dies with the thread that
started it, and what a case leaves behind in spite of that is ended by its id.

Ports come from below the kernel's own range for outgoing connections: a port that was free a moment
ago cannot then be taken by a connection of the load generator.
"""

import ctypes
import itertools
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
DRAGSTRIP = os.path.abspath(os.environ.get("DRAGSTRIP", os.path.join(TOP, "build", "dragstrip")))
ECHO = os.path.abspath(os.environ.get("DRAGSTRIP_ECHO", os.path.join(TOP, "build", "dragstrip-echo")))
ORACLE = os.path.abspath(os.environ.get("DRAGSTRIP_ORACLE", os.path.join(TOP, "build", "dragstrip-oracle")))
FAKE = os.path.join(HERE, "fake_service.py")

END_S = 30
MARKER = "DRAGSTRIP_TEST_RUN"
_libc = ctypes.CDLL(None)
_ports = itertools.count(20000 + os.getpid() % 100 * 100)


def missing():
    """Why the cases cannot run at all, or None."""
    for path, target in ((DRAGSTRIP, "dragstrip"), (ECHO, "dragstrip-echo"), (ORACLE, "dragstrip-oracle")):
        if not os.access(path, os.X_OK):
            return f"{path} is not there: make {target}, or set {target.upper().replace('-', '_')}"
    return None


# ---- ports, folders, waiting ----

def is_bindable(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_port():
    """Never the same one twice in a run of the tests."""
    return next(port for port in _ports if is_bindable(port))


def url_of(port, path="/echo"):
    return f"http://127.0.0.1:{port}{path}"


def wait_until(condition, what, seconds=10):
    """Polls; returns the condition's first true value."""
    until = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < until, f"not within {seconds} s: {what}"
        time.sleep(0.005)
    return value


def read(path):
    """The bytes of a file, or none when it is not there."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def write(path, text):
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return path


# ---- processes ----

def _prepare(limit_files):
    """In the child: dies with its parent, and no signal is ignored (a shell's & ignores SIGINT)."""
    _libc.prctl(1, signal.SIGKILL)  # 1 is PR_SET_PDEATHSIG
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        _libc.signal(int(number), None)
    if limit_files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit_files, limit_files))


def marked(marker):
    """[(pid, command)] of the processes that carry this marker; the dead have no environment."""
    wanted = f"{MARKER}={marker}".encode()
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                is_ours = wanted in file.read().split(b"\0")
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                command = file.read().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if is_ours:
            found.append((int(pid), command))
    return found


class Run:
    """One run of a command line, dragstrip or a service.  Output goes to files: nothing can block."""

    def __init__(self, argv, cwd=None, env=None, stdin=None, stdout=None, limit_files=None):
        self.marker = uuid.uuid4().hex
        self.out_file, self.err_file = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        given = tempfile.TemporaryFile()
        given.write((stdin or "").encode())
        given.seek(0)
        kept = {k: v for k, v in os.environ.items() if not k.startswith("DRAGSTRIP")}
        self.process = subprocess.Popen(
            argv, cwd=cwd, env={**kept, **(env or {}), MARKER: self.marker}, stdin=given,
            stdout=stdout or self.out_file, stderr=self.err_file, start_new_session=True,
            preexec_fn=lambda: _prepare(limit_files))
        given.close()
        self.pid = self.process.pid

    @property
    def out(self):
        return self._text(self.out_file)

    @property
    def err(self):
        return self._text(self.err_file)

    @staticmethod
    def _text(file):
        return os.pread(file.fileno(), 64 << 20, 0).decode(errors="replace")

    def signal(self, number=signal.SIGINT):
        os.kill(self.pid, number)

    def is_running(self):
        return self.process.poll() is None

    def finish(self, seconds=END_S):
        """Waits for the end; returns self.code, which is None when it did not end in time."""
        try:
            self.code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.code = None
        return self.code

    def leftovers(self, seconds=0):
        """What is left of the run; seconds are for what the kernel ends by itself (kill -9)."""
        until = time.monotonic() + seconds
        while (found := marked(self.marker)) and time.monotonic() < until:
            time.sleep(0.01)
        return found

    def sweep(self):
        """Ends whatever of the run is still there, by its id."""
        if self.is_running():
            self.process.kill()
        self.process.wait()
        while found := marked(self.marker):
            for pid, _ in found:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.01)
        self.out_file.close()
        self.err_file.close()


def fake_command(port, mode="good", number=0):
    return [sys.executable, "-S", "-E", FAKE, str(port), mode, str(number)]


def answers(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def start_service(argv, port):
    """A service that the case starts itself, listening."""
    run = Run(argv)
    try:
        wait_until(lambda: answers(port) or not run.is_running(), f"{argv} listens")
        assert run.is_running(), f"{argv} ended: {run.err}"
    except BaseException:
        run.sweep()
        raise
    return run


# ---- plans ----

def _lines(value, indent):
    for key, item in value.items():
        if isinstance(item, dict):
            yield f"{indent}{key}:"
            yield from _lines(item, indent + "  ")
        else:
            yield f"{indent}{key}: {json.dumps(item)}"


def plan_text(plan):
    """Nested dicts as YAML blocks, one key a line; everything else as JSON, which is YAML too."""
    return "\n".join(_lines(plan, "")) + "\n"


def fake_plan(services, blocks=1, **changes):
    """A plan that races fake services quickly: {name: changes of the service, with its mode}.
    The machine is judged by other tests: here it may be as busy as it likes."""
    plan = {"services": {}, "load": {"rate": 300, "connections": 4, "duration": "300ms",
                                     "warmup": "100ms", "timeout": "2s"},
            "design": {"blocks": blocks, "seed": 7},
            "limits": {"errors": "100%", "steal": "100%", "others": "100%", "ready": "10s",
                       "stop": "5s"}}
    for name, given in services.items():
        given = dict(given)
        port = given.pop("port", None) or free_port()
        command = fake_command(port, given.pop("mode", "good"), given.pop("number", 0))
        plan["services"][name] = {"command": command, "url": url_of(port), **given}
    for key, change in changes.items():
        plan[key] = {**plan[key], **change} if isinstance(change, dict) and key in plan else change
    return plan
