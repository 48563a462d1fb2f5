"""More clients than the C service has room for: --max-connections, and descriptors that run out.

Who is not let in waits in the kernel's accept queue: connected and able to send, but unanswered.
"""

import resource
import time

import prom
import service
import test_flags
from case import EchoCase
from tap import rows
from test_life import HEALTH, POST, LifeCase
from wire import document, request

ALONE = True  # counts connections
HEAD_MAX = 64 << 10
FIELDS_MAX = 100
FILES = 64


@rows([
    ("A --max-connections of 0 is refused with exit code 2.", ["--max-connections", "0"], {}),
    ("A --max-connections that is no number is refused with exit code 2.", ["--max-connections", "x"], {}),
    ("A negative --max-connections is refused with exit code 2.", ["--max-connections", "-1"], {}),
    ("A --max-connections beyond 64 bits is refused with exit code 2.",
     ["--max-connections", "99999999999999999999"], {}),
    ("A --max-connections without its value is refused with exit code 2.", ["--max-connections"], {}),
    ("A bad ECHO_MAX_CONNECTIONS is refused with exit code 2.", ["--listen", "127.0.0.1:0"],
     {"ECHO_MAX_CONNECTIONS": "0"}),
])
class Refusals(test_flags.Program):
    def check(self, flags, env):
        err = self.refused(2, *flags, env=env)
        self.assertRegex(err, "(?i)max.connections")
        self.assertNotIn("no flag", err)

    def test_help(self):
        """--help names --max-connections and --reuse-port with their variables."""
        code, out, _ = service.run_to_end("--help")
        self.assertEqual(code, 0)
        for word in ("--max-connections", "ECHO_MAX_CONNECTIONS", "--reuse-port", "ECHO_REUSE_PORT"):
            self.assertIn(word, out)


class FullCase(LifeCase):
    """Starts services of its own: fill() opens more connections than they take."""

    def setUp(self):
        self.wires, self.service = [], None

    def tearDown(self):
        if self.service:
            super().tearDown()

    def start(self, *flags, **options):
        self.service = service.Service(*flags, **options)

    def ask(self, wire):
        """Sends a document with a number of this connection's own."""
        wire.send(request("POST", "/echo", document(str(wire.number))))

    def check_answer(self, wire):
        answer = wire.answer()
        self.assertEqual((answer.status, answer.json()["id"]), (200, wire.number))

    def check_serves(self, wire):
        self.ask(wire)
        self.check_answer(wire)

    def fill(self, count):
        """Connections with a request each."""
        wires = [self.connect() for _ in range(count)]
        for number, wire in enumerate(wires):
            wire.number = number
            self.ask(wire)
        return wires

    def let_in(self, wires, low=1, rest=0.3):
        """Those that are answered, once at least `low` are and no more come for `rest` seconds."""
        until, last, changed = time.monotonic() + 4, -1, 0
        while time.monotonic() < until:
            ready = [wire for wire in wires if wire.has_more()]
            if len(ready) != last:
                last, changed = len(ready), time.monotonic()
            if last >= low and time.monotonic() - changed > rest:
                break
            time.sleep(0.01)
        return ready

    def check_all_in_the_end(self, wires):
        """As those who are in leave, all others are served."""
        left, until = list(wires), time.monotonic() + 10
        while left and time.monotonic() < until:
            for wire in self.let_in(left, rest=0):
                self.check_answer(wire)
                wire.close()
                left.remove(wire)
        self.assertEqual(len(left), 0, "not served although the others have left")

    def check_quiet(self):
        """It uses next to no CPU time, and has logged nothing."""
        before = self.service.cpu_seconds()
        time.sleep(0.6)
        self.assertLess(self.service.cpu_seconds() - before, 0.2, "CPU seconds in 0.6 s of doing nothing")
        self.assertEqual(len(self.service.log()), 1, self.service.log())
        self.assertEqual(self.service.stdout(), "")

    def check_books(self, wire):
        """process_open_fds is what the system says, and the scrape is served."""
        answer = wire.send(request("GET", "/metrics")).answer("GET")
        self.assertEqual(answer.status, 200)
        shown = prom.Page(answer.body.decode()).one("process_open_fds")
        self.assertAlmostEqual(shown, self.service.open_fds_of_threads(), delta=1)


@rows([
    ("With --max-connections 4 four of forty clients are served, the others as those leave.",
     ["--workers", "1", "--max-connections", "4"], {}, 4),
    ("With two workers each has half of the 4.", ["--workers", "2", "--max-connections", "4"], {}, 4),
    ("With two workers and a limit of 5 each has 3.", ["--workers", "2", "--max-connections", "5"], {}, 6),
    ("With two workers and a limit of 1 each has 1.", ["--workers", "2", "--max-connections", "1"], {}, 2),
    ("With --max-connections 1 one is served at a time.", ["--workers", "1", "--max-connections", "1"], {}, 1),
    ("ECHO_MAX_CONNECTIONS is the limit where no flag is.", ["--workers", "1"], {"ECHO_MAX_CONNECTIONS": "3"}, 3),
    ("--max-connections wins over ECHO_MAX_CONNECTIONS.", ["--workers", "1", "--max-connections", "2"],
     {"ECHO_MAX_CONNECTIONS": "3"}, 2),
])
class Limit(FullCase):
    def check(self, flags, env, room):
        self.start(*flags, env=env)
        wires = self.fill(40)
        served = self.let_in(wires, room)
        self.assertEqual(len(served), room)
        self.check_quiet()
        for wire in served:
            self.check_answer(wire)
            self.check_serves(wire)
        self.check_books(served[0])
        served.pop().close()
        waiting = [wire for wire in wires if wire not in served and wire.socket.fileno() >= 0]
        self.assertEqual(len(self.let_in(waiting)), 1, "let in when one had left")
        for wire in served:
            self.check_serves(wire)
            wire.close()
        self.check_all_in_the_end(waiting)


