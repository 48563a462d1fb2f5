#!/usr/bin/env python3
"""Recomputes every figure of a race's tables from the trials in result.json, by docs/METHOD.md alone.

    tests/race/recompute.py DIR [TERMINAL-OUTPUT]

Reads DIR/result.json and DIR/report.md and prints what differs; exit status 1 if something does.  Only
the raw trials are used: the file's own "comparisons" and "summary" are compared with the outcome, never
believed.  Nothing here is shared with the C code, down to the formatting of numbers.
"""

import functools
import json
import math
import os
import re
import statistics
import sys

METRICS = [  # key, label, unit, is it judged, margin, percentile
    ("p50", "p50 latency", "ns", True, "latency", True),
    ("p90", "p90 latency", "ns", True, "latency", True),
    ("p95", "p95 latency", "ns", True, "latency", True),
    ("p99", "p99 latency", "ns", True, "tail", True),
    ("p999", "p99.9 latency", "ns", True, "tail", True),
    ("max", "max latency", "ns", False, "tail", False),
    ("throughput", "throughput", "rate", True, "latency", False),
    ("cpu_us_per_request", "CPU per request", "us", True, "latency", False),
    ("rss_peak_bytes", "memory, peak", "bytes", True, "latency", False),
    ("cold_start_ns", "cold start", "ns", True, "tail", False),
    ("drain_ns", "drain", "ns", True, "tail", False),
]
LAG_SHARE_MAX = 0.10
DASH = "–"
INF = math.inf


# ---- values of trials ----

def number(value):
    """A time of the file: null is unknown, a string such as ">5s" is beyond every number."""
    return None if value is None else INF if isinstance(value, str) else float(value)


def value_of(trial, key):
    load = trial["load"]
    if key == "throughput":
        return load["achieved_rate"]
    if key == "drain_ns" and trial["drain_killed"]:
        return INF
    return number(load["latency"][key] if key in load["latency"] else trial[key])


def first_ok(result):
    """{(service, block): trial}: the first trial there that went well."""
    grid = {}
    for trial in result["cells"][0]["trials"]:
        if trial["outcome"] == "ok":
            grid.setdefault((trial["service"], trial["block"]), trial)
    return grid


def column(grid, service, key):
    found = [(block, value_of(t, key)) for (name, block), t in grid.items() if name == service]
    return {block: value for block, value in found if value is not None}


# ---- statistics ----

