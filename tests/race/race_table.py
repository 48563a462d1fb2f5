"""What the tables of a race must say, from the trials in result.json and docs/METHOD.md alone.

Only the raw trials are used: the file's own "comparisons" and "summary" are never believed.  Nothing
here is shared with the C code, down to the formatting of numbers.
"""

import collections
import functools
import math
import statistics

Metric = collections.namedtuple("Metric", "key name label unit judged margin percentile")
METRICS = [Metric(*fields) for fields in (
    ("p50", "p50", "p50 latency", "ns", True, "latency", True),
    ("p90", "p90", "p90 latency", "ns", True, "latency", True),
    ("p95", "p95", "p95 latency", "ns", True, "latency", True),
    ("p99", "p99", "p99 latency", "ns", True, "tail", True),
    ("p999", "p99.9", "p99.9 latency", "ns", True, "tail", True),
    ("max", "max", "max latency", "ns", False, "tail", False),
    ("throughput", "throughput", "throughput", "rate", True, "latency", False),
    ("cpu_us_per_request", "CPU", "CPU per request", "us", True, "latency", False),
    ("rss_peak_bytes", "memory", "memory, peak", "bytes", True, "latency", False),
    ("cold_start_ns", "cold start", "cold start", "ns", True, "tail", False),
    ("drain_ns", "drain", "drain", "ns", True, "tail", False))]
LAG_SHARE_MAX = 0.10
ANSWER_LEVELS = ("status", "length", "sha256")  # "body" in a plan is the last
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


def last_attempts(trials):
    """A place in the order may have been run twice; its last trial counts."""
    last = {(t["service"], t["block"]): t for t in trials}
    return [t for t in trials if t is last[t["service"], t["block"]]]


# ---- statistics ----

