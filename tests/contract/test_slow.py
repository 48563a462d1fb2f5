"""Slow clients of the C service: a body is held to 64 KiB/s in periods of 5 s, whoever reads to 16 KiB/s in
periods of 10 s, and neither they nor slowhttptest's crowds hold up anybody else.

Each case is a probe, as in test_timeouts: begin() starts those of the selected cases before the first test of any
module runs, so that all the waits overlap.  Only the crowds take turns, because slowhttptest itself is busy.
What is sent or read at a rate keeps to the clock: who was late catches up, so a busy machine changes no amount.
"""

import collections
import concurrent.futures
import csv
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
import unittest

import service
from tap import rows
from wire import Cut, chunked, document, document_of, request

ALONE = True  # waits
KIB = 1024
LIMIT = 1 << 20
PERIOD = 5 * 64 * KIB
POST = request("POST", "/echo", document())
BODY = (4, 8)
BODY_SECOND = (9, 13)
BODY_AT_MOST = (19, 24)
READER = (9, 14)
ANSWER_BYTES = 1_000_000
STEP_S = 0.02
_state = {}


# ---- bodies ----

def pour(wire, raw, rate):
    """Sends at this many bytes a second until all is sent, or something comes back; returns how much went."""
    began, sent = time.monotonic(), 0
    while sent < len(raw) and not wire.has_more():
        due = min(len(raw), int((time.monotonic() - began) * rate) + 1)
        if not wire.send_if_open(raw[sent:due]):
            break
        sent = due
        time.sleep(STEP_S)
    return sent


def split(raw):
    """(Head, body) of a request."""
    at = raw.index(b"\r\n\r\n") + 4
    return raw[:at], raw[at:]


def check_408(wire, began, window):
    """408 within the window of seconds after `began`, and then the end."""
    wire.socket.settimeout(max(window[1] - (time.monotonic() - began), 0.1))
    answer = wire.answer()
    took = time.monotonic() - began
    assert answer.status == 408 and answer.says_close(), answer
    assert window[0] <= took <= window[1], f"408 after {took:.1f} s"
    assert wire.rest(within=3) == b""


def served_at(rate):
    """A mebibyte at this rate is answered in full."""
    body = document_of(LIMIT)
    with _state["service"].connect() as wire:
        began = time.monotonic()
        pour(wire, request("POST", "/echo", body), rate)
        answer = wire.answer()
        assert answer.status == 200, answer
        assert answer.json()["user_agent"] == json.loads(body)["user_agent"]
        assert time.monotonic() - began > 0.9 * LIMIT / rate, "it was not that slow"


def body_at_100():
    served_at(100 * KIB)


def body_at_80():
    served_at(80 * KIB)


def refused_at(rate):
    head, body = split(request("POST", "/echo", document_of(LIMIT)))
    with _state["service"].connect() as wire:
        began = time.monotonic()
        wire.send(head)
        pour(wire, body, rate)
        check_408(wire, began, BODY)


def body_at_20():
    refused_at(20 * KIB)


def body_at_48():
    refused_at(48 * KIB)


def body_stalls_later():
    """Enough for the first period at once, nothing in the second."""
    head, body = split(request("POST", "/echo", document_of(LIMIT)))
    with _state["service"].connect() as wire:
        began = time.monotonic()
        wire.send(head)
        time.sleep(0.1)
        wire.send(body[:400_000])
        check_408(wire, began, BODY_SECOND)


def body_with_head_stalls_later():
    """Just enough for the first period, and all of it together with the head: what is read with that counts."""
    head, body = split(request("POST", "/echo", document_of(LIMIT)))
    with _state["service"].connect() as wire:
        began = time.monotonic()
        wire.send(head + body[:PERIOD + 4_000])
        check_408(wire, began, BODY_SECOND)


def chunks_for_ever():
    """Chunks of one byte bring six times the body, so that a body within the limit can outlast every period."""
    head, _ = split(chunked("/echo", []))
    body = b"".join(b"1\r\n%c\r\n" % byte for byte in document_of(LIMIT))
    with _state["service"].connect() as wire:
        began = time.monotonic()
        wire.send(head)
        pour(wire, body, 100 * KIB)
        check_408(wire, began, BODY_AT_MOST)


def body_after_slow_head():
    """The time of the body is counted from the end of the head."""
    head, _ = split(POST)
    with _state["service"].connect() as wire:
        wire.send(head[:-4])
        time.sleep(3.5)
        began = time.monotonic()
        wire.send(head[-4:])
        check_408(wire, began, BODY)


# ---- readers ----

def slow_reader(running):
    """A connection that takes little off the service's hands before it is read."""
    return running.connect(timeout=15, receive_buffer=8 * KIB, segment=1000)


