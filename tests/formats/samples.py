"""Hand-made reports: good ones, and the same with one thing broken.

    GOOD      [(sentence, format, document)]
    JUNIT     [(sentence, document, the judges of judges.JUNIT that must refuse it)]
    BENCHMARK, BENCHER    [(sentence, document)]
"""

import json

JUNIT_GOOD = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="quick" tests="3" failures="1" errors="1" time="72.100">
  <testsuite name="go" tests="2" failures="1" errors="0" skipped="0" time="36.000"
             timestamp="2026-11-26T03:40:12" hostname="localhost">
    <properties>
      <property name="plan.sha256" value="8f68a2ad989678370b5a06f678820bee547a462e9304042fdcae45aeefdc09f4"/>
    </properties>
    <testcase classname="dragstrip.quick.go" name="p99 worse by 10%" time="36.000">
      <failure message="p99 2.31x [2.10, 2.60] is proven worse than c by more than 10%" type="broken">go 628 us
c 272 us
</failure>
    </testcase>
    <testcase classname="dragstrip.quick.go" name="cpu not worse by 5%" time="0.000">
      <system-out>CPU 0.98x [0.97, 0.99]</system-out>
    </testcase>
  </testsuite>
  <testsuite name="rust" tests="1" failures="0" errors="1" skipped="0" time="36.100"
             timestamp="2026-11-26T03:40:48" hostname="localhost">
    <testcase classname="dragstrip.quick.rust" name="p99 worse by 10%" time="36.100">
      <error message="INVALID: the generator was late" type="invalid">block 2</error>
    </testcase>
  </testsuite>
</testsuites>
"""

JUNIT_ESCAPED = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="a &amp; b" tests="2" failures="0" errors="0" time="1.5">
  <testsuite name="&lt;go&gt; &quot;1&quot; 3.44×" tests="2" failures="0" errors="0" skipped="1" time="1.5"
             timestamp="2024-02-29T23:59:59" hostname="localhost">
    <testcase classname="a.b" name="one" time="0.25">
      <skipped>not estimable</skipped>
    </testcase>
    <testcase classname="a.b" name="two" time="1.25">
      <system-out>]]&gt; &amp;amp; é
	a tab, and a line</system-out>
      <system-err>'</system-err>
    </testcase>
  </testsuite>
</testsuites>
"""

JUNIT_PASSED = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="quick" tests="1" failures="0" errors="0" time="0">
  <testsuite name="go" tests="1" failures="0" errors="0" skipped="0" time="0"
             timestamp="2026-11-26T03:40:12" hostname="localhost">
    <testcase classname="dragstrip.quick.go" name="p99 not worse by 10%" time="0"/>
  </testsuite>
