"""One run of a generator against a fresh service, and what it took; bench/load and bench/echo put runs together."""

import contextlib
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time

from generators import BUILD, Job

CPUS = sorted(os.sched_getaffinity(0))
SERVICE_CPU, GENERATOR_CPU = CPUS[0], CPUS[-1]
TICKS = os.sysconf("SC_CLK_TCK")
LIMIT_SECONDS = 60  # beyond what a run was to take
NULL = ["null-responder", "--response-bytes", "2048"]
ORACLE = ["dragstrip-oracle"]
rows = []  # every run, for --json


# ---- the machine and the service ----

def cpu_seconds(pid):
    """User and system time; fields 14 and 15 of proc(5)'s stat."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def machine():
    """Seconds that the two CPUs were busy, and that the host took away."""
    busy = stolen = 0
    with open("/proc/stat") as stat:
        for line in stat:
            if re.match(r"cpu\d", line) and int(line.split()[0][3:]) in (SERVICE_CPU, GENERATOR_CPU):
                user, nice, system, _, _, irq, softirq, steal = map(int, line.split()[1:9])
                busy += user + nice + system + irq + softirq
                stolen += steal
    return busy / TICKS, stolen / TICKS


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def port_of(url):
    return int(url.split(":")[2].split("/")[0])


def service_argv(command, port):
    """A command is a program of ours with its flags, or a function of the port."""
    if callable(command):
        return command(port)
    return [f"{BUILD}/{command[0]}", "--listen", f"127.0.0.1:{port}", *command[1:]]


@contextlib.contextmanager
def served(command):
    port = free_port()
    argv = service_argv(command, port)
    service = subprocess.Popen(
        argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {SERVICE_CPU}))
    try:
        for _ in range(500):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            time.sleep(0.01)
        else:
            sys.exit(f"{argv[0]} does not listen")
        yield service.pid, f"http://127.0.0.1:{port}/echo"
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(60)


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def keeps_alive(command):
    """Whether a service says so to HTTP/1.0."""
    with served(command) as (_, url), socket.create_connection(
            ("127.0.0.1", port_of(url)), 5) as peer:
        peer.sendall(b"GET /echo HTTP/1.0\r\nHost: x\r\nConnection: Keep-Alive\r\n\r\n")
        return b"keep-alive" in peer.recv(256).lower()


# ---- the generator ----

class Watch:
    """Peak memory of a child and of connections at the service, looked at while they run.

    ru_maxrss of a child begins with what this script held when it forked; where it is no more
    than that, the high-water mark that was last seen in proc(5) stands.
    """

    def __init__(self, service):
        self.service = service
        self.before = open_files(service)
        self.kib = self.connections = 0

    def look(self, child):
        with contextlib.suppress(OSError):
            with open(f"/proc/{child}/status") as status:
                found = re.search(r"VmHWM:\s+(\d+)", status.read())
            self.kib = max(self.kib, int(found.group(1)) if found else 0)
        self.connections = max(self.connections, open_files(self.service) - self.before)
        time.sleep(0.02)

    def megabytes(self, usage):
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return (max(self.kib, usage.ru_maxrss) if usage.ru_maxrss > own else self.kib) / 1024

    def figures(self, usage):
        return {"peak_mb": self.megabytes(usage), "peak_connections": self.connections}


def wait_for(child, limit, watch):
    """(exit status, rusage); a child that takes too long is ended with what it started."""
    def late(*_):
        raise TimeoutError
    signal.signal(signal.SIGALRM, late)
    signal.alarm(limit)
    try:
        pid = 0
        while not pid:
            if watch:
                watch.look(child.pid)
            pid, status, usage = os.wait4(child.pid, os.WNOHANG if watch else 0)
    except TimeoutError:
        os.killpg(child.pid, signal.SIGKILL)
        _, status, usage = os.wait4(child.pid, 0)
    finally:
        signal.alarm(0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, usage


def start(job, argv):
    with open(job.file("stdout"), "w") as out, open(job.file("stderr"), "w") as errors:
        return subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, start_new_session=True,
            env={**os.environ, "TOKIO_WORKER_THREADS": "1"},  # oha: one CPU, one thread
            preexec_fn=lambda: os.sched_setaffinity(0, {GENERATOR_CPU}))


# ---- counting system calls ----

def perf_calls(job):
    return int(re.search(r"^(\d+),.*sys_enter", job.output("calls"), re.MULTILINE).group(1))


def strace_calls(job):
    return int(re.search(r"^\S+ +\S+ +\S+ +(\d+) .*total$", job.output("calls"),
                         re.MULTILINE).group(1))


COUNTERS = {"perf": perf_calls, "strace": strace_calls}
COUNTING = [["perf", "stat", "-x,", "-o", "FOLDER/calls", "-e", "raw_syscalls:sys_enter", "--"],
            ["strace", "-c", "-f", "-o", "FOLDER/calls"]]


def counting():
    """A command that counts system calls here, or None."""
    for before in COUNTING:
        argv = [part.replace("FOLDER/calls", "/dev/null") for part in before]
        with contextlib.suppress(OSError):
            if subprocess.run([*argv, "true"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0:
                return before
    return None


# ---- one run ----

def run(section, round_, generator, command=NULL, before=(), watched=None, **load):
    """What one generator printed and what it took, or None; every figure goes into the JSON.
    While it runs, `watched`, a class of the shape of Watch (True: Watch itself), is told to look."""
    row = {"section": section, "round": round_, "generator": generator.name,
           **{key: load.get(key) for key in ("connections", "rate", "seconds")}}
    rows.append(row)
    with tempfile.TemporaryDirectory() as folder, served(command) as (service, url):
        job = Job(url=url, folder=folder, cpu=GENERATOR_CPU, **load)
        argv = [part.replace("FOLDER", folder) for part in before]
        argv += generator.argv(generator.path(), job)
        served_cpu, (busy, stolen), began = cpu_seconds(service), machine(), time.monotonic()
        watch = (Watch if watched is True else watched)(service) if watched else None
        child = start(job, argv)
        code, usage = wait_for(child, 2 * job.seconds + LIMIT_SECONDS, watch)
        wall = time.monotonic() - began
        served_cpu, after = cpu_seconds(service) - served_cpu, machine()
        used = usage.ru_utime + usage.ru_stime
        try:
            row.update(generator.read(generator.path(), job), wall_seconds=wall,
                       cpu_seconds=used, service_cpu_seconds=served_cpu, exit_status=code,
                       steal_percent=50 * (after[1] - stolen) / wall,
                       others_percent=50 * max(0, after[0] - busy - used - served_cpu) / wall)
            if before:
                row["system_calls"] = COUNTERS[before[0]](job)
        except (ValueError, KeyError, TypeError, AttributeError, OSError,
                subprocess.CalledProcessError) as err:
            row["error"] = f"exit status {code}, {err}"
            said = (job.output("stderr") or job.output()).strip().splitlines()[-2:]
            print(f"{generator.name}, {section}: {row['error']}: {' '.join(said)}"[:300])
            return None
        if watched:
            row.update(watch.figures(usage))
    return row
