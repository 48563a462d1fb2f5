"""A unittest runner that speaks TAP, so that `prove` runs Python tests next to the C ones.

    import tap
    tap.main()                          # the tests of the calling script
    tap.main([module, module], keys)    # the tests of these modules, in this order

One line a test: `ok N - sentence`, `not ok N - sentence`, `ok N - sentence # SKIP reason`; what a
failure has to say follows as comment lines.  The sentence is the first line of the test's doc string.
The plan `1..N` comes last: a set-up that fails is then one more `not ok` instead of a wrong count, and
a run that dies half-way has no plan, which a harness takes as a failure.

Rejected: unittest's own runner behind a converter (its output is for people and changes with versions).
"""

import re
import sys
import traceback
import unittest


class Result(unittest.TestResult):
    """Prints each outcome as it comes; a test with failed sub-tests is one `not ok`."""

    def __init__(self, out):
        super().__init__()
        self.out = out
        self.number = 0
        self.failed = 0
        self.notes = []
        self.broken_parts = False

    def say(self, ok, test, note="", lines=()):
        self.number += 1
        self.failed += not ok
        word = "ok" if ok else "not ok"
        self.out.write(f"{word} {self.number} - {sentence(test)}{note}\n")
        for line in (*lines, *self.notes):
            self.out.write(f"# {line}\n")
        self.notes = []
        self.out.flush()

    def startTest(self, test):
        super().startTest(test)
        self.broken_parts = False

    def addSuccess(self, test):
        super().addSuccess(test)
        self.say(True, test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.say(False, test, lines=explain(err))

    def addError(self, test, err):
        super().addError(test, err)
        self.say(False, test, lines=explain(err))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.say(True, test, note=f" # SKIP {reason}")

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.say(False, test, note=" # TODO", lines=explain(err))
        self.failed -= 1

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.say(False, test, lines=["passed, but is marked as an expected failure"])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.broken_parts = True
            self.notes += [f"part {subtest._subDescription()}", *explain(err)[-3:]]

    def stopTest(self, test):
        super().stopTest(test)
        if self.broken_parts:
            self.say(False, test)


def sentence(test):
    text = test.shortDescription() or str(test)
    return " ".join(text.replace("#", "No.").split())


def explain(err):
    """The lines of an exception: for a failed assertion only where and what, else the whole trace."""
    kind, value, trace = err
    if not issubclass(kind, AssertionError):
        return "".join(traceback.format_exception(kind, value, trace)).splitlines()
    frames = [f for f in traceback.extract_tb(trace) if "unittest" not in f.filename]
    where = [f"{f.filename.rpartition('/')[2]}:{f.lineno}: {f.line}" for f in frames]
    text = str(value).splitlines()
    return where + [line if len(line) <= 500 else line[:500] + " …" for line in text[:20]]


def rows(table):
    """Class decorator: each row (sentence, argument…) becomes a test: self.check(argument…)."""

    def fill(cls):
        for at, (sentence, *arguments) in enumerate(table):
            def test(self, arguments=arguments):
                self.check(*arguments)

            test.__doc__ = sentence
            slug = re.sub(r"\W+", "_", sentence.lower()).strip("_")[:60]
            setattr(cls, f"test_{at:03}_{slug}", test)
        return cls

    return fill


def tests_of(suite):
    """The single tests of a nested suite, in order (their order keeps set-up and tear-down right)."""
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from tests_of(item)
        else:
            yield item


def selected(test, keys):
    name = f"{test.id()} {test.shortDescription() or ''}".lower()
    return not keys or any(key.lower() in name for key in keys)


def take_keys(argv, flag="-k"):
    """Splits `-k PATTERN` (or another flag's) off a command line: (the rest, the patterns)."""
    rest, keys = list(argv), []
    while flag in rest:
        at = rest.index(flag)
        keys += rest[at + 1:at + 2]
        del rest[at:at + 2]
    return rest, keys


def run(modules, keys=(), begin=None, out=sys.stdout):
    """Runs the tests of the modules that match a key; begin(tests) is called before the first.
    Returns the number of failures."""
    load = unittest.TestLoader().loadTestsFromModule
    tests = [t for m in modules for t in tests_of(load(m)) if selected(t, keys)]
    if not tests:
        out.write("1..0 # SKIP no test matches\n")
        return 0
    try:
        if begin:
            begin(tests)
    except Exception as error:
        out.write(f"Bail out! {' '.join(str(error).split())}\n")
        return 1
    result = Result(out)
    unittest.TestSuite(tests).run(result)
    out.write(f"1..{result.number}\n")
    if result.failed:
        out.write(f"# {result.failed} of {result.number} failed\n")
    return result.failed


def main(modules=None, keys=None, begin=None):
    if keys is None:
        keys = take_keys(sys.argv[1:])[1]
    modules = modules or [sys.modules["__main__"]]
    sys.exit(1 if run(modules, keys, begin) else 0)
