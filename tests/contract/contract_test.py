#!/usr/bin/env python3
"""Holds one echo service to the contract, from outside.

    python3 tests/contract/contract_test.py [-k PATTERN] [--under-load DRAGSTRIP] NAME COMMAND…

NAME is c-echo, go-echo or rust-echo; COMMAND is the program with its fixed flags.  Without arguments
both come from DRAGSTRIP_CONTRACT="NAME COMMAND…", so that `prove` can run this file.  The cases never
look at a service's source: a fourth service is held to the same page by its name and its command.

With --under-load each service is loaded by `dragstrip load` while the cases run, and those cases that
count requests or wait for time-outs are left out; meant for a service built with a sanitizer.

Where things are: wire.py is HTTP by hand, service.py starts and ends a service, case.py is the base of
the cases, prom.py reads the metrics page; test_*.py are the cases by topic; model.py is the contract
once more in Python, and mutants_test.py breaks that model on purpose and sees these cases fail.
"""

import os
import shlex
import sys

sys.dont_write_bytecode = True
_here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [_here, os.path.join(_here, "..", "lib")]

import service  # noqa: E402
import tap  # noqa: E402


def main():
    words, keys = tap.take_keys(sys.argv[1:])
    words, loaders = tap.take_keys(words, "--under-load")
    words = words or shlex.split(os.environ.get("DRAGSTRIP_CONTRACT", ""))
    if not words:
        print("1..0 # SKIP no service named: set DRAGSTRIP_CONTRACT=\"NAME COMMAND\"")
        return
    if len(words) < 2:
        sys.exit("contract_test.py needs NAME COMMAND: the service's name and how to start it.")
    service.use(words[0], words[1:], *loaders[:1])
    import test_corpus
    import test_crowd
    import test_flags
    import test_framing
    import test_json
    import test_life
    import test_limits
    import test_metrics
    import test_reply
    import test_routes
    import test_timeouts
    modules = [test_flags, test_reply, test_json, test_corpus, test_routes, test_framing, test_limits,
               test_metrics, test_crowd, test_life, test_timeouts]
    begins = [test_timeouts.begin]
    if words[0] == "c-echo":
        import test_container
        import test_drain
        import test_exhaustion
        import test_openmetrics
        import test_slow
        import test_strict
        modules += [test_strict, test_openmetrics, test_container, test_slow, test_exhaustion, test_drain]
        begins.append(test_slow.begin)
    if loaders:
        modules = [module for module in modules if not getattr(module, "ALONE", False)]
    tap.main(modules, keys, lambda tests: [begin(tests) for begin in begins])


if __name__ == "__main__":
    main()
