"""dragstrip compare: two results of one plan, two services of one, and what cannot be compared."""

import json

import tool
from case import MEASURED, CommandCase, RaceCase
from tap import rows


@rows([
    ("Nothing to compare is refused.", [], ["two results", "--help"]),
    ("One result alone is refused.", ["a"], ["two results", "--services"]),
    ("Three results are refused.", ["a", "b", "c"], ["two results"]),
    ("--services with two results is refused.", ["a", "b", "--services", "x,y"], ["one result"]),
    ("A result that is not there is named.", ["none.json", "b"], ["none.json", "No such file"]),
    ("A format that is none is refused.", ["a", "b", "-f", "pdf"], ["'pdf'", "markdown"]),
    ("An unknown option is refused.", ["a", "b", "--loud"], ["--help"]),
])
class Refusals(CommandCase):
    def check(self, arguments, words):
        self.check_refused(self.run_tool("compare", *arguments), *words)


class Compare(RaceCase):
    """Two races of one plan; the second service is a hundred times slower in the second of them."""

    @classmethod
    def setUpClass(cls):
        """The races are run once; they are swept like those of any case."""
        cls.case = RaceCase()
        cls.case.setUp()
        for folder, mode in (("before", {}), ("after", {"mode": "slow", "number": 20000})):
            services = {"base": {}, "rival": {**mode, "port": tool.free_port()}}
            run = cls.case.race(tool.fake_plan(services, 6, load={"rate": 30, "duration": "500ms"}), output=folder)
            cls.case.check_end(run, MEASURED)

    @classmethod
    def tearDownClass(cls):
        cls.case.doCleanups()

    def compare(self, *arguments, code=0):
        run = self.case.run_tool("compare", *arguments)
        self.check_end(run, code)
        return run.out

    def changed(self, name, change):
        """A copy of the second result with something changed."""
        result = json.loads(tool.read(self.case.path("after", "result.json")))
        change(result)
        return tool.write(self.path(name), json.dumps(result))

    def test_two_results(self):
        """Each service of the one beside itself in the other; numbers, and no verdict."""
        text = self.compare("before", "after")
        self.assertIn("base, before and after", text)
        self.assertIn("rival, before and after", text)
        self.assertEqual(text.count("NO VERDICT"), 2)
        for word in ("FASTER", "SLOWER", "EQUIVALENT"):
            self.assertNotIn(word, text)
        self.assertIn("race both builds in one plan", " ".join(text.split()))

    def test_markdown(self):
        """The same as Markdown."""
        text = self.compare("before/result.json", "after/result.json", "-f", "markdown")
        self.assertIn("# rival, before and after", text)
        self.assertIn("| metric | before | after | after/before | verdict |", text)

    def test_two_services(self):
        """Two services of one result are the race's own comparison, the other way round."""
        text = self.compare("after", "--services", "rival,base")
        self.assertIn("Against rival:", text)
        self.assertRegex(text, r"base +(FASTER|INVALID|NO VERDICT|OVERLOADED|INCONCLUSIVE)")

    def test_no_such_services(self):
        """Names that are none, or the same twice, are refused."""
        for names in ("rival", "rival,none", "rival,rival", ",", "none,base"):
            with self.subTest(names):
                self.check_refused(self.case.run_tool("compare", "after", "--services", names), "two services")

    def test_not_comparable(self):
        """Another load, machine or limit, or a part of a race: refused with every difference."""
        changes = [
            (lambda r: r["cells"][0]["params"].update(rate=200), "requests/s: 30 and 200"),
            (lambda r: r["cells"][0]["params"].update(connections=5), "connections: 4 and 5"),
            (lambda r: r["machine"].update(cpu_model="Another"), "and 'Another'"),
            (lambda r: r["machine"].update(kernel="Linux 2.4"), "and 'Linux 2.4'"),
            (lambda r: r["limits"].update(margin_tail=0.3), "margin of the tail: 0.1 and 0.3"),
            (lambda r: r.update(partial=True), "the second ended early"),
        ]
        for i, (change, words) in enumerate(changes):
            with self.subTest(words):
                other = self.changed(f"{i}.json", change)
                self.check_refused(self.case.run_tool("compare", "before", other), "not of one plan", words)

    def test_nothing_in_common(self):
        """Results without a common service are refused."""
        def rename(result):
            for service in result["services"]:
                service["name"] = "other-" + service["name"]
            result["baseline"] = "other-base"
            for trial in result["cells"][0]["trials"]:
                trial["service"] = "other-" + trial["service"]
        self.check_refused(self.case.run_tool("compare", "before", self.changed("other.json", rename)),
                           "no service in common")
