"""RawServers that listen elsewhere: on a Unix socket, on all loopback addresses, under TLS."""

import os
import socket
import ssl
import subprocess

from raw_server import RawServer


def make_certificate(folder, name="localhost"):
    """(certificate, key) of a server of that name and of 127.0.0.1, its own CA; None without openssl."""
    certificate, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    try:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", certificate, "-days", "2", "-subj", f"/CN={name}",
                        "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1"],
                       check=True, stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        return None
    return certificate, key


class UnixServer(RawServer):
    def __init__(self, path, script):
        self.path = path
        super().__init__(script)

    def listen(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(128)
        self.start(self.accept, self.listener)


class EverywhereServer(RawServer):
    """On 127.0.0.1, 127.0.0.2 and so on; addresses() says where each connection came to."""

    def listen(self):
        self.listener = socket.create_server(("0.0.0.0", self.port), backlog=128)
        self.start(self.accept, self.listener)

    def accept(self, listener):
        self.addresses = []
        super().accept(listener)

    def serve(self, connection):
        self.addresses.append(connection.peer.getsockname()[0])
        super().serve(connection)


class TlsServer(RawServer):
    """http/1.1 by ALPN; what each handshake said is in names (SNI), protocols and resumed."""

    def __init__(self, script, certificate, newest=ssl.TLSVersion.TLSv1_3):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*certificate)
        self.context.set_alpn_protocols(["h2", "http/1.1"])
        self.context.maximum_version = newest
        self.context.sni_callback = lambda peer, name, context: self.names.append(name)
        self.names, self.protocols, self.resumed = [], [], []
        super().__init__(script)

    def serve(self, connection):
        try:
            connection.peer = self.context.wrap_socket(connection.peer, server_side=True)
        except OSError:
            return  # the peer does not trust us, or is no TLS client
        self.protocols.append(connection.peer.selected_alpn_protocol())
        self.resumed.append(connection.peer.session_reused)
        super().serve(connection)
