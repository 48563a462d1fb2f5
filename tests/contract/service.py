"""Starts a service under test and makes sure that it ends.

A service is a process group of its own: whatever it starts dies with it.  It also dies with the thread
that started it (PR_SET_PDEATHSIG is about the parent thread), so the starter must outlive its service.
Its stderr and stdout go to nameless files, not pipes: a service that logs too much is then a failed
case and not a hang.
"""

import atexit
import ctypes
import os
import re
import resource
import signal
import subprocess
import tempfile
import time

from wire import Wire

NAME = ""
COMMAND = []
LOADER = None

START_S = 10
_libc = ctypes.CDLL(None)
_running = set()


def use(name, command, loader=None):
    """Sets the service that all cases are about, and the `dragstrip` that loads it meanwhile."""
    global NAME, COMMAND, LOADER
    NAME, COMMAND, LOADER = name, list(command), loader


def _load(address):
    """A steady load on a service; None without a loader."""
    if not LOADER:
        return None
    return subprocess.Popen(
        [LOADER, "load", "http://%s:%d/echo" % address, "-r", "200", "-c", "8", "-w", "0s", "-d", "1h",
         "-b", '{"id":1,"user_agent":"u","metadata":["m"]}'],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        preexec_fn=_die_with_parent)


def _die_with_parent():
    _libc.prctl(1, signal.SIGKILL)  # 1 is PR_SET_PDEATHSIG
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's & starts its jobs with SIGINT ignored
        _libc.signal(int(number), None)


def _die_with_parent_behind_ampersand():
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _with_files(files, prepare):
    """What `prepare` does, and then at most this many descriptors, which not even root raises."""
    def both():
        prepare()
        _libc.prctl(24, 24)  # PR_CAPBSET_DROP, CAP_SYS_RESOURCE
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    return both


def environment(**extra):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ECHO_", "DRAGSTRIP_"))}
    return {**kept, **extra}


def run_to_end(*flags, env=None, timeout=5):
    """Runs the program where it should end at once: (exit code, stdout, stderr); code None: it did not."""
    child = subprocess.Popen([*COMMAND, *flags], env=environment(**(env or {})), text=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             start_new_session=True, preexec_fn=_die_with_parent)
    try:
        out, err = child.communicate(timeout=timeout)
        return child.returncode, out, err
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        return None, *child.communicate()


class Service:
    """One running service. `listen=None` leaves the address to the environment; `ampersand` starts it
    as a shell without job control starts `COMMAND &`: with SIGINT ignored; `files` is the most descriptors
    that it may have."""

    def __init__(self, *flags, env=None, listen="127.0.0.1:0", ampersand=False, files=None):
        where = ["--listen", listen] if listen else []
        self.err, self.out = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        prepare = _die_with_parent_behind_ampersand if ampersand else _die_with_parent
        self.started, self.load = time.time(), None
        self.process = subprocess.Popen(
            [*COMMAND, *where, *flags], env=environment(**(env or {})), stdin=subprocess.DEVNULL,
            stdout=self.out, stderr=self.err, start_new_session=True,
            preexec_fn=_with_files(files, prepare) if files else prepare)
        _running.add(self)
        try:
            line = self.await_log("listening on", START_S)
            found = re.fullmatch(rf"{re.escape(NAME)}: listening on (\S+):(\d+)", line)
            assert found, f"the first log line is {line!r}"
            self.address = (found[1], int(found[2]))
            self.load = _load(self.address)
        except BaseException:
            self.kill()
            raise

    def log(self):
        """The lines that it has written to stderr so far."""
        return self._text(self.err).splitlines()

    def stdout(self):
        return self._text(self.out)

    @staticmethod
    def _text(file):
        return os.pread(file.fileno(), 1 << 20, 0).decode(errors="replace")

    def await_log(self, words, seconds):
        """Waits for a whole log line with these words; returns it."""
        until = time.monotonic() + seconds
        while True:
            ended = self.process.poll() is not None
            whole = self._text(self.err).rpartition("\n")[0].splitlines()
            for line in whole:
                if words in line:
                    return line
            assert not ended, f"ended with {self.process.returncode}, no line with {words!r}: {self.log()}"
            assert time.monotonic() < until, f"no line with {words!r} in {seconds} s: {self.log()}"
            time.sleep(0.003)

    def alive(self):
        return self.process.poll() is None

    def connect(self, **options):
        return Wire(self.address, **options)

    def notify(self, number=signal.SIGTERM):
        os.kill(self.process.pid, number)

    def drain(self, number=signal.SIGTERM):
        """Signals it and waits until it says that it drains."""
        self.notify(number)
        self.await_log("draining", 2)
        time.sleep(0.1)  # the line may come a moment before the deed

    def await_read(self, *wires):
        """Waits until the service has read all that was sent on these connections, by the kernel's book."""
        until = time.monotonic() + 3
        local = ":%04X" % self.address[1]
        wanted = {":%04X" % wire.socket.getsockname()[1] for wire in wires}
        while True:
            with open("/proc/net/tcp") as file:
                table = [line.split() for line in file]
            done = {row[2][-5:] for row in table if row[1].endswith(local) and row[4].endswith(":00000000")}
            if wanted <= done:
                time.sleep(0.02)  # from the read to the service's own books
                return
            assert time.monotonic() < until, "what was sent is not read after 3 s"
            time.sleep(0.005)

    def exit_code(self, seconds):
        """Waits for the end; None: it did not end in time."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def open_fds(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def open_fds_of_threads(self):
        """The same where threads may have tables of their own: the sum over those that differ. For quiet times."""
        tasks = f"/proc/{self.process.pid}/task"
        folders = [f"{tasks}/{thread}/fd" for thread in os.listdir(tasks)]
        return sum(len(t) for t in {frozenset((fd, os.readlink(f"{f}/{fd}")) for fd in os.listdir(f)) for f in folders})

    def cpu_seconds(self):
        """CPU time of all its threads so far."""
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def sockets(self, *states):
        """How many connections to its port the kernel has in these states (of include/net/tcp_states.h). It may
        miss some while others come and go: ask again."""
        local, wanted = ":%04X" % self.address[1], {"%02X" % state for state in states}
        with open("/proc/net/tcp") as file:
            table = [line.split() for line in file]
        return sum(row[1].endswith(local) and row[3] in wanted for row in table)

    def kill(self):
        _running.discard(self)
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        if self.load:
            self.load.kill()
            self.load.wait()
        self.err.close()
        self.out.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


@atexit.register
def _kill_all():
    for service in list(_running):
        service.kill()
