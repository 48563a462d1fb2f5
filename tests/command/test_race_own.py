"""A service's own metrics in a race: read at both ends of the measured time, told beside what the client saw."""

import tool
from case import MEASURED, RaceCase

BODY = '{"id":1,"user_agent":"u","metadata":["m"]}'


def echo(port, **given):
    return {"command": f"{tool.ECHO} --listen 127.0.0.1:{port}", "url": f"http://127.0.0.1:{port}/echo",
            **given}


def plan(**given):
    made = tool.fake_plan({}, blocks=2, load={"rate": 500, "arrivals": "constant", "duration": "1s", "warmup": "600ms",
                                              "body": BODY})
    made["services"] = {"a": echo(tool.free_port(), **given)}
    return made


class Own(RaceCase):
    def trials(self):
        return self.result()["cells"][0]["trials"]

    def said(self):
        return tool.read(self.path("out", "report.md")).decode()

    def test_read(self):
        """Requests, quantiles and CPU by the service's own page are in each trial and in the report."""
        run = self.race(plan(metrics="/metrics"))
        self.check_end(run, MEASURED)
        for trial in self.trials():
            own = trial["own"]
            self.assertEqual(own["metrics"]["duration"], "http_request_duration_seconds")
            ends = own["seconds"]
            self.assertTrue(1 <= ends <= 4, ends)
            # The measured time, the end of the warm-up, and the two scrapes.
            self.assertTrue(trial["load"]["counts"]["ok"] <= own["requests"] <= 500 * 1.7 + 4, own["requests"])
            self.assertEqual(own["error_share"], 0)
            self.assertGreater(own["cpu_us_per_request"], 0)
            for quantile in own["quantiles"]:
                self.assertLessEqual(quantile["above_s"], quantile["value_s"])
        said = self.said()
        self.assertRegex(said, r"## By the services' own metrics\n\n- a: p50 .*the client's .*CPU .* a request, by /proc")

    def test_more(self):
        """Further metrics that the plan names: a counter as a rate, a gauge as it is, and one that is not there."""
        made = plan(metrics="/metrics")
        made["metrics"] = ["http_requests_total", "process_open_fds", "nothing_total"]
        self.check_end(self.race(made), MEASURED)
        for trial in self.trials():
            rate, files, nothing = trial["own"]["more"]
            self.assertEqual((rate["name"], rate["per_second"]), ("http_requests_total", True))
            self.assertTrue(200 < rate["value"] < 800, rate)
            self.assertEqual((files["name"], files["per_second"]), ("process_open_fds", False))
            self.assertTrue(4 < files["value"] < 100, files)
            self.assertIsNone(nothing["value"])
            self.assertIn("there is no metric nothing_total", trial["own"]["notes"])
        self.assertRegex(self.said().replace("\\", ""), r"; http_requests_total [0-9.]+/s; process_open_fds [0-9]+\n")

    def test_no_page(self):
        """A page that is not there is told, and spoils nothing."""
        run = self.race(plan(metrics="/nowhere"))
        self.check_end(run, MEASURED)
        for trial in self.trials():
            self.assertEqual((trial["own"], trial["outcome"]), (None, "ok"))
            self.assertIn("404", trial["own_why"])
        self.assertIn("its metrics page could not be read: it answers 404", self.said())

    def test_not_asked(self):
        """Without the key nothing is scraped, and nothing said."""
        run = self.race(plan())
        self.check_end(run, MEASURED)
        self.assertEqual({(trial["own"], trial["own_why"]) for trial in self.trials()}, {(None, None)})
        self.assertNotIn("own metrics", self.said())

    def test_no_path(self):
        """What is no path is refused with its line."""
        self.check_end(self.race(plan(metrics="metrics")), 2, "plan.yaml:", "metrics of a must be a path")