</testsuites>
"""

BENCHMARK_GOOD = """[
  {"name": "quick/go p99 latency", "unit": "us", "value": 628.0, "range": "± 35.5",
   "extra": "9.64x [5.47, 20.21] of c\\nSLOWER\\n\\n6 blocks"},
  {"name": "quick/go CPU per request", "unit": "us", "value": 45, "range": "44.1 to 46.0"},
  {"name": "quick/c memory, peak", "unit": "bytes", "value": 2.013e6}
]
"""

BENCHER_GOOD = """{
  "quick/go": {
    "p99-latency": {"value": 628000.0, "lower_value": 590000, "upper_value": 6.7e5},
    "throughput": {"value": 12000},
    "p99-9-latency": {"value": 0, "lower_value": 0}
  },
  "quick/c (1 KiB) é": {"cpu-per-request": {"value": 13500.25, "upper_value": 13500.25}},
  "go": {"memory": {"value": 1}}
}
"""

GOOD = [
    ("A JUnit report with a failure and an error is accepted.", "junit", JUNIT_GOOD),
    ("A JUnit report with all that must be escaped is accepted.", "junit", JUNIT_ESCAPED),
    ("A JUnit report where all is well is accepted.", "junit", JUNIT_PASSED),
    ("A JUnit report is accepted as bytes, too.", "junit", JUNIT_GOOD.encode()),
    ("Entries for github-action-benchmark are accepted.", "benchmark-action", BENCHMARK_GOOD),
    ("Benchmarks for Bencher are accepted.", "bencher", BENCHER_GOOD),
]


def changed(text, old, new):
    """The text with the first of these replaced; a sample that changes nothing would prove nothing."""
    assert old in text and old != new, old
    return text.replace(old, new, 1)


def without(text, old):
    return changed(text, old, "")


SCHEMAS = ("junit-10", "junit-4")
READERS = ("junitparser", "junit2json")
ALL = ("rules", *SCHEMAS, *READERS)
FIRST_CASE = 'name="p99 worse by 10%" time="36.000"'
FAILURE = "<failure message"


def junit(old, new):
    return changed(JUNIT_GOOD, old, new)


JUNIT = [
    ("Half a document", JUNIT_GOOD[:900], ALL),
    ("An empty document", "", ALL),
    ("Text that is no XML", "p99 2.31x\n", ALL),
    ("An & as it is", junit("INVALID:", "R&D:"), ALL),
    ("A < as it is in an attribute", junit("is proven", "< c"), ALL),
    ("A quotation mark as it is in an attribute", junit("is proven", 'is "proven"'), ALL),
    ("A < as it is in text", junit("go 628", "<go> 628"), ALL),
    ("A control character", junit("go 628", "go \x01 628"), ALL),
    ("A control character by number", junit("go 628", "go &#1; 628"), ALL),
    ("A character that XML has not", junit("go 628", "go \ufffe 628"), ALL),
    ("Bytes that are no UTF-8", JUNIT_GOOD.encode().replace(b"go 628", b"go \xb5s"), ("rules", "junit-10", *READERS)),
    ("An attribute twice", junit('tests="2"', 'tests="2" tests="2"'), ALL),
    ("Something after the root", JUNIT_GOOD + "<testsuites/>", ALL),
    ("No declaration", without(JUNIT_GOOD, '<?xml version="1.0" encoding="UTF-8"?>\n'), ("rules",)),
    ("Another encoding", junit("UTF-8", "ISO-8859-1"), ("rules",)),
    ("A DOCTYPE", junit("<testsuites", "<!DOCTYPE testsuites>\n<testsuites"), ("rules",)),
    ("A root of another name", JUNIT_GOOD.replace("testsuites", "report"), ALL),
    ("An element of our own", junit(FAILURE, "<verdict>SLOWER</verdict>" + FAILURE), SCHEMAS),
    ("An attribute of our own", junit(FIRST_CASE, FIRST_CASE + ' ratio="2.31"'), SCHEMAS),
    ("skipped of testsuites", junit('errors="1" time="72.100"', 'errors="1" skipped="0" time="72.100"'), SCHEMAS),
    ("A suite in the wrong place",
     changed(junit("</testsuite>\n  <testsuite ", "</testsuite>\n  <group><testsuite "),
             "</testsuites>", "</group></testsuites>"),
     ("rules", *SCHEMAS, "junitparser")),
    ("Output before the failure", junit(FAILURE, "<system-out>x</system-out>" + FAILURE), ("junit-4",)),
    ("Properties with none in it", junit("<testcase", "<properties/><testcase"), ("junit-4",)),
    ("A property without a value", JUNIT_GOOD.replace(' value="8f68', ' worth="8f68'), SCHEMAS),
    ("A property twice", junit("</properties>", '<property name="plan.sha256" value=""/></properties>'), ("rules",)),
    ("A case without a name", without(JUNIT_GOOD, 'name="p99 worse by 10%" '), ("rules", *SCHEMAS)),
    ("A case without a class", without(JUNIT_GOOD, 'classname="dragstrip.quick.go" '), ("rules",)),
    ("A case without a time", junit(FIRST_CASE, 'name="p99 worse by 10%"'), ("rules", *READERS)),
    ("A suite without a name", without(JUNIT_GOOD, 'name="go" '), ("rules", *SCHEMAS)),
    ("A suite without its number of tests", without(JUNIT_GOOD, 'tests="2" '), ALL),
    ("A suite without its number of errors", without(JUNIT_GOOD, 'errors="0" '), ("rules", "junit-10", *READERS)),
    ("A suite without a moment", without(JUNIT_GOOD, 'timestamp="2026-11-26T03:40:12" '), ("rules",)),
    ("A report without its number of failures", without(JUNIT_GOOD, 'failures="1" '), ("rules",)),
    ("A failure without a message", junit('message="p99', 'reason="p99'), ("rules", *SCHEMAS)),
    ("A failure without a type", without(JUNIT_GOOD, ' type="broken"'), ("rules",)),
    ("An error with an empty message", junit("INVALID: the generator was late", " "), ("rules",)),
    ("More tests than there are", junit('tests="2"', 'tests="3"'), ("rules", "junitparser")),
    ("Failures that are not there", junit('failures="0"', 'failures="1"'), ("rules", "junitparser")),
    ("A failure that is not counted", junit('tests="2" failures="1"', 'tests="2" failures="0"'),
     ("rules", "junitparser")),
    ("An error that is not counted", junit('failures="0" errors="1"', 'failures="0" errors="0"'),
     ("rules", "junitparser")),
    ("A skip that is not there", junit('skipped="0"', 'skipped="1"'), ("rules", "junitparser")),
    ("Suites that do not add up to the report", junit('tests="3"', 'tests="4"'), ("rules", "junitparser")),
    ("A count that is none", junit('tests="2"', 'tests="two"'), ("rules", *READERS)),
    ("A count with a point", junit('tests="2"', 'tests="2.0"'), ("rules", *READERS)),
    ("A count below zero", junit('failures="0"', 'failures="-1"'), ("rules", "junitparser")),
    ("A time that is not a number", JUNIT_GOOD.replace('time="36.000"', 'time="nan"'), ("rules", "junit-10", *READERS)),
    ("A time without end", junit('time="36.100"', 'time="inf"'), ("rules", "junit-10")),
    ("A time with an exponent", junit('time="36.100"', 'time="3.61e1"'), ("rules", "junit-10")),
    ("A time below zero", junit('time="36.100"', 'time="-1.0"'), ("rules", "junit-10")),
    ("A time with a comma", junit('time="0.000"', 'time="0,000"'), ("rules", *READERS)),
    ("A time of more digits than Jenkins reads", junit('time="72.100"', 'time="72.1000001"'), ("rules", "junit-10")),
    ("Parts that take longer than the whole", junit('time="72.100"', 'time="71.100"'), ("rules",)),
    ("A moment with a zone", junit("T03:40:12", "T03:40:12Z"), ("rules",)),
    ("A moment that never was", junit("2026-11-26T03:40:12", "2026-11-31T03:40:12"), ("rules",)),
    ("An empty host name", junit('"localhost"', '""'), ("rules",)),
    ("A skip with its reason in an attribute",
     changed(JUNIT_ESCAPED, "<skipped>not estimable<", '<skipped message="m">not<'), ("junit-4",)),
    ("A skip without a reason", changed(JUNIT_ESCAPED, "<skipped>not estimable</skipped>", "<skipped/>"), ("rules",)),
    ("A case twice", junit("cpu not worse by 5%", "p99 worse by 10%"), ("rules",)),
    ("A suite twice", junit('name="rust"', 'name="go"'), ("rules",)),
    ("A case that failed and was in error", junit("</failure>", '</failure><error message="m" type="t"/>'), ("rules",)),
    ("A name with a blank at its end", junit('name="go"', 'name="go "'), ("rules",)),
    ("A line end in an attribute", junit("is proven", "\nis proven"), ("rules", "junit2json")),
    ("A carriage return", junit("go 628", "\rgo 628"), ("rules",)),
    ("A report without a case", """<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="quick" tests="0" failures="0" errors="0" time="0"/>
