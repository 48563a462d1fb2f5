"""What bench/load knows of each generator: how it is started and how its output is read.

Units inside: seconds for times, microseconds for latencies (names end in _us).
"""

import contextlib
import dataclasses
import json
import os
import re
import shutil
import subprocess
import typing

BUILD = os.environ.get("BUILD", "build")
BODY = "plans/bodies/1024.json"
TYPE = "Content-Type: application/json"
PLACES = [f"{BUILD}/generators", f"{BUILD}/generators/bin"] + os.get_exec_path()
WRK2_CALIBRATION_SECONDS = 10  # it forgets what it measured before that


@dataclasses.dataclass
class Job:
    url: str
    seconds: int
    folder: str  # for files of this run
    connections: int = 64
    rate: typing.Optional[int] = None  # None: closed loop
    latencies: bool = False  # percentiles are wanted, even where they cost a log
    warmup: str = "0s"  # only dragstrip has one that all its versions know
    cpu: int = 0

    def per_connection(self):
        return f"{self.rate / self.connections:.6g}"

    def file(self, name):
        return os.path.join(self.folder, name)

    def output(self, name="stdout"):
        with open(self.file(name), errors="replace") as text:
            return text.read()


@dataclasses.dataclass
class Generator:
    name: str
    program: str
    get: str  # how one comes by it
    argv: typing.Callable  # (path, job) -> list
    read: typing.Callable  # (path, job) -> dict of requests, rate, failed, p50_us, p99_us
    rated: bool = True  # has a rate
    only_rated: bool = False
    opens_all: bool = True  # a low rate makes it open every connection
    lone: bool = True  # an entry of its own in closed loops
    asks_to_keep: bool = False  # reads on only if answers say Connection: keep-alive
    version: typing.Sequence[str] = ()

    def path(self):
        if self.program == "dragstrip":
            return f"{BUILD}/dragstrip"
        return shutil.which(self.program, path=os.pathsep.join(PLACES))


# ---- reading numbers ----

UNITS_US = {"us": 1, "ms": 1e3, "s": 1e6, "m": 60e6}


def number(pattern, text, default=None):
    """The first group of the pattern as a number."""
    found = re.search(pattern, text, re.MULTILINE)
    if found:
        return float(found.group(1))
    if default is None:
        raise ValueError(f"no {pattern!r} in the output")
    return default


def time_us(pattern, text):
    """A number and its unit, such as 315.00us; None where the pattern is not found."""
    found = re.search(pattern + r"\s*([\d.]+)(us|ms|s|m)\b", text, re.MULTILINE)
    return float(found.group(1)) * UNITS_US[found.group(2)] if found else None


def counts(pattern, text):
    return sum(int(count) for count in re.findall(pattern, text, re.MULTILINE))