@functools.cache
def signed_rank_k(n, alpha):
    """Largest k with P(W+ <= k-1) <= alpha/2, by counting subsets of 1..n."""
    ways = [1] + [0] * (n * (n + 1) // 2)
    for rank in range(1, n + 1):
        for total in range(len(ways) - 1, rank - 1, -1):
            ways[total] += ways[total - rank]
    below, k = 0, 0
    while 2 * (below + ways[k]) <= alpha * 2 ** n:
        below += ways[k]
        k += 1
    return k


def walsh(d):
    return sorted((d[i] + d[j]) / 2 for i in range(len(d)) for j in range(i, len(d)))


def interval(d, alpha):
    k, averages = signed_rank_k(len(d), alpha), walsh(d)
    return (averages[k - 1], averages[len(averages) - k]) if k else (math.nan, math.nan)


def t_cdf(t, df, steps=4000):
    """Student's distribution by Simpson's rule on its density."""
    scale = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(df * math.pi)
    width = t / steps
    terms = [(1 + (i * width) ** 2 / df) ** (-(df + 1) / 2) for i in range(steps + 1)]
    return 0.5 + scale * width / 3 * (terms[0] + terms[-1] + 4 * sum(terms[1:-1:2]) + 2 * sum(terms[2:-1:2]))


@functools.cache
def t_quantile(p, df):
    low, high = 0.0, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if t_cdf(middle, df) < p else (low, middle)
    return (low + high) / 2


def t_interval(d, alpha):
    mean, n = statistics.fmean(d), len(d)
    half = t_quantile(1 - alpha / 2, n - 1) * statistics.stdev(d) / math.sqrt(n)
    return mean - half, mean + half


def mad(values):
    middle = statistics.median(values)
    return 1.4826 * statistics.median(abs(v - middle) for v in values)


# ---- verdicts (METHOD 4 to 6) ----

def classify(ci95, ci90, m):
    sign = (ci95[0] > 0) - (ci95[1] < 0)
    return sign, -m < ci90[0] and ci90[1] < m


def words_of(sign, more_is_better, cost):
    good = (sign > 0) == more_is_better
    return ("LESS" if good else "MORE") if cost else ("FASTER" if good else "SLOWER")


def judge(d, margin, key):
    """The words of the table for differences that may be judged."""
    m = math.log1p(margin)
    ci95, t95 = interval(d, 0.05), t_interval(d, 0.05)
    ranks = classify(ci95, interval(d, 0.10), m)
    t = classify(t95, t_interval(d, 0.10), m)
    if ranks[1] and t[1] and ranks[0] != t[0]:
        return "EQUIVALENT"
    open_ranks, open_t = not ranks[0] and not ranks[1], not t[0] and not t[1]
    if ranks[0] != t[0] or open_ranks != open_t:
        return "INCONCLUSIVE"
    if not ranks[0]:
        return "EQUIVALENT" if ranks[1] else "INCONCLUSIVE"
    if ranks[1]:
        return "negligible"
    word = words_of(ranks[0], key == "throughput", key in ("cpu_us_per_request", "rss_peak_bytes"))
    beyond = ci95[0] > m or ci95[1] < -m
    return f"{word} by >{margin * 100:g}%" if beyond else word


def k_effective(grid, service, key):
    found = [t["load"]["latency"]["k_eff"][key] for (name, _), t in grid.items() if name == service]
    found = [k for k in found if k is not None]
    return statistics.median(found) if found else 0.0


def lag_share(trials, service, key):
    """The largest share of a percentile that is the generator's own lateness."""
    shares = []
    for trial in trials:
        if trial["service"] != service or trial["outcome"] != "ok":
            continue
        latency = number(trial["load"]["latency"][key])
        punctual = number(trial["load"]["latency_less_lag"][key])
        if latency not in (None, INF) and punctual not in (None, INF) and latency > 0:
            shares.append((latency - punctual) / latency)
    return max(shares, default=0.0)


class Race:
    """A result and what follows from its trials."""

    def __init__(self, result):
        self.result = result
        self.trials = result["cells"][0]["trials"]
        self.grid = first_ok(result)
        self.baseline = result["baseline"]
        self.services = [s for s in result["services"] if not s["skipped"] or s["name"] == self.baseline]
        names = [s["name"] for s in self.services if s["name"] != self.baseline]
        self.columns = [self.baseline, *names]
        self.skipped = {s["name"] for s in result["services"] if s["skipped"]}

    def of(self, service):
        return [t for t in self.trials if t["service"] == service]

    def is_invalid(self, service, key):
        of_load = key not in ("cold_start_ns", "drain_ns")
        return any(t["outcome"] == "failed" or
                   of_load and t["outcome"] == "ok" and (t["invalid"] or t["load"]["invalid"])
                   for t in self.of(service))

    def is_overloaded(self, service):
        ok = [t for t in self.of(service) if t["outcome"] == "ok"]
        return any(t["load"]["overloaded"] for t in ok)

    def errors_above(self, service):
        return max((t["load"]["errors_above_ns"] for t in self.of(service) if t["load"]), default=0)

    def pairs(self, service, key):
        a, b = column(self.grid, self.baseline, key), column(self.grid, service, key)
        return [(a[block], b[block]) for block in sorted(a) if block in b]

    def margin(self, which):
        return self.result["limits"][f"margin_{which}"]

    def verdict(self, service, metric):
        """(ratio with interval, word) as in the table."""
        key, _, _, judged, which, is_percentile = metric
        pairs, sides = self.pairs(service, key), (self.baseline, service)
        good = all(0 < v < INF for pair in pairs for v in pair)
        d = [math.log(b) - math.log(a) for a, b in pairs] if good and pairs else []
        ratio = difference(d)
        if self.skipped & set(sides):
            return ratio, "not estimable" if judged else "not judged"
        if not judged:
            return ratio, "not judged"
        if any(self.is_invalid(s, key) for s in sides):
            return DASH, "INVALID"
        if is_percentile and any(self.is_overloaded(s) for s in sides):
            return DASH, "OVERLOADED"
        if len(pairs) < 6 or not good:
            return ratio, "not estimable"
        if is_percentile:
            k = min(math.floor(1e6 * k_effective(self.grid, s, key)) / 1e6 for s in sides)
            if k < 10:
                return DASH, "not estimable"
            if k < 100:
                return ratio, "no verdict"
            if any(lag_share(self.trials, s, key) > LAG_SHARE_MAX for s in sides):
                return DASH, "INVALID"
        return ratio, judge(d, self.margin(which), key)


# ---- numbers as the tables print them ----

def significant(value, unit):
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f} {unit}".rstrip()


def time_text(ns, timeout):
    if ns == INF:
        return ">" + (setting(timeout) if timeout % 10**6 == 0 else time_text(floor3(timeout), 0))
    for limit, scale, unit in ((999.5e3, 1e3, "µs"), (999.5e6, 1e6, "ms"), (INF, 1e9, "s")):
        if ns < 999.5:
            return f"{ns:.0f} ns"
        if ns < limit:
            return significant(ns / scale, unit)
    return DASH


def floor3(ns):
    step = 10 ** max(0, len(str(ns)) - 3)
    return ns // step * step


