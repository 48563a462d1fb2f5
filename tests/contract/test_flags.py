"""The command line: flags, their environment fallbacks, refusals, the address."""

import re
import socket
import unittest

import service
from tap import rows
from wire import document, request

ALONE = True  # starts services that are to end at once
PANIC = re.compile(r"panic|Traceback|core dumped|goroutine|Segmentation|RUST_BACKTRACE|Sanitizer")


class Program(unittest.TestCase):
    """Runs that end at once."""

    def refused(self, code, *flags, env=None):
        """Ends with this code and a sentence on stderr; returns stderr."""
        got, out, err = service.run_to_end(*flags, env=env)
        self.assertEqual(got, code, f"flags {flags}, environment {env}: stderr {err!r}")
        first = (err.splitlines() or [""])[0]
        self.assertGreaterEqual(len(first.split()), 3, f"no sentence on stderr: {err!r}")
        self.assertNotRegex(err, PANIC)
        self.assertNotIn("listening on", err)
        return err


@rows([
    ("An unknown flag is refused with a sentence and exit code 2.", ["--no-such-flag"], {}),
    ("A stray argument is refused with a sentence and exit code 2.", ["stray"], {}),
    ("A --listen that is no address is refused with exit code 2.", ["--listen", "nonsense"], {}),
    ("A --listen with a port above 65535 is refused with exit code 2.",
     ["--listen", "127.0.0.1:65536"], {}),
    ("A --listen with a port that is no number is refused with exit code 2.",
     ["--listen", "127.0.0.1:http2x"], {}),
    ("A --listen without its value is refused with exit code 2.", ["--listen"], {}),
    ("An empty --listen is refused with exit code 2.", ["--listen", ""], {}),
    ("A negative --response-bytes is refused with exit code 2.", ["--response-bytes", "-1"], {}),
    ("A --response-bytes that is no number is refused with exit code 2.",
     ["--response-bytes", "many"], {}),
    ("A --response-bytes with a unit is refused with exit code 2.", ["--response-bytes", "1k"], {}),
    ("A --response-bytes beyond 64 bits is refused with exit code 2.",
     ["--response-bytes", "99999999999999999999"], {}),
    ("A --workers that is no number is refused with exit code 2.", ["--workers", "two"], {}),
    ("A negative --workers is refused with exit code 2.", ["--workers", "-2"], {}),
    ("A bad ECHO_LISTEN is refused with exit code 2.", [], {"ECHO_LISTEN": "nonsense"}),
    ("A bad ECHO_RESPONSE_BYTES is refused with exit code 2.", ["--listen", "127.0.0.1:0"],
     {"ECHO_RESPONSE_BYTES": "many"}),
    ("A bad ECHO_WORKERS is refused with exit code 2.", ["--listen", "127.0.0.1:0"],
     {"ECHO_WORKERS": "two"}),
])
class Refusals(Program):
    def check(self, flags, env):
        self.refused(2, *flags, env=env)


class Start(Program):
    def test_help(self):
        """--help names every flag and exits 0."""
        code, out, err = service.run_to_end("--help")
        self.assertEqual(code, 0)
        for flag in ("listen", "response-bytes", "workers"):
            self.assertIn(flag, out + err)

    def test_busy_port(self):
        """A port in use is refused with a sentence that names it and exit code 1."""
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            port = holder.getsockname()[1]
            self.assertIn(str(port), self.refused(1, "--listen", f"127.0.0.1:{port}"))

    def test_second_instance(self):
        """A second service on the port of the first is refused with exit code 1."""
        with service.Service() as first:
            self.refused(1, "--listen", "%s:%d" % first.address)
            self.answers(first)

    def answers(self, running):
        with running.connect() as wire:
            answer = wire.send(request("POST", "/echo", document())).answer()
            self.assertEqual(answer.status, 200)
            return answer

    def test_port_zero(self):
        """Port 0 takes a free port, and the log names the real one."""
        with service.Service() as running:
            self.assertEqual(running.address[0], "127.0.0.1")
            self.assertGreater(running.address[1], 0)
            self.answers(running)

    def test_given_port(self):
        """A given port is the port it listens on, also just after another service left it."""
        with service.Service() as first:
            self.answers(first)
            address = first.address
            first.notify()
            self.assertEqual(first.exit_code(3), 0)
        with service.Service(listen="%s:%d" % address) as running:
            self.assertEqual(running.address, address)
            self.answers(running)

    def test_only_that_address(self):
        """It listens on the given address only."""
        with service.Service(listen="127.0.0.1:0") as running:
            with self.assertRaises(OSError):
                socket.create_connection(("127.0.0.2", running.address[1]), timeout=1).close()

    def test_listen_from_environment(self):
        """ECHO_LISTEN gives the address where no flag does."""
        with service.Service(env={"ECHO_LISTEN": "127.0.0.3:0"}, listen=None) as running:
            self.assertEqual(running.address[0], "127.0.0.3")
            self.answers(running)

    def test_listen_flag_wins(self):
        """--listen wins over ECHO_LISTEN."""
        with service.Service(env={"ECHO_LISTEN": "127.0.0.3:0"}) as running:
            self.assertEqual(running.address[0], "127.0.0.1")

    def test_response_bytes_from_environment(self):
        """ECHO_RESPONSE_BYTES gives the size where no flag does."""
        with service.Service(env={"ECHO_RESPONSE_BYTES": "600"}) as running:
            self.assertEqual(len(self.answers(running).body), 600)

    def test_response_bytes_flag_wins(self):
        """--response-bytes wins over ECHO_RESPONSE_BYTES."""
        with service.Service("--response-bytes", "700", env={"ECHO_RESPONSE_BYTES": "600"}) as running:
            self.assertEqual(len(self.answers(running).body), 700)

    def test_response_bytes_flag_of_default_value_wins(self):
        """--response-bytes 0 wins over ECHO_RESPONSE_BYTES although 0 is the default."""
        with service.Service("--response-bytes", "0", env={"ECHO_RESPONSE_BYTES": "600"}) as running:
            self.assertNotIn("padding", self.answers(running).json())

    def test_equals_sign(self):
        """A flag takes its value after an equals sign too."""
        with service.Service("--response-bytes=650") as running:
            self.assertEqual(len(self.answers(running).body), 650)

    def test_workers_from_environment(self):
        """ECHO_WORKERS is taken where no flag is given."""
        with service.Service(env={"ECHO_WORKERS": "2"}) as running:
            self.answers(running)

    def test_workers_flag_wins(self):
        """--workers is taken beside ECHO_WORKERS."""
        with service.Service("--workers", "1", env={"ECHO_WORKERS": "3"}) as running:
            self.answers(running)

    def test_one_worker_serves_many(self):
        """With --workers 1 forty connections with half a request each do not hold up another."""
        with service.Service("--workers", "1") as running:
            whole = request("POST", "/echo", document())
            stalled = [running.connect().send(whole[:-5]) for _ in range(40)]
            self.answers(running)
            for wire in stalled:
                self.assertEqual(wire.send(whole[-5:]).answer().status, 200)
                wire.close()
