"""User-space instructions that a service spends on a request, counted by valgrind's callgrind.

Two runs of a fresh process differ in the number of requests only, so that what start and end cost is the
same in both: (I2 - I1) / (n2 - n1), for every function and in all.  The requests come one at a time on one
connection, a constant gap apart; so each is read, answered and waited for by itself, as on a service that
is not busy.  A busy one answers several requests a wait and needs fewer instructions.

The kernel's part is not in it.  The C library's is, as valgrind presents the CPU: memchr and others have a
variant for each kind of CPU, and valgrind 3.19 knows no AVX-512, so that avx2 is counted where a machine
would run evex.  Reading the clock is a system call there, so that the vDSO's part is not counted.

Rejected: perf's counter of instructions, which virtual machines often lack and which counts differ between
CPUs; client requests inside the service, which would have to be built for it.
"""

import collections
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

FEW, MANY = 200, 1200
GAP_S = 0.001
START_S = END_S = 30
COMPILER = "GNU C17 12."


class Failed(Exception):
    """The service under callgrind did not do what it was to do."""


# ---- is there a figure to compare with ----

def why_not(program):
    """Why instructions cannot be counted here, or are not comparable with the budget; None: they are."""
    for tool, package in (("valgrind", "valgrind"), ("readelf", "binutils")):
        if not shutil.which(tool):
            return f"{tool} is not here: apt-get install {package}"
    if platform.machine() != "x86_64":
        return f"the budget is of x86_64, this is {platform.machine()}"
    return other_build(program)


def other_build(program):
    """What its debug information says of another compiler or other flags than the budget's, or None."""
    done = subprocess.run(["readelf", "--debug-dump=info", "--dwarf-depth=1", program], capture_output=True,
                          text=True, errors="replace", check=False)
    made = set(re.findall(r"DW_AT_producer\s*:.*?((?:GNU C|\w* ?clang).*)", done.stdout))
    for how in made:
        flags = how.split()
        if not how.startswith(COMPILER) or "-O2" not in flags or any("-fsanitize" in flag for flag in flags):
            return f"the budget is of gcc 12 with -O2, this was made by {how}"
    return None if made else f"the budget is of gcc 12 with -O2, and {program} does not say what made it (-g)"


# ---- requests ----

def request(method, path, body=b""):
    """The bytes that `dragstrip load` sends."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def answer(peer):
    """Reads one answer: (status, bytes of its body)."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += some(peer)
    head, _, body = got.partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)\r\ncontent-length: *(\d+)", head).group(1))
    while len(body) < length:
        body += some(peer)
    return int(head.split()[1]), len(body)


def some(peer):
    more = peer.recv(65536)
    if not more:
        raise Failed("the service closed the connection")
    return more


def ask(peer, raw, count, expected):
    """Sends `count` requests a gap apart; each answer must be 200 with a body of `expected` bytes."""
    due = time.monotonic()
    for _ in range(count):
        due = max(due + GAP_S, time.monotonic())
        time.sleep(max(0, due - time.monotonic()))
        peer.sendall(raw)
        got = answer(peer)
        if got != (200, expected):
            raise Failed(f"answered {got[0]} with {got[1]} bytes, not 200 with {expected}")


# ---- one run ----

def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def connected(port, service, said):
    """A connection to a service that is starting: the only one it ever sees."""
    end = time.monotonic() + START_S
    while time.monotonic() < end and service.poll() is None:
        try:
            peer = socket.create_connection(("127.0.0.1", port), END_S)
        except OSError:
            time.sleep(0.02)
            continue
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return peer
    with open(said, errors="replace") as text:
        raise Failed(f"the service does not listen under callgrind: {text.read()[-500:]}")


def counted(program, raw, count, expected):
    """{function: instructions} of one process that serves `count` requests."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        profile, said = os.path.join(folder, "profile"), os.path.join(folder, "said")
        with open(said, "w") as out:
            service = subprocess.Popen(
                ["valgrind", "--tool=callgrind", "--compress-strings=no", "--compress-pos=no",
                 f"--callgrind-out-file={profile}", program, "--listen", f"127.0.0.1:{port}",
                 "--response-bytes", "2048", "--workers", "1"], stdout=out, stderr=out)
        try:
            with connected(port, service, said) as peer:
                ask(peer, raw, count, expected)
            service.send_signal(signal.SIGTERM)
            service.wait(END_S)
        finally:
            if service.poll() is None:
                service.kill()
                service.wait()
        with open(profile) as lines:
            return self_costs(lines)


def self_costs(lines):
    """The cost of each function without what it calls, of callgrind's format without compression."""
    costs, function, is_call = collections.Counter(), None, False
    for line in lines:
        if line.startswith("fn="):
            function = line[3:].rstrip()
        elif line.startswith("calls="):
            is_call = True  # its cost, on the next line, is that of the function called
        elif line[:1].isdigit():
            costs[function] += 0 if is_call else int(line.split()[1])
            is_call = False
    return costs


def per_request(program, raw, expected):
    """{function: instructions a request}"""
    few = counted(program, raw, FEW, expected)
    many = counted(program, raw, MANY, expected)
    many.subtract(few)
    return {function: cost / (MANY - FEW) for function, cost in many.items() if cost}