class Room(FullCase):
    def test_short_connections(self):
        """Five hundred clients that want one answer each pass through a limit of 2."""
        self.start("--workers", "1", "--max-connections", "2")
        self.check_all_in_the_end(self.fill(500))

    def test_closed_by_the_service(self):
        """A connection that the service closes makes room as well."""
        self.start("--workers", "1", "--max-connections", "1")
        raw = request("POST", "/echo", document(), ["Connection: close"])
        wires = [self.connect().send(raw) for _ in range(20)]
        for wire in wires:
            self.check_last(wire)
            wire.close()

    def test_gone_while_waiting(self):
        """Clients that give up while they wait do not take a place, and the next one is served."""
        self.start("--workers", "1", "--max-connections", "1")
        first = self.connect()
        first.send(POST).answer()
        for number in range(20):
            wire = self.connect().send(POST)
            (wire.reset if number % 2 else wire.close)()
        last = self.connect().send(POST)
        first.close()
        self.assertEqual(last.answer().status, 200)
        until = time.monotonic() + 3
        while (left := self.service.sockets(1, 8)) != 1 and time.monotonic() < until:
            time.sleep(0.01)
        self.assertEqual(left, 1, "connections of clients that have left")

    def test_full_and_drained(self):
        """A full service ends on SIGTERM although clients wait."""
        self.start("--workers", "1", "--max-connections", "2")
        wires = self.fill(10)
        self.let_in(wires, 2)
        self.service.notify()
        self.check_ended(3)

    def test_above_the_descriptors(self):
        """A limit above what descriptors allow is no mistake."""
        self.start("--max-connections", "1000000", files=FILES)
        self.assertEqual(self.connect().send(HEALTH).answer("GET").status, 200)


@rows([
    ("Without a limit it takes what the descriptors allow.", ["--workers", "1"], 1, False),
    ("So it does with two workers.", ["--workers", "2"], 2, False),
    ("With a limit above the descriptors it takes what they allow.",
     ["--workers", "1", "--max-connections", "1000"], 1, False),
    ("With two workers each takes what they allow.", ["--workers", "2", "--max-connections", "1000"], 2, False),
    ("When descriptors run out all the same it serves on, and takes more as some come free.",
     ["--workers", "1"], 1, True),
    ("So do two workers that run out.", ["--workers", "2"], 2, True),
])
class Descriptors(FullCase):
    """At most 64 descriptors, and 200 clients. Whoever `runs_out` is told so too late: it counts on 256."""

    def start_short(self, *flags, runs_out):
        self.start(*flags, files=4 * FILES if runs_out else FILES)
        if runs_out:
            resource.prlimit(self.service.process.pid, resource.RLIMIT_NOFILE, (FILES, FILES))

    def check(self, flags, workers, runs_out):
        self.start_short(*flags, runs_out=runs_out)
        wires = self.fill(200)
        served = self.let_in(wires, FILES // 2)
        self.assertGreaterEqual(len(served), FILES // 2)
        self.assertLess(len(served), workers * FILES)
        self.check_quiet()
        for wire in served:
            self.check_answer(wire)
            self.check_serves(wire)
        self.check_books(served[0])
        waiting = [wire for wire in wires if wire not in served]
        for wire in served[:10]:
            wire.close()
        self.assertEqual(len(self.let_in(waiting, 10)), 10, "let in when ten had left")
        for wire in served[10:]:
            self.check_serves(wire)
            wire.close()
        self.check_all_in_the_end(waiting)
        self.assertEqual(self.connect().send(POST).answer().status, 200)
        self.assertEqual(len(self.service.log()), 1, self.service.log())

    def test_drain(self):
        """Out of descriptors it ends on SIGTERM with exit code 0 all the same."""
        self.start_short("--workers", "1", runs_out=True)
        wires = self.fill(200)
        self.let_in(wires, FILES // 2)
        self.service.notify()
        self.check_ended(3)
        self.check_log()


def of_fields(count):
    return request("GET", "/healthz", headers=["X: y"] * (count - 1))


def of_bytes(size):
    bare = len(request("GET", "/healthz", headers=["X: "]))
    return request("GET", "/healthz", headers=["X: " + "y" * (size - bare)])


@rows([
    ("A head of 100 fields is served.", of_fields(FIELDS_MAX), 200),
    ("A head of 101 fields is 431.", of_fields(FIELDS_MAX + 1), 431),
    ("A head of 64 KiB is served.", of_bytes(HEAD_MAX), 200),
    ("A head of 64 KiB and a byte is 431.", of_bytes(HEAD_MAX + 1), 431),
    ("A head of 64 KiB that has no end yet and goes on is 431.", of_bytes(2 * HEAD_MAX)[:-4], 431),
])
class Heads(EchoCase):
    def check(self, raw, status):
        answer = self.ask(raw, "GET")
        self.assertEqual(answer.status, status, answer)
        if status != 200:
            self.check_error(answer, status)
            self.assertTrue(answer.says_close(), answer)