def percentile(ordered, share):
    """Nearest rank; None of nothing."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None


# ---- dragstrip ----

def dragstrip(arrivals):
    def argv(path, job):
        return [path, "load", job.url, "-r", "max" if job.rate is None else str(job.rate),
                "-a", arrivals, "-c", str(job.connections), "-w", job.warmup,
                "-d", f"{job.seconds}s", "-b", f"@{BODY}", "-H", TYPE, "--cpus", str(job.cpu),
                "--json", "-"]
    return argv


def of_ns(value):
    """Microseconds; None of a percentile that too few or failed requests leave unknown."""
    return value / 1e3 if isinstance(value, (int, float)) else None


def read_dragstrip(_, job):
    result = json.loads(job.output())
    latency, lag = result["latency"], result["lag"]
    return {
        "requests": result["counts"]["ok"], "rate": result["achieved_rate"],
        "failed": result["counts"]["due"] - result["counts"]["ok"],
        "p50_us": of_ns(latency["p50"]), "p99_us": of_ns(latency["p99"]),
        "lag_p99_us": of_ns(lag["p99"]),
        "invalid": result["invalid"], "overloaded": result["overloaded"],
    }


# ---- wrk, wrk2 ----

def wrk_script(job):
    """The body in the script itself; without a function request() wrk makes the bytes once."""
    with open(BODY) as body, open(job.file("post.lua"), "w") as script:
        script.write('wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
                     f"wrk.body = [==[{body.read()}]==]\n")
    return script.name


def wrk(path, job):
    return [path, "-t", "1", "-c", str(job.connections), "-d", f"{job.seconds}s", "--latency",
            "-s", wrk_script(job), job.url]


def wrk2(path, job):
    return [path, "-t", "1", "-c", str(job.connections), "--latency", "-R", str(job.rate),
            "-d", f"{job.seconds + WRK2_CALIBRATION_SECONDS}s", "-s", wrk_script(job), job.url]


def read_wrk(_, job):
    text = job.output()
    sockets = re.search(r"Socket errors: (.*)", text)
    return {
        "requests": number(r"^\s*(\d+) requests in", text),
        "rate": number(r"^Requests/sec:\s+([\d.]+)", text),
        "failed": counts(r"Non-2xx or 3xx responses: (\d+)", text)
        + counts(r"\b(\d+)\b", sockets.group(1) if sockets else ""),
        "p50_us": time_us(r"^\s+50(?:\.000)?%", text),
        "p99_us": time_us(r"^\s+99(?:\.000)?%", text),
    }


# ---- hey ----

def hey(path, job):
    rate = [] if job.rate is None else ["-q", job.per_connection()]
    return [path, "-z", f"{job.seconds}s", "-c", str(job.connections), "-m", "POST", "-D", BODY,
            "-T", "application/json", *rate, job.url]


def read_hey(_, job):
    text = job.output()
    return {
        "requests": counts(r"^\s+\[2\d\d\]\s+(\d+) responses", text),
        "rate": number(r"^\s+Requests/sec:\s+([\d.]+)", text),
        "failed": counts(r"^\s+\[[013-9]\d\d\]\s+(\d+) responses", text)
        + counts(r"^\s+\[(\d+)\]\s+(?!\d+ responses)\S", text),
        "p50_us": number(r"^\s+50%+ in ([\d.]+) secs", text) * 1e6,
        "p99_us": number(r"^\s+99%+ in ([\d.]+) secs", text) * 1e6,
    }


# ---- h2load ----

def h2load(path, job):
    rate = [] if job.rate is None else [f"--rps={job.per_connection()}"]
    log = [f"--log-file={job.file('requests')}"] if job.latencies else []
    return [path, "--h1", "-t", "1", "-c", str(job.connections), "-D", str(job.seconds),
            "-d", BODY, "-H", TYPE, *rate, *log, job.url]


def read_h2load(_, job):
    """Percentiles come from its log: when sent, status, microseconds."""
    text = job.output()
    ordered = []
    if job.latencies:
        ordered = sorted(int(line.split()[2]) for line in job.output("requests").splitlines())
    return {
        "requests": number(r"^requests: .* (\d+) succeeded", text),
        "rate": number(r"^finished in [\d.]+\w+, ([\d.]+) req/s", text),
        "failed": counts(r"(\d+) (?:failed|errored|timeout)", text),
        "p50_us": percentile(ordered, 0.5), "p99_us": percentile(ordered, 0.99),
    }


# ---- ab ----

def ab(path, job):
    return [path, "-k", "-q", "-t", str(job.seconds), "-n", "10000000",
            "-c", str(job.connections), "-p", BODY, "-T", "application/json", job.url]


def read_ab(_, job):
    text = job.output()
    return {
        "requests": number(r"^Complete requests:\s+(\d+)", text),
        "rate": number(r"^Requests per second:\s+([\d.]+)", text),
        "failed": counts(r"^(?:Failed requests|Non-2xx responses):\s+(\d+)", text),
        "p50_us": number(r"^\s+50%\s+(\d+)", text, 0) * 1e3,
        "p99_us": number(r"^\s+99%\s+(\d+)", text, 0) * 1e3,
    }


# ---- fortio ----

def fortio(path, job):
    return [path, "load", "-qps", str(job.rate or 0), "-c", str(job.connections),
            "-t", f"{job.seconds}s", "-r", "0.00001", "-p", "50,99", "-payload-file", BODY,
            "-content-type", "application/json", "-quiet", "-loglevel", "Error", "-json", "-",
            job.url]


def read_fortio(_, job):
    result = json.loads(job.output())
    histogram, codes = result["DurationHistogram"], result["RetCodes"]
    at = {p["Percentile"]: p["Value"] * 1e6 for p in histogram["Percentiles"]}
    good = sum(count for code, count in codes.items() if code.startswith("2"))
    return {"requests": good, "rate": result["ActualQPS"],
            "failed": sum(codes.values()) - good, "p50_us": at[50], "p99_us": at[99]}


# ---- oha ----

def oha(path, job):
    rate = [] if job.rate is None else ["-q", str(job.rate), "--latency-correction"]
    return [path, "--no-tui", "--output-format", "json", "-z", f"{job.seconds}s",
            "-c", str(job.connections), "-m", "POST", "-D", BODY, "-T", "application/json",
            *rate, job.url]


def read_oha(_, job):
    result = json.loads(job.output())
    codes, at = result["statusCodeDistribution"], result["latencyPercentiles"]
    good = sum(count for code, count in codes.items() if code.startswith("2"))
    errors = {kind: count for kind, count in result["errorDistribution"].items()
              if kind != "aborted due to deadline"}
    return {"requests": good, "rate": good / result["summary"]["total"],
            "failed": sum(codes.values()) - good + sum(errors.values()),
            "p50_us": at["p50"] * 1e6, "p99_us": at["p99"] * 1e6}


# ---- vegeta ----

def vegeta(path, job):
    with open(job.file("targets"), "w") as targets:
        targets.write(f"POST {job.url}\n{TYPE}\n@{BODY}\n")
    workers = ["-max-workers", str(job.connections)] if job.rate is None else []
    return [path, "attack", "-rate", str(job.rate or 0), *workers,
            "-connections", str(job.connections), "-max-connections", str(job.connections),
            "-max-body", "0", "-http2=false", "-duration", f"{job.seconds}s",
            "-targets", targets.name, "-output", job.file("results")]


def read_vegeta(path, job):
    """The report is made afterwards, by a run that nobody measures."""
    out = subprocess.run([path, "report", "-type", "json", job.file("results")],
                         stdout=subprocess.PIPE, check=True)
    result = json.loads(out.stdout)
    good = sum(count for code, count in result["status_codes"].items() if code.startswith("2"))
    return {"requests": good, "rate": result["throughput"],
            "failed": result["requests"] - good,
            "p50_us": result["latencies"]["50th"] / 1e3,
            "p99_us": result["latencies"]["99th"] / 1e3}


# ---- bombardier ----

def bombardier(path, job):
    rate = [] if job.rate is None else ["-r", str(job.rate)]
    return [path, "-c", str(job.connections), "-d", f"{job.seconds}s", "-m", "POST", "-f", BODY,
            "-H", TYPE, "-l", "-p", "r", "-o", "json", *rate, job.url]


def read_bombardier(_, job):
    result = json.loads(job.output())["result"]
    at = result["latency"]["percentiles"]
    failed = sum(result[kind] for kind in ("req1xx", "req3xx", "req4xx", "req5xx", "others"))
    return {"requests": result["req2xx"], "rate": result["req2xx"] / result["timeTakenSeconds"],
            "failed": failed, "p50_us": at["50"], "p99_us": at["99"]}


GET = "bench/get-generators builds it"
GENERATORS = [
    Generator("dragstrip", "dragstrip", "make", dragstrip("constant"), read_dragstrip,
              version=["--version"]),
    Generator("dragstrip poisson", "dragstrip", "make", dragstrip("poisson"), read_dragstrip,
              lone=False),
    Generator("wrk", "wrk", "package wrk", wrk, read_wrk, rated=False, version=["-v"]),
    Generator("wrk2", "wrk2", "no package; its source builds a program wrk, wanted as wrk2",
              wrk2, read_wrk, only_rated=True, lone=False, version=["-v"]),
    Generator("hey", "hey", "package hey", hey, read_hey, opens_all=False),
    Generator("h2load", "h2load", "package nghttp2-client", h2load, read_h2load,
              version=["--version"]),
    Generator("ab", "ab", "package apache2-utils", ab, read_ab, rated=False,
              asks_to_keep=True, version=["-V"]),
    Generator("fortio", "fortio", GET, fortio, read_fortio, version=["version"]),
    Generator("oha", "oha", GET, oha, read_oha, opens_all=False, version=["--version"]),
    Generator("vegeta", "vegeta", GET, vegeta, read_vegeta, opens_all=False,
              version=["-version"]),
    Generator("bombardier", "bombardier", GET, bombardier, read_bombardier, opens_all=False,
              version=["--version"]),
]


def version(generator):
    """What bench/get-generators noted, or what it says itself; hey says nothing."""
    text = ""
    if generator.version:
        out = subprocess.run([generator.path(), *generator.version], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
        text = out.stdout
    if generator.path().startswith(f"{BUILD}/generators/"):
        with contextlib.suppress(OSError), open(f"{BUILD}/generators/versions") as noted:
            found = re.search(rf"^{generator.program} .*", noted.read(), re.MULTILINE)
            text = found.group() if found else text
    found = re.search(r"\d+\.\d+[\w.+-]*", text)
    return found.group() if found else "(tells no version)"
