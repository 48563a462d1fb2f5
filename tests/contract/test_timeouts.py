"""The time-outs: read 5 s, idle 15 s, write 10 s.  Slow, so all of them wait at the same time.

Each case is a probe, a function that ends or raises.  begin() starts the probes of the selected cases
in threads before the first test of any module runs; the case itself only fetches what its probe found.
So the whole costs the time of the longest probe, which the other modules' tests fill.
"""

import concurrent.futures
import time
import unittest

import service
from tap import rows
from wire import Cut, chunked, document, document_of, request

ALONE = True  # waits
READ = (4, 8)
IDLE = (13, 19)
POST = request("POST", "/echo", document())
_state = {}


def cut_after(wire, began, window, silent=False):
    """The peer must close within the window of seconds after `began`, unanswered or with 408."""
    try:
        rest = wire.rest(within=window[1] - (time.monotonic() - began))
    except Cut:
        raise AssertionError(f"still open after {window[1]} s")
    took = time.monotonic() - began
    assert took >= window[0], f"closed after {took:.1f} s already"
    assert not rest or not silent and rest.startswith(b"HTTP/1.1 408 "), rest


def stall(raw, window=READ, used=False, wait=0):
    """Sends these bytes and no more."""
    with _state["service"].connect() as wire:
        if used:
            assert wire.send(POST).answer().status == 200
            time.sleep(wait)
        began = time.monotonic()
        wire.send(raw)
        cut_after(wire, began, window)


def drip(raw, step):
    """Sends a byte every half second: the time-out is for the whole request, not for one wait."""
    with _state["service"].connect() as wire:
        began = time.monotonic()
        wire.send(raw[:step])
        for at in range(step, len(raw)):
            time.sleep(0.5)
            if not wire.send_if_open(raw[at:at + 1]) or time.monotonic() - began > READ[1]:
                break
            wire.socket.settimeout(0.01)
            try:
                wire._more()
            except Cut as cut:
                if "closed" in str(cut):
                    break
        took = time.monotonic() - began
        assert READ[0] <= took <= READ[1], f"closed after {took:.1f} s"
        assert b" 200 " not in wire.buffer


def head_stalls():
    stall(POST[:25])


def first_byte_stalls():
    stall(POST[:1], window=(4, 19))


def body_stalls():
    stall(POST[:-5])


def body_never_begins():
    stall(POST[:POST.index(b"\r\n\r\n") + 4])


def chunks_stall():
    stall(chunked("/echo", [document()])[:-5])


def second_head_stalls():
    stall(POST[:25], used=True, wait=2)


def second_body_stalls():
    stall(POST[:-5], used=True, wait=2)


def head_drips():
    drip(POST, 10)


def body_drips():
    drip(POST, POST.index(b"\r\n\r\n") + 4)


def continue_stalls():
    with _state["service"].connect() as wire:
        began = time.monotonic()
        wire.send(request("POST", "/echo", headers=["Expect: 100-continue", "Content-Length: 40"]))
        assert wire.interim() == 100
        cut_after(wire, began, READ)


