"""HTTP/1.1 by hand on a raw socket: what is sent is exactly these bytes, what comes is checked.

Python's own client would repair, refuse or hide just what the cases are about (split heads, pipelines,
interim answers, torn bodies), so it is not used.
"""

import json
import re
import select
import socket
import struct
import time


class Cut(AssertionError):
    """The connection ended, or nothing more came in time, before the answer was whole."""


class Answer:
    def __init__(self, status, version, headers, interim):
        self.status, self.version, self.headers, self.interim = status, version, headers, interim
        self.body = b""

    def header(self, name):
        """The only value of a header, None without; two lines of one name are a failure."""
        values = [v for n, v in self.headers if n == name.lower()]
        assert len(values) < 2, f"{len(values)} lines of {name}: {values}"
        return values[0] if values else None

    def says_close(self):
        return "close" in (self.header("connection") or "").lower()

    def json(self):
        return json.loads(self.body.decode("utf-8"))

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:200]!r}>"


class Wire:
    """One connection. Its time-out is for each single wait.  Over loopback a peer's kernel takes some 2 MB off
    its hands at once; with segments of at most `segment` bytes it takes little more than it can send."""

    def __init__(self, address, timeout=5, receive_buffer=None, segment=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if segment:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
        self.socket.settimeout(timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        try:
            self.socket.connect(address)
        except OSError:
            self.socket.close()
            raise

    def send(self, data):
        self.socket.sendall(data)
        return self

    def send_if_open(self, data):
        """Sends what the peer takes; False if it has hung up."""
        try:
            self.socket.sendall(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def _more(self):
        try:
            piece = self.socket.recv(1 << 18)
        except ConnectionResetError:
            piece = b""
        except TimeoutError:
            raise Cut(f"nothing more came in {self.socket.gettimeout()} s after {self.buffer[:300]!r}")
        if not piece:
            raise Cut(f"the connection was closed after {self.buffer[:300]!r}")
        self.buffer += piece

    def _line(self):
        while b"\r\n" not in self.buffer:
            self._more()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line.decode("latin-1")

    def _bytes(self, count):
        pieces = [self.buffer]
        have = len(self.buffer)
        while have < count:
            self.buffer = b""
            self._more()
            pieces.append(self.buffer)
            have += len(self.buffer)
        whole = b"".join(pieces)
        self.buffer = whole[count:]
        return whole[:count]

    def _head(self):
        line = self._line()
        found = re.fullmatch(r"(HTTP/1\.[01]) ([1-5]\d\d)( .*)?", line)
        assert found, f"no status line: {line!r}"
        headers = []
        while line := self._line():
            field = re.fullmatch(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", line)
            assert field, f"no header line: {line!r}"
            headers.append((field[1].lower(), field[2]))
        return Answer(int(found[2]), found[1], headers, [])

    def answer(self, method="POST"):
        """Reads one whole answer (interim ones are kept in .interim)."""
        interim = []
        while (head := self._head()).status < 200:
            interim.append(head.status)
        head.interim = interim
        if method == "HEAD" or head.status in (204, 304):
            return head
        if "chunked" in (head.header("transfer-encoding") or ""):
            head.body = self._chunks()
            return head
        length = head.header("content-length")
        assert length is not None or head.says_close(), f"neither a length nor a close: {head}"
        head.body = self._bytes(int(length)) if length is not None else self.rest()
        return head

    def interim(self):
        """Reads one head, such as 100 Continue."""
        return self._head().status

    def _chunks(self):
        body = b""
        while size := int(self._line().partition(";")[0], 16):
            body += self._bytes(size)
            assert self._line() == ""
        while self._line():
            pass
        return body

    def rest(self, within=None):
        """All that comes before the peer closes; a connection that stays open for `within` is a failure."""
        until = time.monotonic() + (within or self.socket.gettimeout())
        while True:
            try:
                self.socket.settimeout(max(until - time.monotonic(), 0.001))
                piece = self.socket.recv(1 << 18)
            except ConnectionResetError:
                piece = b""
            except TimeoutError:
                raise Cut(f"still open after {within} s, with {self.buffer[:300]!r}")
            if not piece:
                rest, self.buffer = self.buffer, b""
                return rest
            self.buffer += piece

    def reset(self):
        """Closes with a reset instead of a FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def has_more(self):
        """Whether something waits to be read: bytes, or the end."""
        return bool(select.select([self.socket], [], [], 0)[0])

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def request(method, path, body=None, headers=(), version="HTTP/1.1", host="h"):
    """The bytes of a request; a body brings its Content-Length."""
    lines = [f"{method} {path} {version}"]
    lines += [f"Host: {host}"] if host else []
    lines += list(headers)
    lines += [f"Content-Length: {len(body)}"] if body is not None else []
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def chunked(path, pieces, last=b"0\r\n\r\n", headers=()):
    """The bytes of a chunked POST. A piece is its data, or (size line, data)."""
    out = request("POST", path, headers=[*headers, "Transfer-Encoding: chunked"])
    for piece in pieces:
        size, data = piece if isinstance(piece, tuple) else (b"%x" % len(piece), piece)
        out += size + b"\r\n" + data + b"\r\n"
    return out + last


def document(number="1", user_agent='"u"', metadata='["m"]', more=""):
    """The bytes of a JSON document for /echo, members given as JSON text."""
    text = f'{{"id":{number},"user_agent":{user_agent},"metadata":{metadata}{more}}}'
    return text.encode("utf-8", "surrogateescape")


def document_of(size):
    """A valid document of exactly this many bytes."""
    return document(user_agent='"' + "a" * (size - len(document(user_agent='""'))) + '"')