def sip(wire, rate, enough=lambda: False):
    """Reads at this many bytes a second until the peer closes, or it is enough; returns what came."""
    began, pieces, got = time.monotonic(), [], 0
    while not enough():
        due = int((time.monotonic() - began) * rate) - got
        if due > 0 and wire.has_more():
            try:
                piece = wire.socket.recv(due)
            except ConnectionResetError:
                piece = b""
            if not piece:
                break
            pieces.append(piece)
            got += len(piece)
        time.sleep(STEP_S)
    return b"".join(pieces)


def read_whole(running, raw, rate, size):
    """Reads an answer with a body of this size at this rate; takes longer than the 10 s of a period."""
    with slow_reader(running) as wire:
        wire.send(raw)
        began = time.monotonic()
        wire.buffer = sip(wire, rate, lambda: time.monotonic() - began > (size - 20 * KIB) / rate)
        answer = wire.answer()
        assert (answer.status, len(answer.body)) == (200, size), answer
        assert time.monotonic() - began > 12, "it was not that slow"
        assert wire.send(POST).answer().status == 200


def reader_at_60():
    with service.Service("--response-bytes", str(ANSWER_BYTES)) as running:
        read_whole(running, POST, 60 * KIB, ANSWER_BYTES)


def reader_at_32():
    raw = request("POST", "/echo", document_of(700_000))
    with _state["service"].connect() as wire:
        size = len(wire.send(raw).answer().body)
    read_whole(_state["service"], raw, 32 * KIB, size)


def cut_reader(running, wire):
    """Reads at 1 KiB/s until the service has closed the connection; what came."""
    base = running.open_fds()
    wire.send(POST)
    began = time.monotonic()
    got = sip(wire, KIB, lambda: running.open_fds() < base or time.monotonic() - began > READER[1] + 1)
    took = time.monotonic() - began
    assert READER[0] <= took <= READER[1], f"still open, or cut, after {took:.1f} s"
    return got


def connected(running, wire):
    """The service has accepted it."""
    wire.send(request("GET", "/healthz"))
    assert wire.answer("GET").status == 200


def reader_at_1():
    with service.Service("--response-bytes", str(ANSWER_BYTES)) as running, slow_reader(running) as wire:
        connected(running, wire)
        got = cut_reader(running, wire)
        try:
            got += wire.rest(within=10)
        except Cut as cut:
            raise AssertionError(f"the connection goes on: {cut}"[:300])
        assert len(got) < ANSWER_BYTES, "all of it came"
        assert running.connect().send(POST).answer().status == 200


def reader_is_reset():
    """The kernel does not go on sending for a program that has given up (FIN-WAIT-1 is state 4)."""
    with service.Service("--response-bytes", str(ANSWER_BYTES)) as running, slow_reader(running) as wire:
        connected(running, wire)
        cut_reader(running, wire)
        time.sleep(0.5)
        left = max(running.sockets(1, 4, 5, 8, 9, 11) for _ in range(5))
        assert left == 0, f"{left} connection is still in the kernel's hands"


def stallers_at_the_limit():
    """Who takes every place and stalls loses it, and then those who wait are served."""
    with service.Service("--workers", "1", "--max-connections", "10") as running:
        stallers = [running.connect().send(POST[:-5]) for _ in range(10)]
        began = time.monotonic()
        with running.connect(timeout=12) as wire:
            assert wire.send(POST).answer().status == 200
        took = time.monotonic() - began
        assert 3 <= took <= 10, f"served after {took:.1f} s"
        for staller in stallers:
            staller.close()


# ---- crowds ----

Crowd = collections.namedtuple("Crowd", "latencies most gone_s text rows")


def normal_request(running, kept):
    """A request on a kept connection and one on a new one; how long each took."""
    began = time.monotonic()
    assert kept.send(POST).answer().status == 200
    between = time.monotonic()
    with running.connect() as wire:
        assert wire.send(POST).answer().status == 200
    return between - began, time.monotonic() - between


def watch(running, child):
    """A normal client until the crowd has ended, or a second after the service has let go of it: the client's
    latencies, how many connections there were at most, after how many seconds they were gone (None: never)."""
    with running.connect() as kept:
        normal_request(running, kept)
        base, began, latencies, most, gone_s = running.open_fds(), time.monotonic(), [], 0, None
        while child.poll() is None and (gone_s is None or time.monotonic() - began < gone_s + 1):
            latencies += normal_request(running, kept)
            crowd = running.open_fds() - base
            most = max(most, crowd)
            if gone_s is None and most > 20 and crowd <= 2:  # its own probe, and ours
                gone_s = time.monotonic() - began
            time.sleep(0.05)
    return latencies, most, gone_s


