"""The model's metrics page."""

import collections
import os
import threading
import time

BOUNDS = ".0001 .00025 .0005 .001 .0025 .005 .01 .025 .05 .1 .25 .5 1 2.5 5 10".split()


class Metrics:
    def __init__(self, broken):
        self.broken = broken
        self.lock = threading.Lock()
        self.requests = collections.Counter()
        self.times = []
        self.started = time.time()

    def count(self, method, route, status, seconds):
        broken = self.broken
        if broken("counts-400-as-200") and status == 400:
            status = 200
        with self.lock:
            if not (broken("misses-404") and status == 404):
                self.requests[method, route, status] += 1 + broken("counts-twice")
            self.times.append(seconds * (1000 if broken("milliseconds") else 1))
            if broken("histogram-misses-404") and status == 404:
                self.times.pop()

    def page(self):
        with self.lock:
            requests, times = dict(self.requests), list(self.times)
        lines = ["# TYPE http_requests_total counter"]
        for (method, route, status), count in requests.items():
            labels = f'method="{method}",route="{route}",status="{status}"'
            lines.append(f"http_requests_total{{{labels}}} {count}")
        lines += self.histogram(times) + self.process()
        return ("\n".join(lines) + "\n").encode()

    def histogram(self, times):
        name = "http_request_duration_seconds"
        bounds = BOUNDS[:-1] if self.broken("misses-a-bucket") else BOUNDS
        out, last = [f"# TYPE {name} histogram"], 0
        for bound in bounds:
            count = sum(each <= float(bound) for each in times)
            shown = count - last if self.broken("not-cumulative") else count
            out.append(f'{name}_bucket{{le="{float(bound):g}"}} {shown}')
            last = count
        out.append(f'{name}_bucket{{le="+Inf"}} {len(times) + self.broken("inf-is-not-count")}')
        return [*out, f"{name}_sum {sum(times)}", f"{name}_count {len(times)}"]

    def process(self):
        broken = self.broken
        with open("/proc/self/statm") as file:
            pages = int(file.read().split()[1])
        used = os.times()
        cpu = (used.user + used.system) * (2 if broken("cpu-doubled") else 1)
        fds = 7 if broken("fds-constant") else len(os.listdir("/proc/self/fd")) - 1
        values = {
            "process_cpu_seconds_total counter": cpu,
            "process_resident_memory_bytes gauge": pages * (1 if broken("memory-in-pages") else 4096),
            "process_start_time_seconds gauge": 1 if broken("start-time") else self.started,
            "process_open_fds gauge": fds,
            "go_gc_duration_seconds_count counter": 0,
            "go_sched_pauses_total_gc_seconds_count counter": 0,
        }
        out = []
        for key, value in values.items():
            name = key.split()[0]
            out += [f"# TYPE {key}", f"{name} {value}"]
        return out
