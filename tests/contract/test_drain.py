"""The end of the C service under load: no request is lost, and another process can take over the port.

Load is an open loop: requests are due at a fixed rate, whatever becomes of the earlier ones.  It knows of each
connection and each request what became of it, and it keeps HTTP's rule for clients: nothing is sent on a
connection whose last answer said `Connection: close`, or which is seen to be closed.  It is one thread over
non-blocking sockets, because 2,000 requests a second of a thread each would measure Python's own lock.
"""

import collections
import errno
import os
import random
import re
import selectors
import signal
import socket
import threading
import time
import unittest

import service
from tap import rows
from test_life import HEALTH, POST, LifeCase
from wire import document, request

LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)\r\n")
CLOSE = re.compile(rb"(?i)\r\nconnection: *close\r\n")
NEVER_ACCEPTED = (errno.ECONNREFUSED, errno.ETIMEDOUT)
GRACE_S = 0.25  # how long the drain still takes requests on connections that had none
CONNECTING, IDLE, WAITING, GONE = range(4)


class Peer:
    """One connection of the load; one that is not kept is for a single request."""

    def __init__(self, kept):
        self.kept, self.state, self.number, self.buffer = kept, CONNECTING, None, b""
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Load(threading.Thread):
    """A steady load until finish(). Afterwards: how many requests were answered and answered last on their
    connection, how many connections were refused or never accepted, and a sentence for each that was lost."""

    KEPT = 32
    RATE_HZ = 2000
    SHORT_HZ = 200
    TICK_S = 0.001

    def __init__(self, address):
        super().__init__(daemon=True)
        self.address, self.selector, self.asked_to_end = address, selectors.DefaultSelector(), threading.Event()
        self.idle, self.open, self.count = collections.deque(), set(), 0
        self.answered = self.answered_last = self.refused = self.never_accepted = self.closed_idle = 0
        self.lost, self.failure = [], None
        self.start()

    def run(self):
        try:
            for _ in range(self.KEPT):
                self.connect(kept=True)
            self.steady()
            self.wind_up()
        except Exception as error:
            self.failure = error

    def steady(self):
        due = short_due = time.monotonic()
        while not self.asked_to_end.is_set():
            self.turn()
            now = time.monotonic()
            while due <= now and self.send_one():
                due += 1 / self.RATE_HZ
            while short_due <= now:
                self.connect(kept=False)
                short_due += 1 / self.SHORT_HZ

    def wind_up(self):
        """Nothing new; what was sent has 3 s for its answer."""
        until = time.monotonic() + 3
        self.turn()
        while any(peer.state == WAITING for peer in self.open) and time.monotonic() < until:
            self.turn()
        for peer in list(self.open):
            self.never_accepted += peer.state == CONNECTING
            if peer.state == WAITING:
                self.lose(peer, "no answer in 3 s")
            self.leave(peer)

    def finish(self):
        self.asked_to_end.set()
        self.join(10)
        assert not self.is_alive(), "the load does not end"
        if self.failure:
            raise self.failure

    def turn(self):
        for key, _ in self.selector.select(self.TICK_S):
            self.ready(key.data)

    def connect(self, kept):
        peer = Peer(kept)
        code = peer.socket.connect_ex(self.address)
        assert code in (0, errno.EINPROGRESS), os.strerror(code)
        self.open.add(peer)
        self.selector.register(peer.socket, selectors.EVENT_WRITE, peer)

    def leave(self, peer, again=False):
        """Closes our end; `again`: a kept connection is replaced."""
        if peer.state != GONE:
            peer.state = GONE
            self.open.discard(peer)
            self.selector.unregister(peer.socket)
            peer.socket.close()
            if again and peer.kept and not self.asked_to_end.is_set():
                self.connect(kept=True)

    def lose(self, peer, why):
        kind = "a kept" if peer.kept else "a short"
        self.lost.append(f"request {peer.number} on {kind} connection: {why}, after {peer.buffer[:40]!r}")
        self.leave(peer, again=True)

    def ready(self, peer):
        if peer.state == CONNECTING:
            self.connected(peer, peer.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
        elif peer.state == IDLE:
            self.is_open(peer)
        elif peer.state == WAITING:
            self.receive(peer)

    def connected(self, peer, code):
        if code in NEVER_ACCEPTED:
            self.refused += 1
            self.leave(peer)
        elif code:
            self.lose(peer, f"connected, then {os.strerror(code)}")
        else:
            self.selector.modify(peer.socket, selectors.EVENT_READ, peer)
            peer.state = IDLE
            if peer.kept:
                self.idle.append(peer)
            elif self.is_open(peer):
                self.send(peer)

    def is_open(self, peer):
        """Whether a connection without a request can be used; one that the service closed is left."""
        try:
            piece = peer.socket.recv(1)
        except BlockingIOError:
            return True
        except OSError as error:
            self.lose(peer, f"no request sent yet, then {error}")
            return False
        if piece:
            self.lose(peer, "bytes came that nobody had asked for")
        self.closed_idle += 1
        self.leave(peer, again=True)
        return False

    def send_one(self):
        """False: there is no connection for it, so it waits."""
        while self.idle:
            peer = self.idle.popleft()
            if peer.state == IDLE and self.is_open(peer):
                self.send(peer)
                return True
        return False

    def send(self, peer):
        self.count += 1
        peer.number, peer.state, peer.buffer = self.count, WAITING, b""
        try:
            peer.socket.sendall(request("POST", "/echo", document(str(peer.number))))
        except OSError as error:
            self.lose(peer, f"not sent: {error}")

    def receive(self, peer):
        try:
            piece = peer.socket.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError as error:
            self.lose(peer, f"sent, then {error}")
            return
        peer.buffer += piece
        head, end, body = peer.buffer.partition(b"\r\n\r\n")
        length = LENGTH.search(head + b"\r\n") if end else None
        if length and len(body) >= int(length[1]):
            self.take(peer, head + b"\r\n", body)
        elif not piece:
            self.lose(peer, "sent, then closed")

    def take(self, peer, head, body):
        """A whole answer."""
        if not head.startswith(b"HTTP/1.1 200 ") or not body.startswith(b'{"id":%d,' % peer.number):
            self.lose(peer, f"answered {head[:20]!r} {body[:40]!r}")
            return
        self.answered += 1
        self.answered_last += bool(CLOSE.search(head))
        if CLOSE.search(head) or not peer.kept:
            self.leave(peer, again=True)
        else:
            peer.state = IDLE
            self.idle.append(peer)


class LoadCase(unittest.TestCase):
    def begin(self, running, seconds):
        """A load that has run that long."""
        load = Load(running.address)
        self.addCleanup(load.asked_to_end.set)
        time.sleep(seconds)
        self.assertGreater(load.answered, 50 * seconds, f"there is hardly a load: {load.failure} {load.lost[:3]}")
        return load

    def check_end(self, running):
        self.assertEqual(running.exit_code(5), 0, running.log())

    def check_load(self, load):
        load.finish()
        self.assertEqual(load.lost, [], f"{len(load.lost)} lost beside {load.answered} answered")


@rows([(f"Under load {name} with {flags[1]} worker{'s' * (flags[1] > '1')} loses no request ({again}).", number, flags)
       for flags in (("--workers", "1"), ("--workers", "2"))
       for name, number, again in (("SIGTERM", signal.SIGTERM, "once"), ("SIGTERM", signal.SIGTERM, "again"),
                                   ("SIGINT", signal.SIGINT, "once"))])
class UnderLoad(LoadCase):
    def check(self, number, flags):
        seconds = random.uniform(0.2, 0.6)
        with self.subTest(after=f"{seconds:.4f} s"), service.Service(*flags) as running:
            load = self.begin(running, seconds)
            running.notify(number)
            self.check_end(running)
            self.check_load(load)
            self.assertGreater(load.answered_last, 0, "no answer said Connection: close")
            self.assertGreater(load.refused + load.never_accepted, 0, "the load had ended before the service")
            self.assertEqual(len(running.log()), 3, running.log())


class Rolling(LoadCase):
    """Two processes on one port."""

    def start(self, *flags, **options):
        running = service.Service(*flags, **options)
        self.addCleanup(running.kill)
        return running

    def beside(self, running, *flags, **options):
        return self.start(*flags, listen="%s:%d" % running.address, **options)

    def await_all(self, load):
        """Waits until all kept connections stand: a SYN that was dropped is sent again after a second."""
        until = time.monotonic() + 8
        while any(peer.state == CONNECTING for peer in list(load.open)) and time.monotonic() < until:
            time.sleep(0.01)

    def replace(self, load, old, *flags, **options):
        """Starts the next, ends the old; returns the next, which has then served all connections."""
        following = self.beside(old, *flags, **options)
        time.sleep(random.uniform(0.1, 0.3))
        old.notify()
        self.check_end(old)
        before = load.answered
        time.sleep(0.2)
        self.assertGreater(load.answered, before, "the next one serves nobody")
        self.await_all(load)
        self.assertTrue(following.alive())
        return following

    def check_restarts(self, *flags):
        load = self.begin(first := self.start("--reuse-port", *flags), 0.3)
        second = self.replace(load, first, "--reuse-port", *flags)
        self.replace(load, second, "--reuse-port", *flags)
        self.check_load(load)
        self.assertEqual(load.refused, 0, "connections were refused")
        self.assertLessEqual(load.never_accepted, Load.SHORT_HZ / 10, "connections were never accepted")

    def test_one_worker(self):
        """With --reuse-port a second process takes over under load, and a third: none lost, none refused."""
        self.check_restarts("--workers", "1")

    def test_two_workers(self):
        """So it does with two workers each."""
        self.check_restarts("--workers", "2")

    def test_from_environment(self):
        """ECHO_REUSE_PORT=1 does the same as the flag, and two such processes share the connections."""
        first = self.start("--workers", "1", "--reuse-port")
        second = self.beside(first, "--workers", "1", env={"ECHO_REUSE_PORT": "1"})
        for number in range(64):
            with first.connect() as wire:
                answer = wire.send(request("POST", "/echo", document(str(number)))).answer()
                self.assertEqual((answer.status, answer.json()["id"]), (200, number))
        for running in (first, second):
            running.notify()
            self.check_end(running)

    def test_only_with_the_flag(self):
        """A process without --reuse-port is refused the port of one that has it."""
        with service.Service("--reuse-port") as running:
            code, _, err = service.run_to_end("--listen", "%s:%d" % running.address, timeout=3)
            self.assertEqual(code, 1, err)
            self.assertIn(str(running.address[1]), err)
            self.assertTrue(running.alive())


class Grace(LifeCase):
    """What may still come while the drain begins."""

    def signal_and(self, act):
        """Signals, calls act() 100 ms later; False when this machine was too slow for that to be a test."""
        began = time.monotonic()
        self.service.notify()
        time.sleep(0.1)
        act()
        return time.monotonic() - began < GRACE_S - 0.05

    def in_time(self, prepare, act):
        """Repeats on a new service until the machine was fast enough. prepare() returns what act() takes."""
        for _ in range(6):
            prepared = prepare()
            if self.signal_and(lambda prepared=prepared: act(prepared)):
                return prepared
            self.service.kill()
            self.service = service.Service(*self.flags)
        self.skipTest("this machine is too busy to send anything within 200 ms of a signal")

    def test_request_on_idle_connection(self):
        """A request that comes 100 ms after the signal is answered, with Connection: close."""
        def prepare():
            used = [self.connect() for _ in range(10)]
            for wire in used:
                wire.send(POST).answer()
            return [self.connect() for _ in range(10)] + used

        wires = self.in_time(prepare, lambda wires: [wire.send(POST) for wire in wires])
        for wire in wires:
            self.check_last(wire)
        self.check_ended()
        self.check_log()

    def test_health_on_idle_connection(self):
        """GET /healthz 100 ms after the signal is 503, with Connection: close."""
        wire = self.in_time(self.connect, lambda wire: wire.send(HEALTH))
        answer = wire.answer("GET")
        self.assertEqual((answer.status, answer.says_close()), (503, True))
        self.assertEqual(wire.rest(within=1), b"")
        self.check_ended()

    def test_request_begun_on_idle_connection(self):
        """A request that begins 100 ms after the signal may end when the others are closed: it is answered."""
        wire = self.in_time(self.connect, lambda wire: wire.send(POST[:-9]))
        time.sleep(0.6)
        self.assertTrue(self.service.alive(), "it ended with a request in flight")
        self.assertRaises((ConnectionRefusedError, TimeoutError), self.connect, timeout=0.2)
        self.check_last(wire.send(POST[-9:]))
        self.check_ended()

    def test_new_connection(self):
        """A connection begun 100 ms after the signal is neither made nor refused, until the port is closed."""
        early = []

        def prepare():
            fresh = socket.socket()
            fresh.setblocking(False)
            self.addCleanup(fresh.close)
            return fresh

        def begin(fresh):
            fresh.connect_ex(self.service.address)
            early[:] = self.poll(fresh, 0.03)

        fresh = self.in_time(prepare, begin)
        self.assertEqual(early, [], "it was made or refused at once")
        self.check_ended()
        self.assertTrue(self.poll(fresh, 8), "nothing came of it in 8 s")
        self.assertEqual(fresh.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), errno.ECONNREFUSED)

    @staticmethod
    def poll(sock, seconds):
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
            return selector.select(seconds)

    def test_never_used(self):
        """Two hundred connections that were never used do not hold up the end, and are not reset."""
        wires = [self.connect() for _ in range(200)]
        self.service.notify()
        self.check_ended()
        for wire in wires:
            wire.socket.settimeout(1)
            self.assertEqual(wire.socket.recv(1), b"")
        self.check_log()


