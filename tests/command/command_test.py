#!/usr/bin/env python3
"""Holds the commands of dragstrip to what DESIGN and METHOD say, from outside.

    python3 tests/command/command_test.py [-k PATTERN]

The programs are build/dragstrip, -echo and -oracle, or what $DRAGSTRIP, $DRAGSTRIP_ECHO and
$DRAGSTRIP_ORACLE name.
The cases run one after the other: nearly all of them measure.

Where things are: tool.py runs dragstrip and finds what it leaves behind, case.py is the base of the
cases and knows what every end must look like, fake_service.py is a service that misbehaves on demand,
raw_server.py a server whose every byte is scripted, more_servers.py the same under TLS and elsewhere;
test_*.py are the cases by topic.
"""

import os
import sys

sys.dont_write_bytecode = True
_here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [_here, os.path.join(_here, "..", "lib"), os.path.join(_here, "..", "race")]

import tap  # noqa: E402
import test_compare  # noqa: E402
import test_compare_urls  # noqa: E402
import test_doctor  # noqa: E402
import test_edges_framing  # noqa: E402
import test_edges_life  # noqa: E402
import test_gate  # noqa: E402
import test_load  # noqa: E402
import test_load_forms  # noqa: E402
import test_load_reach  # noqa: E402
import test_race  # noqa: E402
import test_race_faults  # noqa: E402
import test_race_metrics  # noqa: E402
import test_race_own  # noqa: E402
import test_report  # noqa: E402
import test_resume  # noqa: E402
import test_selftest  # noqa: E402
import test_settings  # noqa: E402
import tool  # noqa: E402


def begin(_):
    if why := tool.missing():
        raise FileNotFoundError(why)


if __name__ == "__main__":
    tap.main([test_load, test_load_forms, test_load_reach, test_edges_framing, test_edges_life, test_race,
              test_race_faults, test_race_metrics, test_race_own, test_resume, test_settings, test_gate, test_report, test_compare,
              test_compare_urls, test_selftest, test_doctor], begin=begin)