def setting(ns):
    for scale, unit in ((3600 * 10**9, "h"), (60 * 10**9, "m"), (10**9, "s"), (10**6, "ms"), (10**3, "us")):
        if ns % scale == 0:
            return f"{ns // scale}{unit}"
    return f"{ns}ns"


def size_text(value):
    for limit, scale, unit in ((1023.5 * 1024, 1024, "KiB"), (1023.5 * 2**20, 2**20, "MiB"), (INF, 2**30, "GiB")):
        if value < 1023.5:
            return f"{value:.0f} B"
        if value < limit:
            return significant(value / scale, unit)
    return DASH


def rate_text(value):
    if value >= 9999.5:
        return f"{value:,.0f}/s"
    return f"{value:.0f}/s" if value == math.floor(value) else f"{significant(value, '')}/s"


def value_text(value, metric, timeout):
    key, _, unit, *_ = metric
    if value is None:
        return DASH
    if key == "drain_ns" and value == INF:
        return "killed"
    if unit == "ns":
        return time_text(value, timeout)
    return {"us": lambda v: time_text(v * 1e3, timeout), "bytes": size_text, "rate": rate_text}[unit](value)


def decimals(ratio):
    return 0 if ratio >= 99.95 else 1 if ratio >= 9.995 else 2 if ratio >= .0995 else 3 if ratio >= .00995 else 4


def difference(d):
    if not d:
        return DASH
    ratio, (low, high) = math.exp(statistics.median(walsh(d))), map(math.exp, interval(d, 0.05))
    n = decimals(ratio)
    if math.isnan(low):
        return f"{ratio:.{n}f}×"
    return f"{ratio:.{n}f}× [{low:.{n}f}, {high:.{n}f}]"


def share_text(share):
    if share is None:
        return DASH
    return "<0.001%" if 0 < share < 1e-5 else f"{100 * share:.2g}%" if share < .0995 else f"{100 * share:.0f}%"


# ---- the table ----

def cell(race, service, metric):
    key, is_percentile = metric[0], metric[5]
    values = list(column(race.grid, service, key).values())
    if not values or is_percentile and k_effective(race.grid, service, key) < 10:
        return DASH
    return value_text(statistics.median(values), metric, race.errors_above(service))


def spread(race, service, key):
    values = list(column(race.grid, service, key).values())
    if not values or any(v == INF or v <= 0 for v in values):
        return None
    return mad([math.log(v) for v in values])


def spread_row(race):
    thin = any(k_effective(race.grid, s, "p99") < 10 for s in race.columns)
    key = "p50" if thin else "p99"
    spreads = {s: spread(race, s, key) for s in race.columns}
    row = [f"spread of {key}", *(share_text(spreads[s]) for s in race.columns)]
    base = spreads[race.baseline]
    for service in race.columns[1:]:
        known = base and spreads[service] is not None
        ratio = spreads[service] / base if known else None
        row += [DASH if ratio is None else f"{ratio:.{decimals(ratio)}f}×", "not judged"]
    return row


def table(result):
    """Rows of texts: label, a value for each service, then ratio and verdict for each but the baseline."""
    race = Race(result)
    rows = []
    for metric in METRICS:
        row = [metric[1], *(cell(race, s, metric) for s in race.columns)]
        for service in race.columns[1:]:
            row += race.verdict(service, metric)
        rows.append(row)
    return rows + [spread_row(race)]


def markdown_rows(page):
    """The rows of the report's table, without Markdown's marks."""
    lines = [line for line in page.splitlines() if line.startswith("|")]
    split = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines[2:]]
    return [[re.sub(r"\\(.)", r"\1", c.strip().removeprefix("**").removesuffix("**")) for c in row]
            for row in split]


def terminal_rows(text):
    """The rows of a wide table: columns are two spaces or more apart."""
    lines = text.splitlines()
    rule = next(i for i, line in enumerate(lines) if line.startswith("───"))
    end = next(i for i in range(rule, len(lines)) if lines[i].startswith("spread of")) + 1
    return [re.split(r" {2,}", re.sub(r"\x1b\[[0-9;]*m", "", line).strip()) for line in lines[rule + 1:end]]


def differences(expected, printed, where):
    out = [] if len(expected) == len(printed) else [f"{where}: {len(printed)} rows, expected {len(expected)}"]
    for want, got in zip(expected, printed):
        if want != got:
            out.append(f"{where}: printed {got}, recomputed {want}")
    return out


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    with open(os.path.join(sys.argv[1], "result.json")) as file:
        rows = table(json.load(file))
    with open(os.path.join(sys.argv[1], "report.md")) as file:
        wrong = differences(rows, markdown_rows(file.read()), "report.md")
    if len(sys.argv) == 3:
        with open(sys.argv[2]) as file:
            wrong += differences(rows, terminal_rows(file.read()), "terminal")
    print("\n".join(wrong) or f"all {len(rows)} rows can be recomputed from result.json")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