class GraceOfTwo(Grace):
    """The same with two workers."""

    flags = ("--workers", "2")


@rows([(f"Requests on connections that nobody has accepted when the signal comes are answered, with {what}.", flags)
       for what, flags in (("one worker", ("--workers", "1")), ("two workers", ("--workers", "2")))])
class Queue(LifeCase):
    def stopped(self, count):
        """That many requests, sent on new connections while the service stands still."""
        self.service.notify(signal.SIGSTOP)
        wires = [self.connect() for _ in range(count)]
        for number, wire in enumerate(wires):
            wire.send(request("POST", "/echo", document(str(number))))
        return wires

    def restart(self, *flags):
        self.service.kill()
        self.service = service.Service(*flags)

    def check(self, flags):
        self.restart(*flags)
        old = self.connect()
        old.send(POST).answer()
        wires = self.stopped(100)
        old.send(POST)
        self.service.notify()
        self.service.notify(signal.SIGCONT)
        for number, wire in [*enumerate(wires), (1, old)]:  # some may be answered before the signal is seen
            answer = wire.answer()
            self.assertEqual((answer.status, answer.json()["id"]), (200, number))
            self.assertEqual(wire.rest(within=1.5), b"")
        self.check_ended()
        self.check_log()

    def test_beyond_the_limit(self):
        """So are those that wait because of --max-connections."""
        self.restart("--workers", "1", "--max-connections", "4")
        used = [self.connect() for _ in range(4)]
        for wire in used:
            wire.send(POST).answer()
        waiting = [self.connect().send(request("POST", "/echo", document(str(number)))) for number in range(20)]
        time.sleep(0.1)
        self.service.notify()
        for number, wire in enumerate(waiting):
            self.check_last(wire, number)
        self.check_ended()