def crowd(running, path, count, *how):
    """Sends slowhttptest against the service; what became of both."""
    if not shutil.which("slowhttptest"):
        raise unittest.SkipTest("no slowhttptest: install it with apt-get install slowhttptest")
    with _state["turn"], tempfile.TemporaryDirectory() as folder, open(f"{folder}/text", "w+") as text:
        url = "http://%s:%d%s" % (*running.address, path)
        child = subprocess.Popen(
            ["slowhttptest", *how, "-c", str(count), "-r", str(count), "-p", "3", "-l", "18", "-g", "-o", "s",
             "-u", url],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=text, stderr=text, start_new_session=True)
        try:
            watched = watch(running, child)
        finally:
            if child.poll() is None:
                child.terminate()
            child.wait()
        text.seek(0)
        return Crowd(*watched, text.read(), table(f"{folder}/s.csv"))


def table(path):
    """The crowd's own book, a dictionary a second; none when it was ended early."""
    if not os.path.exists(path):
        return []
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def check_crowd(seen, count, window):
    """There was a crowd, nobody else felt it, and it was gone within the window of seconds."""
    assert seen.most >= 0.8 * count, f"only {seen.most} connections: {seen.text[-500:]}"
    assert statistics.median(seen.latencies) < 0.1, f"median {statistics.median(seen.latencies):.3f} s"
    assert max(seen.latencies) < 2, f"longest {max(seen.latencies):.3f} s"
    assert "service available:   NO" not in seen.text, seen.text[-500:]
    closed = [row["Seconds"] for row in seen.rows[1:] if row["Service Available"] == "0"]
    assert not closed, f"slowhttptest found it unavailable in second {closed}"
    assert seen.gone_s is None or window[0] <= seen.gone_s <= window[1], f"gone after {seen.gone_s:.1f} s"


def slow_senders(path, *how):
    """A crowd whose connections the service closes, one and all, as slowhttptest says itself."""
    with service.Service("--workers", "1") as running:
        seen = crowd(running, path, 200, *how)
        check_crowd(seen, 200, (4, 12))
        assert "No open connections left" in seen.text or seen.gone_s, f"not all closed: {seen.text[-500:]}"


def slow_headers():
    slow_senders("/healthz", "-H", "-i", "1", "-x", "24", "-t", "GET")


def slow_bodies():
    slow_senders("/echo", "-B", "-i", "1", "-s", "8192", "-x", "10", "-t", "POST")


def slow_reads():
    """slowhttptest only GETs, and no GET has an answer that would not fit into the kernel's buffers.  So its cookie
    ends the request and brings three more, with a megabyte each, and one that swallows what follows the cookie."""
    last = request("GET", "/healthz", headers=["X: "])[:-4]
    cookie = b"a=b\r\n\r\n" + 3 * POST + last
    with service.Service("--workers", "1", "--response-bytes", str(ANSWER_BYTES)) as running:
        seen = crowd(running, "/echo", 50, "-X", "-k", "2", "-w", "512", "-y", "1024", "-n", "1", "-z", "32",
                     "-j", cookie.decode())
        check_crowd(seen, 50, (8, 17))
        assert seen.gone_s, f"not all cut: {seen.text[-500:]}"


PROBES = [
    ("A mebibyte at 100 KiB/s is served.", body_at_100),
    ("A mebibyte at 80 KiB/s is served.", body_at_80),
    ("A body at 20 KiB/s is 408 after about 5 s.", body_at_20),
    ("A body at 48 KiB/s is 408 after about 5 s.", body_at_48),
    ("A body that stalls after a fast first period is 408 after about 10 s.", body_stalls_later),
    ("So is one whose first bytes come with its head.", body_with_head_stalls_later),
    ("A body that does not end is 408 after about 20 s, however fast it comes.", chunks_for_ever),
    ("After a slow head a body has its 5 s all the same.", body_after_slow_head),
    ("Who reads an answer at 60 KiB/s gets all of it, in more than 10 s.", reader_at_60),
    ("Who reads an answer at 32 KiB/s gets all of it, in more than 10 s.", reader_at_32),
    ("Who reads an answer at 1 KiB/s is cut after about 10 s.", reader_at_1),
    ("Who is cut leaves nothing behind in the kernel.", reader_is_reset),
    ("Stallers that take every place of --max-connections lose them after about 5 s.", stallers_at_the_limit),
    ("Two hundred slow heads of slowhttptest disturb nobody and are all closed.", slow_headers),
    ("Two hundred slow bodies of slowhttptest disturb nobody and are all closed.", slow_bodies),
    ("Fifty slow readers of slowhttptest disturb nobody and are all cut.", slow_reads),
]


@rows(PROBES)
class Slow(unittest.TestCase):
    def check(self, probe):
        _state["results"][probe].result(90)


def begin(tests):
    """Starts the probes of the selected tests."""
    words = {test.shortDescription() for test in tests if isinstance(test, Slow)}
    probes = [probe for sentence, probe in PROBES if sentence in words]
    if not probes:
        return
    _state["service"] = service.Service()
    _state["turn"] = threading.Lock()
    _state["pool"] = concurrent.futures.ThreadPoolExecutor(len(probes))
    _state["results"] = {probe: _state["pool"].submit(probe) for probe in probes}


def tearDownModule():
    _state["service"].kill()