def slow_but_whole():
    with _state["service"].connect() as wire:
        for at in range(0, len(POST), len(POST) // 3):
            wire.send(POST[at:at + len(POST) // 3])
            time.sleep(0.9)
        assert wire.answer().status == 200


def idle_after_request():
    with _state["service"].connect() as wire:
        assert wire.send(POST).answer().status == 200
        cut_after(wire, time.monotonic(), IDLE, silent=True)


def never_used():
    with _state["service"].connect() as wire:
        cut_after(wire, time.monotonic(), (4, 19))


def idle_begins_anew():
    """Requests every 6 s: longer than the read time-out, shorter than the idle one, in all longer."""
    with _state["service"].connect() as wire:
        for _ in range(4):
            assert wire.send(POST).answer().status == 200
            time.sleep(6)
        assert wire.send(POST).answer().status == 200


def never_reads():
    """A client that pipelines large documents and never reads loses its connection."""
    with service.Service() as running:
        base = running.open_fds()
        wire = running.connect(timeout=0.2, receive_buffer=4096)
        raw = request("POST", "/echo", document_of(200_000)) * 200
        began, sent = time.monotonic(), 0
        while time.monotonic() - began < 22:
            try:
                sent += wire.socket.send(raw[sent % len(raw):][:1 << 20])
            except TimeoutError:
                pass
            except OSError:
                break
            if running.open_fds() <= base and time.monotonic() - began > 1:
                break
        took = time.monotonic() - began
        assert took < 21, "a client that never reads is still connected after 21 s"
        assert took > 4, f"cut after {took:.1f} s already"
        assert sent < len(raw), "all was taken: the answers are kept somewhere"
        wire.close()
        with running.connect() as other:
            assert other.send(POST).answer().status == 200


def reads_late():
    """A client that reads nothing for 4 s and then everything gets every answer."""
    with _state["service"].connect(receive_buffer=4096, timeout=8) as wire:
        count = 4
        for number in range(count):
            wire.send(request("POST", "/echo", document(str(number), metadata='["' + "x" * 300_000 + '"]')))
        time.sleep(4)
        for number in range(count):
            answer = wire.answer()
            assert answer.status == 200 and answer.json()["id"] == number


def drain_with_staller():
    """A request that stalls for ever does not hold up the end for ever."""
    with service.Service() as running, running.connect() as wire:
        wire.send(POST[:-5])
        running.await_read(wire)
        running.drain()
        code = running.exit_code(30)
        assert code == 0, f"exit code {code}"


def drain_with_non_reader():
    """A client that never reads does not hold up the end for ever."""
    with service.Service() as running, running.connect(timeout=0.2, receive_buffer=4096) as wire:
        raw = request("POST", "/echo", document_of(1_000_000)) * 20
        try:
            wire.send(raw)
        except TimeoutError:
            pass
        running.drain()
        code = running.exit_code(30)
        assert code == 0, f"exit code {code}"


PROBES = [
    ("A head that stalls is cut after about 5 s.", head_stalls),
    ("A connection that sends one byte and stalls is cut.", first_byte_stalls),
    ("A body that stalls is cut after about 5 s.", body_stalls),
    ("A body that never begins is cut after about 5 s.", body_never_begins),
    ("A chunked body that stalls is cut after about 5 s.", chunks_stall),
    ("The head of a second request that stalls is cut after about 5 s.", second_head_stalls),
    ("The body of a second request that stalls is cut after about 5 s.", second_body_stalls),
    ("A head that drips is cut after about 5 s in all.", head_drips),
    ("A body that drips is cut after about 5 s in all.", body_drips),
    ("A client that was told 100 Continue and stalls is cut after about 5 s.", continue_stalls),
    ("A request that takes 3 s to come is answered.", slow_but_whole),
    ("A connection that is idle after a request is closed after about 15 s.", idle_after_request),
    ("A connection that was never used is closed within 19 s.", never_used),
    ("A connection with a request every 6 s stays open.", idle_begins_anew),
    ("A client that never reads its answers is cut within 20 s.", never_reads),
    ("A client that reads its answers 4 s late gets them all.", reads_late),
    ("A request that stalls for ever does not hold up the end beyond 30 s.", drain_with_staller),
    ("A client that never reads does not hold up the end beyond 30 s.", drain_with_non_reader),
]


@rows(PROBES)
class TimeOuts(unittest.TestCase):
    def check(self, probe):
        _state["results"][probe].result(60)


def begin(tests):
    """Starts the probes of the selected tests."""
    words = {test.shortDescription() for test in tests if isinstance(test, TimeOuts)}
    probes = [probe for sentence, probe in PROBES if sentence in words]
    if not probes:
        return
    _state["service"] = service.Service()
    _state["pool"] = concurrent.futures.ThreadPoolExecutor(len(probes))
    _state["results"] = {probe: _state["pool"].submit(probe) for probe in probes}


def tearDownModule():
    _state["service"].kill()
