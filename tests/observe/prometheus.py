"""Debian's Prometheus and promtool: where they are, a server of one's own, and what it answers."""

import json
import os
import shutil
import urllib.error
import urllib.parse
import urllib.request

import tool

UNPACKED = os.path.join(tool.TOP, "build", "prometheus", "usr", "bin")
START_S = 20


def program(name):
    """The path of prometheus or promtool; None where neither the system nor build/ has it."""
    own = os.path.join(UNPACKED, name)
    return shutil.which(name) or (own if os.access(own, os.X_OK) else None)


def missing(name):
    """Why the program cannot be run, or None."""
    return None if program(name) else f"no {name}: tools/needs observe, or apt-get install prometheus"


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()


class Server:
    """A Prometheus on a port of its own that keeps what it scrapes in `folder`."""

    def __init__(self, config, folder):
        self.url = f"http://127.0.0.1:{(port := tool.free_port())}"
        self.run = tool.Run([program("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={folder}",
                             f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"])
        tool.wait_until(lambda: self.is_ready() or not self.run.is_running(), "Prometheus is ready", START_S)
        assert self.run.is_running(), f"prometheus ended: {self.run.err}"

    def is_ready(self):
        try:
            return bool(get(f"{self.url}/-/ready"))
        except (OSError, urllib.error.URLError):
            return False

    def ask(self, path, **parameters):
        """The `data` of an answer; an error is a failure of the test that says what Prometheus said."""
        try:
            text = get(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters, doseq=True)}")
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None
        answer = json.loads(text)
        assert answer["status"] == "success", answer
        return answer["data"]

    def vector(self, expression, at=None):
        """[(labels, value)] at a time, by default now."""
        when = {} if at is None else {"time": f"{at:.3f}"}
        data = self.ask("query", query=expression, **when)
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(each["metric"], float(each["value"][1])) for each in data["result"]]

    def number(self, expression, at=None):
        """The value of an expression that has exactly one."""
        found = self.vector(expression, at)
        assert len(found) == 1, f"{expression}: {found}"
        return found[0][1]

    def series(self, expression, begin, end):
        """[(labels, [value])], one value a second."""
        data = self.ask("query_range", query=expression, start=f"{begin:.3f}", end=f"{end:.3f}", step="1")
        return [(each["metric"], [float(value) for _, value in each["values"]]) for each in data["result"]]

    def scraped(self, selector):
        """When the newest samples of a plain selector were taken, the earliest of them (an expression is of now)."""
        found = self.vector(f"timestamp({selector})")
        return min((value for _, value in found), default=0)

    def stop(self):
        self.run.sweep()
