"""Many connections at once, and clients that leave without a word."""

import time

from case import EchoCase
from wire import document, request

CROWD = 200


class Crowd(EchoCase):
    def connect_all(self, count=CROWD):
        return [self.service.connect() for _ in range(count)]

    def check_all(self, wires):
        for number, wire in enumerate(wires):
            self.check_echo(wire.answer(), number)
            wire.close()

    def test_at_once(self):
        """Two hundred connections with a request each are all answered."""
        wires = self.connect_all()
        for number, wire in enumerate(wires):
            wire.send(request("POST", "/echo", document(str(number))))
        self.check_all(wires)

    def test_half_and_half(self):
        """Two hundred connections with half a request each are all answered when the rest comes."""
        wires = self.connect_all()
        raws = [request("POST", "/echo", document(str(number))) for number in range(CROWD)]
        for number, wire in enumerate(wires):
            wire.send(raws[number][:number % len(raws[number])])
        for number in reversed(range(CROWD)):
            wires[number].send(raws[number][number % len(raws[number]):])
        self.check_all(wires)

    def test_large(self):
        """Fifty connections with large documents at once are all answered in full."""
        wires = self.connect_all(50)
        for number, wire in enumerate(wires):
            wire.send(request("POST", "/echo", document(str(number), metadata='["' + "x" * 90_000 + '"]')))
        for number, wire in enumerate(wires):
            self.check_echo(wire.answer(), number, metadata=["x" * 90_000])
            wire.close()

    def test_beside_a_crowd(self):
        """Five hundred connections that say nothing do not hold up another."""
        wires = self.connect_all(500)
        began = time.monotonic()
        self.check_serves()
        self.assertLess(time.monotonic() - began, 1)
        for wire in wires:
            wire.close()


class Leavers(EchoCase):
    def check_recovers(self, base):
        """All descriptors come back and the service serves."""
        until = time.monotonic() + 3
        while self.service.open_fds() > base + 2 and time.monotonic() < until:
            time.sleep(0.02)
        self.assertLessEqual(self.service.open_fds(), base + 2)
        self.check_serves()

    def leave(self, raw, how, count=100):
        self.check_serves()
        time.sleep(0.05)
        base = self.service.open_fds()
        wires = [self.service.connect().send(raw) for _ in range(count)]
        time.sleep(0.02)
        for wire in wires:
            getattr(wire, how)()
        self.check_recovers(base)

    def test_reset_unused(self):
        """A reset before the first byte does no harm."""
        self.leave(b"", "reset")

    def test_reset_in_head(self):
        """A reset within the head does no harm."""
        self.leave(request("POST", "/echo", document())[:20], "reset")

    def test_reset_in_body(self):
        """A reset within the body does no harm."""
        self.leave(request("POST", "/echo", document())[:-5], "reset")

    def test_close_in_body(self):
        """A close within the body does no harm."""
        self.leave(request("POST", "/echo", document())[:-5], "close")

    def test_reset_in_answer(self):
        """A reset with the answer unread does no harm."""
        self.leave(request("POST", "/echo", document()) * 20, "reset")

    def test_reset_in_large_answer(self):
        """A reset within a large answer does no harm."""
        raw = request("POST", "/echo", document(metadata='["' + "x" * 1_000_000 + '"]'))
        self.check_serves()
        base = self.service.open_fds()
        for _ in range(10):
            wire = self.service.connect(receive_buffer=4096)
            wire.send(raw)
            wire.socket.recv(100)
            wire.reset()
        self.check_recovers(base)

    def test_reset_while_pipelining(self):
        """A reset in the midst of a pipeline of large answers does no harm."""
        raw = request("POST", "/echo", document(metadata='["' + "x" * 100_000 + '"]'))
        self.check_serves()
        base = self.service.open_fds()
        for _ in range(10):
            wire = self.service.connect(receive_buffer=4096)
            wire.send(raw * 4)
            wire.reset()
        self.check_recovers(base)

    def test_nothing_logged(self):
        """None of this is logged: stderr holds the one line of the start, stdout nothing."""
        self.leave(b"\x16\x03\x01 no HTTP\r\n\r\n", "reset", 5)
        self.assertEqual(len(self.service.log()), 1, self.service.log())
        self.assertEqual(self.service.stdout(), "")