@functools.cache
def signed_rank_ways(n):
    """How many subsets of the ranks 1 to n have which sum."""
    ways = [1] + [0] * (n * (n + 1) // 2)
    for rank in range(1, n + 1):
        for total in range(len(ways) - 1, rank - 1, -1):
            ways[total] += ways[total - rank]
    return ways


@functools.cache
def signed_rank_k(n, alpha):
    """Largest k with P(W+ <= k-1) <= alpha/2."""
    below, k, ways = 0, 0, signed_rank_ways(n)
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


def judge(d, metric, margin):
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
    word = words_of(ranks[0], metric.key == "throughput", metric.name in ("CPU", "memory"))
    beyond = ci95[0] > m or ci95[1] < -m
    return f"{word} by >{margin * 100:g}%" if beyond else word


class Race:
    """A result and what follows from its trials."""

    def __init__(self, result):
        self.result, self.all = result, result["cells"][0]["trials"]
        self.trials = last_attempts(self.all)
        self.grid = {(t["service"], t["block"]): t for t in self.trials if t["outcome"] == "ok"}
        self.baseline = result["baseline"]
        self.names = [s["name"] for s in result["services"]]
        self.skipped = {s["name"] for s in result["services"] if s["skipped"]}
        self.controls = [s["name"] for s in result["services"] if s.get("control")]
        rivals = [name for name in self.names if name not in (self.baseline, *self.controls)]
        self.rivals = [name for name in rivals if name not in self.skipped]
        self.columns = [self.baseline, *self.rivals]

    def ok(self, service):
        return {block: t for (name, block), t in self.grid.items() if name == service}

    def column(self, service, key):
        found = [(block, value_of(t, key)) for block, t in self.ok(service).items()]
        return {block: value for block, value in sorted(found) if value is not None}

    def pairs(self, service, key):
        a, b = self.column(self.baseline, key), self.column(service, key)
        return [(a[block], b[block]) for block in a if block in b]

    def differences(self, service, key):
        """Of the logarithms; none where a side has no number in some block."""
        pairs = self.pairs(service, key)
        good = all(0 < v < INF for pair in pairs for v in pair)
        return [math.log(b) - math.log(a) for a, b in pairs] if good else []

    def k_effective(self, service, key):
        found = [t["load"]["latency"]["k_eff"][key] for t in self.ok(service).values()]
        found = [k for k in found if k is not None]
        return statistics.median(found) if found else 0.0

    def median(self, service, key):
        values = self.column(service, key).values()
        return statistics.median(values) if values else None

    def is_thin(self, service, key):
        """The tail holds too few events for an estimate; that it is errors needs none."""
        return self.median(service, key) != INF and self.k_effective(service, key) < 10

    def lag_share(self, service, key):
        """The largest share of a percentile that is the generator's own lateness."""
        shares = []
        for trial in self.ok(service).values():
            latency = number(trial["load"]["latency"][key])
            punctual = number(trial["load"]["latency_less_lag"][key])
            if latency not in (None, INF) and punctual not in (None, INF) and latency > 0:
                shares.append((latency - punctual) / latency)
        return max(shares, default=0.0)

    def is_invalid(self, service, key):
        of_load = key not in ("cold_start_ns", "drain_ns")
        return any(t["outcome"] == "failed" or
                   of_load and t["outcome"] == "ok" and (t["invalid"] or t["load"]["invalid"])
                   for t in self.trials if t["service"] == service)

    def answers(self, service):
        """For each request form the answers that came, or what there was where none came."""
        asked = [t.get("answers", []) for t in self.trials if t["service"] == service]
        forms = [[a[i] for a in asked if i < len(a)] for i in range(max(map(len, asked), default=0))]
        return [[a for a in form if a["status"]] or form for form in forms]

    def answers_differ(self, service):
        """From the baseline's: a form that one side always answers as the other never did."""
        asked = self.result["limits"].get("answers", "any")
        levels = ANSWER_LEVELS[:("any", "status", "length", "body").index(asked)]
        for ours, theirs in zip(self.answers(service), self.answers(self.baseline)):
            for level in levels:
                a, b = {answer[level] for answer in ours}, {answer[level] for answer in theirs}
                if min(len(a), len(b)) == 1 and not a & b:
                    return True
        return False

    def is_overloaded(self, service):
        return any(t["load"]["overloaded"] for t in self.ok(service).values())

    def errors_above(self, service):
        return max((t["load"]["errors_above_ns"] for t in self.all if t["service"] == service and t["load"]),
                   default=0)

    def obstacle_in_trials(self, sides, metric):
        if any(self.is_invalid(s, metric.key) for s in sides) or any(map(self.answers_differ, sides)):
            return "INVALID"
        is_latency = metric.percentile or metric.key == "max"
        return "OVERLOADED" if is_latency and any(map(self.is_overloaded, sides)) else None

    def obstacle_in_tail(self, sides, metric):
        if not metric.percentile:
            return None
        k = min((math.floor(1e6 * self.k_effective(s, metric.key)) / 1e6 for s in sides
                 if self.median(s, metric.key) != INF), default=INF)
        if k < 10:
            return "not estimable"
        if any(self.lag_share(s, metric.key) > LAG_SHARE_MAX for s in sides):
            return "INVALID"
        return "no verdict" if k < 100 else None

    def margin(self, metric):
        return self.result["limits"][f"margin_{metric.margin}"]

    def verdict(self, service, metric):
        """(ratio with interval, word) as in the table."""
        sides, d = (self.baseline, service), self.differences(service, metric.key)
        ratio = difference(d)
        if self.skipped & set(sides):
            return ratio, "not estimable" if metric.judged else "not judged"
        if not metric.judged:
            return ratio, "not judged"
        if found := self.obstacle_in_trials(sides, metric):
            return DASH, found
        if len(d) < 6:
            return ratio, "not estimable"
        if found := self.obstacle_in_tail(sides, metric):
            return ratio if found == "no verdict" else DASH, found
        return ratio, judge(d, metric, self.margin(metric))


# ---- numbers as the tables print them ----

def significant(value, unit):
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f} {unit}".rstrip()


def time_text(ns, timeout):
    if ns == INF and not timeout:
        return ">time-out"
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
    if value is None:
        return DASH
    if metric.key == "drain_ns" and value == INF:
        return "killed"
    if metric.unit == "ns":
        return time_text(value, timeout)
    return {"us": lambda v: time_text(v * 1e3, timeout), "bytes": size_text,
            "rate": rate_text}[metric.unit](value)


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
    if metric.percentile and race.is_thin(service, metric.key):
        return DASH
    return value_text(race.median(service, metric.key), metric, race.errors_above(service))


def spread(race, service, key):
    values = list(race.column(service, key).values())
    if not values or any(v == INF or v <= 0 for v in values):
        return None
    return mad([math.log(v) for v in values])


def spread_row(race):
    thin = any(race.is_thin(s, "p99") for s in race.columns)
    key = "p50" if thin else "p99"
    spreads = {s: spread(race, s, key) for s in race.columns}
    row = [f"spread of {key}", *(share_text(spreads[s]) for s in race.columns)]
    base = spreads[race.baseline]
    for service in race.rivals:
        known = base and spreads[service] is not None
        ratio = spreads[service] / base if known else None
        row += [DASH if ratio is None else f"{ratio:.{decimals(ratio)}f}×", "not judged"]
    return row


def table(race):
    """Rows of texts: label, a value for each service, then ratio and verdict for each but the baseline."""
    rows = []
    for metric in METRICS:
        row = [metric.label, *(cell(race, s, metric) for s in race.columns)]
        for service in race.rivals:
            row += race.verdict(service, metric)
        rows.append(row)
    return rows + [spread_row(race)]
