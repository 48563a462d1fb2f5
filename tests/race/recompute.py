#!/usr/bin/env python3
"""Recomputes the figures of a race's report.md and junit.xml from the trials in result.json alone.

    tests/race/recompute.py DIR [TERMINAL-OUTPUT]

Reads DIR/result.json, DIR/report.md and DIR/junit.xml and prints what differs; exit status 1 if something
does.  race_table.py computes the table; here are the gate (METHOD 8), the noise floor and JUnit.  Why a
measurement has no verdict is a sentence, and not recomputed; whether it has one is.
"""

import json
import math
import os
import re
import statistics
import sys
import time
import xml.etree.ElementTree as xml

from race_table import DASH, INF, METRICS, Race, interval, number, signed_rank_ways, table, value_text, walsh

ALPHA = 0.05
RULE = re.compile(r"(?P<metric>.+?) (?:(?:not[ _])?(?P<worse>worse)(?: by (?P<share>[\d.]+)%)?|"
                  r"(?P<sign>[<>]) (?P<limit>[\d.]+)(?P<unit>\S*))(?: of (?P<of>\S+))?", re.I)
TIMES = {"ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "min": 60e9, "h": 3600e9}
SIZES = {"": 1, "B": 1, "k": 1e3, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2**10, "MiB": 2**20,
         "GiB": 2**30}
UNITS = {"ns": TIMES, "us": {unit: ns / 1e3 for unit, ns in TIMES.items()}, "bytes": SIZES,
         "rate": {"": 1, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9}}
STATUS = {"PASS": "passes", "INCONCLUSIVE": "inconclusive", "INVALID": "invalid", "BROKEN": "broken"}


# ---- tests of METHOD 8 ----

def rank_p(d, shift):
    """P(W+ >= the Walsh averages above shift): the location of d is above shift."""
    ways = signed_rank_ways(len(d))
    return sum(ways[sum(w > shift for w in walsh(d)):]) / 2 ** len(d)


def sign_p(above, n):
    return sum(math.comb(n, i) for i in range(above, n + 1)) / 2 ** n


def blocks_needed(claims):
    """How many make 2^-n, the smallest p there is, small enough for the first of so many claims."""
    return next(n for n in range(6, 201) if claims / 2 ** n <= ALPHA / 2)


def median_interval(values):
    """Order statistics x_j, x_(n+1-j) with the largest j for which 2 P(Bin(n, 1/2) < j) <= alpha."""
    n, j = len(values), 0
    while 2 * (1 - sign_p(j + 1, n)) <= ALPHA:
        j += 1
    return sorted(values)[j - 1], sorted(values)[n - j]


# ---- the gate ----

class Check:
    """A rule about a service: word, value with interval, p of the claim that it is broken."""

    def __init__(self, text, required, service):
        self.text, self.required, self.service = text, required, service
        self.word, self.why, self.p, self.level = "INVALID", None, None, None
        self.value, self.ci95, self.value_text, self.by_losses, self.n = None, (None, None), "", False, 0

    def settle(self, is_proven):
        self.word = "INCONCLUSIVE" if self.required and not is_proven else "PASS"
        self.why = "proven" if self.required and is_proven else "not proven"

    def name(self):
        return f"{'require' if self.required else 'fail_if'}: {self.text}"

    def detail(self):
        """What is told of it, without the reason where that is a sentence."""
        return f"{self.name().replace(':', '', 1)}: {self.value_text}{self.why or ''}"


class Gate:
    def __init__(self, race):
        self.race, given = race, race.result["gate"]
        self.checks = [check for required, texts in ((False, given["fail_if"]), (True, given["require"]))
                       for text in texts for check in self.checks_of(text, required)]
        self.holm()
        words = [check.word for check in self.checks]
        self.word = next((w for w in ("BROKEN", "INVALID", "INCONCLUSIVE") if w in words), "PASS")

    def checks_of(self, text, required):
        rule = RULE.fullmatch(text)
        name = re.sub("[_-]", " ", rule["metric"]).lower()
        metric = next(m for m in METRICS if name in (m.name.lower(), re.sub("_", " ", m.key)))
        about = [s for s in self.race.names if s not in self.race.controls and s != self.race.baseline]
        if rule["of"]:
            about = [rule["of"]]
        elif not about and rule["sign"]:
            about = [self.race.baseline]
        for service in about or [self.race.baseline]:
            check = Check(text, required, service)
            if about and not self.race.result["partial"]:
                judge = self.judge_ratio if rule["worse"] else self.judge_limit
                judge(check, metric, rule)
            yield check

    def judge_ratio(self, check, metric, rule):
        race, key = self.race, metric.key
        ratio, word = race.verdict(check.service, metric)
        share = race.margin(metric) if rule["share"] is None else float(rule["share"]) / 100
        pairs, d = race.pairs(check.service, key), race.differences(check.service, key)
        no_ratio = metric.percentile and len(pairs) >= 6 and any(INF in pair for pair in pairs)
        if word == "OVERLOADED" or word == "not estimable" and no_ratio:
            self.judge_losses(check, metric, share)
        elif word not in ("INVALID", "no verdict", "not estimable"):
            worse, limit = ([-x for x in d], -math.log1p(-share)) if key == "throughput" else (d, math.log1p(share))
            check.p, check.n = rank_p(worse, limit), len(d)
            check.value = math.exp(statistics.median(walsh(d)))
            check.ci95 = tuple(map(math.exp, interval(d, ALPHA)))
            check.value_text = f"{ratio}; "
            check.settle(interval(worse, ALPHA)[1] < limit)

    def judge_losses(self, check, metric, share):
        """The sign test over the blocks: in how many is it worse, as far as errors let one know?"""
        ours, theirs = (self.race.ok(s) for s in (check.service, self.race.baseline))
        both = [(theirs[block]["load"], ours[block]["load"]) for block in ours if block in theirs]
        if len(both) >= 6:
            signs = [s for s in (self.is_lost(*loads, metric.key, share) for loads in both) if s is not None]
            check.word, check.by_losses, check.n = "INCONCLUSIVE", True, len(signs)
            check.p = sign_p(sum(signs), len(signs))

    @staticmethod
    def is_lost(base, own, key, share):
        if base["overloaded"] or own["overloaded"]:
            return None if base["overloaded"] and own["overloaded"] else own["overloaded"]
        a, b = (number(load["latency"][key]) for load in (base, own))
        if None in (a, b) or a == b == INF:
            return None
        return a != INF and (own["errors_above_ns"] if b == INF else b) > a * (1 + share)

    def judge_limit(self, check, metric, rule):
        race, service = self.race, check.service
        limit = float(rule["limit"]) * UNITS[metric.unit][rule["unit"]]
        column = race.column(service, metric.key)
        found = "INVALID" if service in race.skipped else race.obstacle_in_trials([service], metric)
        if found == "INVALID" or len(column) < 6 or not found and race.obstacle_in_tail([service], metric):
            return
        ends = [INF if found and t["load"]["overloaded"] else column[b] for b, t in race.ok(service).items()
                if b in column]
        check.value, check.ci95, check.n = statistics.median(ends), median_interval(ends), len(ends)
        texts = [value_text(v, metric, race.errors_above(service)) for v in (check.value, *check.ci95)]
        check.value_text = "median {} [{}, {}]; ".format(*texts)
        below = (rule["sign"] == "<") == check.required  # good values are
        check.p = sign_p(sum(v > limit if below else v < limit for v in ends), len(ends))
        check.settle(check.ci95[1] < limit if below else check.ci95[0] > limit)
        if found:
            check.word, check.why, check.by_losses = "INCONCLUSIVE", None, True

    def holm(self):
        claims = sorted((c for c in self.checks if c.p is not None), key=lambda c: c.p)
        proven, level = True, None
        for at, check in enumerate(claims):
            check.level = level = ALPHA / 2 / (len(claims) - at) if proven else level
            proven = proven and check.p <= level
            if proven:
                check.word, check.why = "BROKEN", None if check.by_losses else "proven"
            elif check.word == "PASS" and not check.required and blocks_needed(len(claims)) > check.n:
                check.word = "INVALID"
                check.why = (f"{check.n} blocks cannot prove one of {len(claims)} claims; that takes "
                             f"{blocks_needed(len(claims))}")
            elif check.p <= ALPHA / 2 and not check.by_losses:
                check.word = "INCONCLUSIVE"
                check.why = (f"broken by its own test (p = {check.p:.2g}), which is no proof among "
                             f"{len(claims)} claims (Holm allows {check.level:.2g})")

    def differences(self):
        """Between what was computed here and what result.json says of the gate."""
        told = [check["status"] for check in self.race.result["gate"]["checks"]]
        if told != (wanted := [STATUS[check.word] for check in self.checks]):
            return [f"result.json: gate {told}, recomputed {wanted}"]
        pairs = [(check, key, a, b) for check, said in zip(self.checks, self.race.result["gate"]["checks"])
                 for key, a, b in (("p", check.p, said["p"]), ("level", check.level, said["level"]),
                                   ("value", check.value, number(said["value"])),
                                   *(("ci95", *ends) for ends in zip(check.ci95, map(number, said["ci95"]))))]
        return [f"result.json: {check.name()} of {check.service}: {key} {b}, recomputed {a}"
                for check, key, a, b in pairs if not (a == b or None not in (a, b) and math.isclose(a, b,
                                                                                               rel_tol=1e-6))]


def gate_lines(page):
    """(the word of the whole, its lines) as report.md tells them."""
    found = re.search(r"^Gate: \*\*(\w+)\*\*\n\n((?:- .*\n)*)", page, re.M)
    if not found:
        return None, []
    return found[1], [unescaped(line[2:].replace("**", "")) for line in found[2].splitlines()]


def gate_differences(race, page):
    gate = Gate(race)
    word, lines = gate_lines(page)
    if not gate.checks:
        return [] if word is None else ["report.md: a gate without rules"]
    wanted = [f"{check.service} {check.word}: {check.detail()}" for check in gate.checks]
    wrong = [f"report.md: {got}, recomputed {want}" for check, got, want in zip(gate.checks, lines, wanted)
             if not is_told(got, want, check.why)]
    if (word, len(lines)) != (gate.word, len(wanted)):
        wrong.append(f"report.md: gate {word} of {len(lines)}, recomputed {gate.word} of {len(wanted)}")
    return wrong + gate.differences()


def is_told(got, want, why):
    """The whole, or all but the reason where that is a sentence, which must be there."""
    return got == want if why else got.startswith(want) and len(got) > len(want)


# ---- the noise floor ----

def noise_line(race):
    ratios = [(m, race.verdict(control, m)[0]) for control in race.controls for m in METRICS if m.judged]
    told = ", ".join(f"{metric.name} {ratio}" for metric, ratio in ratios if ratio != DASH)
    return f"Noise floor, {race.baseline} against itself: {told}." if told else None


def noise_differences(race, page):
    found = re.search(r"^Noise floor.*$", page, re.M)
    told, wanted = unescaped(found[0]) if found else None, noise_line(race)
    return [] if told == wanted else [f"report.md: {told}, recomputed {wanted}"]


# ---- JUnit ----

def element_of(word):
    if word == "INVALID":
        return "error", "invalid"
    return ("skipped" if word in ("OVERLOADED", "not estimable", "no verdict") else "system-out"), None


def measurement(race, service):
    """The case that says whether the service was measured as planned."""
    trials = [t for t in race.trials if t["service"] == service]
    invalid = sum(t["outcome"] == "ok" and bool(t["invalid"] or t["load"]["invalid"]) for t in trials)
    ok, failed = (sum(t["outcome"] == outcome for t in trials) for outcome in ("ok", "failed"))
    again = sum(t["service"] == service for t in race.all) - len(trials)
    wrong = race.result["partial"] or service in race.skipped or failed or invalid or race.answers_differ(service)
    return ("measured as planned", *(("error", "invalid") if wrong or not ok else ("system-out", None)),
            f"{ok} trials, {failed} failed, {invalid} INVALID, {again} run again", None if wrong else "all")


def cases(race, gate, service):
    """[(name, element, type, text, the whole text?)] of a service's suite."""
    as_element = {"PASS": ("system-out", None), "INCONCLUSIVE": ("failure", "inconclusive"),
                  "INVALID": ("error", "invalid"), "BROKEN": ("failure", "broken")}
    found = [] if service in race.controls else [measurement(race, service)]
    found += [(c.name(), *as_element[c.word], f"{c.word} {c.detail()}", c.why) for c in gate.checks if c.service == service]
    if service in (race.baseline, *race.controls):
        return found
    whys = {c["metric"]: c["why"] for c in race.result["comparisons"] if c["service"] == service}
    for metric in filter(lambda m: m.judged, METRICS):
        ratio, word = race.verdict(service, metric)
        why = f": {whys[metric.key]}" if whys[metric.key] else ""
        name = f"{metric.label} against {race.baseline}"
        found.append((name, *element_of(word), f"{ratio} {word}{why}", "all"))
    return found


def suites(race):
    """[(attributes, cases)] of those services that have cases."""
    gate = Gate(race)
    for service in race.names:
        trials = [t for t in race.all if t["service"] == service]
        found = cases(race, gate, service)
        count = [element for _, element, *_ in found].count
        seconds = sum(t["load"]["duration_ns"] for t in trials if t["load"]) / 1e9
        began = min((t["started_unix"] for t in trials), default=0)
        if found:
            yield {"name": service, "tests": str(len(found)), "failures": str(count("failure")),
                   "errors": str(count("error")), "skipped": str(count("skipped")), "hostname": "localhost",
                   "time": f"{seconds:.3f}",
                   "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(began))}, found


def case_differences(case, service, wanted):
    name, element, kind, text, why = wanted
    inside = case[0]
    told = (case.get("classname"), case.get("name"), [inside.tag], inside.get("type"))
    good = told == (service.replace(".", "_"), name, [element], kind) and is_told(inside.text, text, why)
    good = good and len(case) == 1 and inside.get("message") in ((inside.text,) if kind else (None,))
    return [] if good else [f"junit.xml: {told} {inside.text!r}, recomputed {wanted}"]


def junit_differences(race, page):
    root, wanted, wrong = xml.fromstring(page), list(suites(race)), []
    if root.tag != "testsuites" or [s.get("name") for s in root] != [w["name"] for w, _ in wanted]:
        return [f"junit.xml: suites {[s.get('name') for s in root]}, recomputed {[w['name'] for w, _ in wanted]}"]
    for suite, (attributes, found) in zip(root, wanted):
        told, hashes = dict(suite.attrib), [p.get("value") for p in suite.iter("property")]
        if told != attributes or hashes != [race.result["plan"]["hash"]]:
            wrong.append(f"junit.xml: suite {told} {hashes}, recomputed {attributes}")
        listed = suite.findall("testcase")
        if len(listed) != len(found):
            wrong.append(f"junit.xml: {len(listed)} cases of {attributes['name']}, recomputed {len(found)}")
        for case, want in zip(listed, found):
            wrong += case_differences(case, attributes["name"], want)
    whole = {key: sum(int(w[key]) for w, _ in wanted) for key in ("tests", "failures", "errors")}
    seconds = sum(float(w["time"]) for w, _ in wanted)
    told = {key: int(root.get(key)) for key in whole}
    if told != whole or root.get("name") != race.result["name"] or abs(float(root.get("time")) - seconds) > .01:
        wrong.append(f"junit.xml: {root.attrib}, recomputed {whole} in {seconds:.3f} s")
    return wrong


# ---- what was printed ----

def unescaped(text):
    return re.sub(r"\\(.)", r"\1", text)


def markdown_rows(page):
    """The rows of the report's table, without Markdown's marks."""
    lines = [line for line in page.splitlines() if line.startswith("|")]
    split = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines[2:]]
    return [[unescaped(c.strip().removeprefix("**").removesuffix("**")) for c in row] for row in split]


def terminal_rows(text):
    """The rows of a wide table: columns are two spaces or more apart."""
    lines = text.splitlines()
    rule = next(i for i, line in enumerate(lines) if line.startswith("───"))
    end = next(i for i in range(rule, len(lines)) if lines[i].startswith("spread of")) + 1
    return [re.split(r" {2,}", re.sub(r"\x1b\[[0-9;]*m", "", line).strip()) for line in lines[rule + 1:end]]


def row_differences(expected, printed, where):
    out = [] if len(expected) == len(printed) else [f"{where}: {len(printed)} rows, expected {len(expected)}"]
    return out + [f"{where}: printed {got}, recomputed {want}" for want, got in zip(expected, printed) if want != got]


def report_differences(race, page):
    """Of the whole report.md."""
    return (row_differences(table(race), markdown_rows(page), "report.md") + gate_differences(race, page) +
            noise_differences(race, page))


def read(*names):
    with open(os.path.join(*names), encoding="utf-8") as file:
        return file.read()


def differences(folder):
    """All that a race's folder says otherwise than its trials."""
    race = Race(json.loads(read(folder, "result.json")))
    return report_differences(race, read(folder, "report.md")) + junit_differences(race, read(folder, "junit.xml"))


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    wrong = differences(sys.argv[1])
    if len(sys.argv) == 3:
        race = Race(json.loads(read(sys.argv[1], "result.json")))
        wrong += row_differences(table(race), terminal_rows(read(sys.argv[2])), "terminal")
    print("\n".join(wrong) or "report.md and junit.xml can be recomputed from result.json")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
