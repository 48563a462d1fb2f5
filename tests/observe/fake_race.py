#!/usr/bin/env python3
"""The page that `dragstrip race --metrics` serves while a trial runs, without a race.

    python3 -S fake_race.py PORT

Counters rise by 100 requests a second since the start, one of them an error.  The generator claims a lag of
2 ms, so that its alert fires.
"""

import http.server
import sys
import time

RATE, TRIAL_S = 100, 8
LABELS = 'service="fake",target="http://127.0.0.1:1/"'
BOUNDS = ("0.001", "0.01", "0.1", "1", "10", "+Inf")
START = time.monotonic()


def samples():
    """[(name, labels, value)]"""
    seconds = time.monotonic() - START
    due = int(seconds * RATE)
    errors = due // 100
    trial = int(seconds / TRIAL_S) + 1
    yield "dragstrip_due_total", LABELS, due
    yield "dragstrip_ok_total", LABELS, due - errors
    for kind in ("connect", "timeout", "reset", "status", "protocol", "body", "unsent"):
        yield "dragstrip_errors_total", f'{LABELS},kind="{kind}"', errors if kind == "status" else 0
    for at, bound in enumerate(BOUNDS):
        within = due if bound == "+Inf" else min(due - errors, due * (at + 1) // 2)
        yield "dragstrip_latency_seconds_bucket", f'{LABELS},le="{bound}"', within
    yield "dragstrip_latency_seconds_sum", LABELS, due * 0.002
    yield "dragstrip_latency_seconds_count", LABELS, due
    yield "dragstrip_in_flight", LABELS, 3
    yield "dragstrip_queued", LABELS, 0
    yield "dragstrip_lag_max_seconds", LABELS, 0.002
    yield "dragstrip_offered_rate", LABELS, RATE
    yield "dragstrip_achieved_rate", LABELS, RATE
    yield "dragstrip_race_block", "", 1 + trial // 3
    yield "dragstrip_race_blocks", "", 6
    yield "dragstrip_race_trial", "", trial
    yield "dragstrip_race_trials", "", 18
    yield "dragstrip_trial_info", f'service="fake",block="1",trial="{trial}",phase="measured"', 1


def page():
    lines = [f"{name}{{{labels}}} {value}" if labels else f"{name} {value}" for name, labels, value in samples()]
    return "".join(f"{line}\n" for line in lines).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = page()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
