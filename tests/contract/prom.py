"""Reads a page in the Prometheus text format, strictly: a line that is no sample and no comment fails."""

import re

_SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: -?\d+)?')
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)')

BUCKETS = [.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10,
           float("inf")]
DURATION = "http_request_duration_seconds"


class Page:
    def __init__(self, text):
        self.types = {}
        self.samples = []
        for line in text.split("\n"):
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name not in self.types, f"two TYPE lines for {name}"
                self.types[name] = kind
            elif line and not line.startswith("#"):
                self.samples.append(self._sample(line))
        keys = [(name, tuple(sorted(labels.items()))) for name, labels, _ in self.samples]
        assert len(keys) == len(set(keys)), "a sample is there twice"

    @staticmethod
    def _sample(line):
        found = _SAMPLE.fullmatch(line)
        assert found, f"no sample: {line!r}"
        text = found[2] or ""
        labels = _LABEL.findall(text)
        assert len(_LABEL.sub("", text)) == 0, f"bad labels: {line!r}"
        return found[1], dict(labels), float(found[3])

    def all(self, name):
        return [(labels, value) for n, labels, value in self.samples if n == name]

    def one(self, name):
        found = self.all(name)
        assert len(found) == 1 and not found[0][0], f"{len(found)} samples of {name}"
        return found[0][1]

    def requests(self):
        """Requests answered: {(method, route, status): count}."""
        out = {}
        for labels, value in self.all("http_requests_total"):
            assert set(labels) == {"method", "route", "status"}, labels
            out[labels["method"], labels["route"], labels["status"]] = value
        return out

    def histograms(self):
        """One entry for each set of labels but le: ([(le, count)…], sum, count)."""
        out = {}
        for part in ("_bucket", "_sum", "_count"):
            for labels, value in self.all(DURATION + part):
                labels = dict(labels)
                bound = labels.pop("le", None)
                entry = out.setdefault(tuple(sorted(labels.items())), {"_bucket": []})
                if part == "_bucket":
                    entry[part].append((float(bound), value))
                else:
                    assert bound is None
                    entry[part] = value
        return list(out.values())

    def durations(self):
        """The count and the sum of the histogram over all labels."""
        return (sum(h["_count"] for h in self.histograms()), sum(h["_sum"] for h in self.histograms()))


def moved(before, after):
    """What was counted between two pages, without the scrapes themselves."""
    old, new = before.requests(), after.requests()
    change = {key: value - old.get(key, 0) for key, value in new.items()}
    return {key: value for key, value in change.items() if value and key[1] != "/metrics"}
