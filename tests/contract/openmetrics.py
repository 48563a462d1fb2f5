"""Reads a page of OpenMetrics 1.0 text, strictly: whatever the specification forbids, of what a page of counters,
gauges and histograms can have, is an AssertionError that says what and where.

    read(text)      {(sample name, labels as sorted pairs, le as a number): value}

The rules are those of "OpenMetrics, a cloud-native, highly scalable metrics protocol", sections "ABNF", "Overall
Structure", "Metric types" and "Canonical Numbers".
"""

import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,(?=.)|$)')
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)")
META = re.compile(rf"# (TYPE|HELP|UNIT) ({NAME}) (.+)")
NUMBER = re.compile(r"[+-]?(\d+|\d+\.\d*|\.\d+)([eE][+-]?\d+)?|[+-]Inf|NaN")
CANONICAL = re.compile(r"(0|[1-9]\d{0,20})\.(\d*[1-9]|0)|[1-9](\.\d*[1-9])?e[+-]\d\d+|\+Inf")
SUFFIXES = {"counter": ("_total", "_created"), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count", "_created"),
            "info": ("_info",)}


def labels_of(text):
    if text is None:
        return {}
    found = LABEL.findall(text)
    assert LABEL.sub("", text) == "" and found, f"bad labels: {{{text}}}"
    labels = {name: value for name, value, _ in found}
    assert len(labels) == len(found), f"a label is there twice: {{{text}}}"
    return labels


class Family:
    def __init__(self, name):
        self.name, self.meta, self.samples = name, {}, []

    def describe(self, kind, text):
        assert not self.samples, f"{kind} of {self.name} comes after its samples"
        assert kind not in self.meta, f"two lines {kind} of {self.name}"
        self.meta[kind] = text
        if kind == "TYPE":
            assert text in SUFFIXES, f"the type {text} of {self.name}"
            assert text != "counter" or not self.name.endswith("_total"), f"the family {self.name} ends in _total"
        if kind == "UNIT":
            assert self.name.endswith("_" + text), f"{self.name} does not end in its unit, {text}"

    def owns(self, name):
        return name in [self.name + end for end in SUFFIXES[self.meta.get("TYPE")]]

    def add(self, name, labels, value):
        number = float(value)
        if self.meta["TYPE"] != "gauge":
            assert number >= 0, f"{name} is {value}"
        if name.endswith(("_bucket", "_count")):
            assert re.fullmatch(r"\d+", value), f"{name} is {value}, no integer"
        assert ("le" in labels) == name.endswith("_bucket"), f"le in {name}: {labels}"
        bound = labels.pop("le", None)
        assert bound is None or CANONICAL.fullmatch(bound), f"the bound {bound!r} is no canonical number"
        key = (name, tuple(sorted(labels.items())), bound and float(bound))
        assert key not in [key for key, _ in self.samples], f"{key} is there twice"
        self.samples.append((key, number))

    def close(self):
        assert "TYPE" in self.meta, f"{self.name} has no TYPE"
        if self.meta["TYPE"] == "histogram":
            groups = list(dict.fromkeys(labels for (_, labels, _), _ in self.samples))
            order = [groups.index(labels) for (_, labels, _), _ in self.samples]
            assert order == sorted(order), f"the samples of {self.name} are not together label by label"
            for labels in groups:
                self.check_histogram(labels)

    def check_histogram(self, labels):
        mine = [(name, bound, value) for (name, other, bound), value in self.samples if other == labels]
        buckets = [(bound, value) for name, bound, value in mine if name.endswith("_bucket")]
        rest = {name: value for name, _, value in mine if not name.endswith("_bucket")}
        assert buckets and buckets[-1][0] == float("inf"), f"no last bucket +Inf in {self.name} {labels}"
        bounds, counts = zip(*buckets)
        assert list(bounds) == sorted(bounds), f"the bounds of {self.name} {labels} do not rise"
        assert list(counts) == sorted(counts), f"the buckets of {self.name} {labels} are not cumulative"
        assert rest.get(self.name + "_count") == counts[-1], f"the count of {self.name} {labels} is not +Inf's"
        assert self.name + "_sum" in rest, f"no sum of {self.name} {labels}"


def read(text):
    assert text.endswith("# EOF\n"), f"the end is {text[-20:]!r}"
    families, family = {}, None
    for line in text[:-len("# EOF\n")].split("\n")[:-1]:
        meta, sample = META.fullmatch(line), SAMPLE.fullmatch(line)
        assert meta or sample, f"neither sample nor TYPE, HELP, UNIT: {line!r}"
        name = meta[2] if meta else sample[1]
        if meta and (not family or family.name != name):
            assert name not in families, f"the family {name} comes in two parts"
            family = families[name] = Family(name)
        if meta:
            family.describe(meta[1], meta[3])
            continue
        assert family and "TYPE" in family.meta and family.owns(name), f"no family for {line!r}"
        assert NUMBER.fullmatch(sample[3]), f"no number: {line!r}"
        family.add(name, labels_of(sample[2]), sample[3])
    for each in families.values():
        each.close()
    return {key: value for each in families.values() for key, value in each.samples}
