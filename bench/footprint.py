"""What a service is before it has done any work: its start, its memory, its size; and its memory over time."""

import os
import re
import signal
import socket
import subprocess
import tempfile
import time

import measure
from measure import GENERATOR_CPU, SERVICE_CPU

START_S = 10
PROBE = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


# ---- cold start ----

def is_served(port):
    """Whether /healthz is answered with 200 now."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as peer:
            peer.sendall(PROBE)
            return peer.recv(4096).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


def spawn(argv):
    """A process on the service's CPU, and this script on the generator's.  posix_spawn, because a fork of this
    script takes longer than some of the services to start; it has its CPU from this one, which moves for that."""
    os.sched_setaffinity(0, {SERVICE_CPU})
    try:
        silent = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (1, 2)]
        return os.posix_spawn(argv[0], argv, os.environ, file_actions=silent)
    finally:
        os.sched_setaffinity(0, {GENERATOR_CPU})


def cold_start_ms(command):
    """From before exec to the first 200 on /healthz, or None; the program's file is in the page cache."""
    port = measure.free_port()
    argv = measure.service_argv(command, port)
    began = time.monotonic()
    pid = spawn(argv)
    try:
        while time.monotonic() < began + START_S:
            if is_served(port):
                return (time.monotonic() - began) * 1e3
        return None
    finally:
        os.sched_setaffinity(0, measure.CPUS)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


# ---- memory ----

def resident_kib(pid):
    """{what: KiB} of proc(5)'s status: VmRSS, and its parts RssAnon and RssFile."""
    with open(f"/proc/{pid}/status") as status:
        return {what: int(kib) for what, kib in
                re.findall(r"^(VmRSS|RssAnon|RssFile):\s+(\d+) kB", status.read(), re.MULTILINE)}


class Memory:
    """A watch (measure.run) over the memory of a service: samples of it while it is under load."""

    every_s = 0.05

    def __init__(self, service):
        self.service = service
        self.began = time.monotonic()
        self.samples = []  # (seconds, what resident_kib says)

    def look(self, _):
        kib = resident_kib(self.service)
        if kib:  # a service that has ended has none
            self.samples.append((time.monotonic() - self.began, kib))
        time.sleep(self.every_s)

    def figures(self, _):
        """The sample that held most, in MB."""
        most = max((kib for _, kib in self.samples), key=lambda kib: kib["VmRSS"])
        return {f"{what}_mb": kib / 1024 for what, kib in most.items()}


class Trend(Memory):
    """The same over minutes, kept in whole."""

    every_s = 0.5

    def figures(self, _):
        return {"rss_kib": [(round(at, 1), kib["VmRSS"]) for at, kib in self.samples]}


# ---- size ----

def stripped_kb(program):
    """KB of a copy without symbols, or None where nothing can strip it."""
    with tempfile.NamedTemporaryFile() as copy:
        try:
            subprocess.run(["strip", "-o", copy.name, program], check=True, stderr=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError):
            return None
        return os.path.getsize(copy.name) / 1024