""", ("rules", "junit2json")),
    ("More than GitLab takes", junit("block 2", "x" * 30_000_000), ("rules",)),
]


def benchmark(old, new):
    return changed(BENCHMARK_GOOD, old, new)


def many_entries(number):
    return json.dumps([{"name": f"quick/go {at:04} {'x' * 40}", "unit": "us", "value": 1} for at in range(number)])


JSON_BROKEN = [
    ("Half a document", lambda text: text[:100]),
    ("An empty document", lambda text: ""),
    ("Something after the end", lambda text: text + "[]"),
    ("A comma too many", lambda text: text.replace("}", ",}", 1)),
    ("A byte order mark", lambda text: "\ufeff" + text),
    ("Bytes that are no UTF-8", lambda text: text.encode().replace(b"quick/c", b"quick/\xb5")),
    ("A line end as it is in a string", lambda text: changed(text, "quick/go", "quick\n/go")),
    ("A quotation mark as it is in a string", lambda text: changed(text, "quick/go", 'quick"go')),
    ("A control character by number", lambda text: changed(text, "quick/go", "quick\\u0007/go")),
    ("Half of a surrogate pair", lambda text: changed(text, "quick/go", "quick\\ud83d/go")),
    ("A name with a blank at its end", lambda text: changed(text, '"quick/c', '" quick/c')),
]


def broken_json(text):
    return [(sentence, how(text)) for sentence, how in JSON_BROKEN]


BENCHMARK = [
    *broken_json(BENCHMARK_GOOD),
    ("No array", BENCHMARK_GOOD.strip("[]\n").split("},")[0] + "}"),
    ("No entry", "[]"),
    ("An entry that is no object", benchmark("[", "[null, ")),
    ("An entry without a name", benchmark('"name": "quick/go p99 latency", ', "")),
    ("An entry without a unit", benchmark('"unit": "us", ', "")),
    ("An entry without a value", benchmark('"value": 628.0, ', "")),
    ("A value that is null", benchmark("628.0", "null")),
    ("A value that is text", benchmark("628.0", '"628.0"')),
    ("A value that is true", benchmark("628.0", "true")),
    ("A value that is NaN", benchmark("628.0", "NaN")),
    ("A value without end", benchmark("628.0", "-Infinity")),
    ("A value too large", benchmark("628.0", "1e999")),
    ("A value below zero", benchmark("628.0", "-628.0")),
    ("A value with a zero in front", benchmark("628.0", "0628.0")),
    ("A name that is a number", benchmark('"quick/go p99 latency"', "7")),
    ("An empty name", benchmark("quick/go p99 latency", "")),
    ("A unit that is null", benchmark('"us"', "null")),
    ("A range that is a number", benchmark('"± 35.5"', "35.5")),
    ("A range whose number cannot be read", benchmark("± 35.5", "± 35.5 us")),
    ("Extra that is an object", benchmark('"extra": ', '"extra": {"more": 1}, "more": ')),
    ("A member that nobody reads", benchmark('"value": 45', '"value": 45, "verdict": "SLOWER"')),
    ("A member twice", benchmark('"value": 45', '"value": 45, "value": 46')),
    ("A name twice", BENCHMARK_GOOD.replace("CPU per request", "p99 latency")),
    ("A name that breaks the table", benchmark("quick/go p99", "quick|go p99")),
    ("A name that ends the code", benchmark("quick/go p99", "quick`go p99")),
    ("A comment longer than GitHub takes", many_entries(1000)),
]


def bencher(old, new):
    return changed(BENCHER_GOOD, old, new)


BENCHER = [
    *broken_json(BENCHER_GOOD),
    ("No object", "[" + BENCHER_GOOD + "]"),
    ("No benchmark", "{}"),
    ("A benchmark without a measure", bencher('{"memory": {"value": 1}}', "{}")),
    ("A benchmark that is a number", bencher('{"memory": {"value": 1}}', "1")),
    ("An empty name", bencher('"quick/go"', '""')),
    ("A name of more than 1,024 bytes", bencher("quick/go", "é" * 513)),
    ("A name that is a UUID", bencher("quick/go", "123e4567-e89b-12d3-a456-426614174000")),
    ("A name whose alerts are ignored", bencher("quick/go", "quick-bencher-ignore")),
    ("A name twice", bencher("quick/c (1 KiB) é", "quick/go")),
    ("Two names that are one to Bencher", bencher("quick/go", "Go")),
    ("A measure with capitals", bencher("p99-latency", "P99-latency")),
    ("A measure with a blank", bencher("p99-latency", "p99 latency")),
    ("A measure with a point", bencher("p99-9-latency", "p99.9-latency")),
    ("A measure with two dashes in a row", bencher("p99-latency", "p99--latency")),
    ("A measure with an underscore", bencher("p99-latency", "p99_latency")),
    ("A measure without a name", bencher("p99-latency", "")),
    ("A measure of 65 letters", bencher("p99-latency", "p" * 65)),
    ("A measure twice", bencher('"throughput"', '"p99-latency"')),
    ("A measure that is a number", bencher('{"value": 12000}', "12000")),
    ("A measure without a value", bencher('"value": 628000.0, ', "")),
    ("A value that is null", bencher("12000", "null")),
    ("A bound that is null", bencher("590000", "null")),
    ("A value that is text", bencher("12000", '"12000"')),
    ("A value that is true", bencher("12000", "true")),
    ("A value that is NaN", bencher("12000", "NaN")),
    ("A value too large", bencher("12000", "1e999")),
    ("A value above its bounds", bencher("628000.0", "728000.0")),
    ("A value below its bounds", bencher("628000.0", "528000.0")),
    ("A member that nobody reads", bencher('"value": 12000', '"value": 12000, "unit": "1/s"')),
    ("More than Bencher takes", json.dumps({f"quick/go {at}": {"p99": {"value": 1}} for at in range(120_000)})),
]
