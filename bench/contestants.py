"""The services that bench/echo races: how each is started, and how one comes by it."""

import dataclasses
import http.client
import os
import shutil
import socket
import sys
import typing

import measure
from generators import BODY, BUILD

RESPONSE_BYTES = 2048
NGINX = """
daemon off;
master_process off;  # one process, so that its CPU time and memory are those of one id
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log crit;
events {{
    worker_connections 10000;
}}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location = /echo {{
            default_type application/json;
            return 200 "{body}";
        }}
        location = /healthz {{
            return 200 "ok";
        }}
    }}
}}
"""


@dataclasses.dataclass
class Contestant:
    name: str
    program: typing.Optional[str]  # its path, when it is there
    get: str  # how one comes by it
    command: typing.Callable  # port -> argv


def ours(name, program, get):
    path = f"{BUILD}/{program}"
    return Contestant(name, path if os.path.exists(path) else None, get, lambda port: [
        path, "--listen", f"127.0.0.1:{port}", "--response-bytes", str(RESPONSE_BYTES)])


def nginx(folder):
    """nginx with a configuration of its own: it reads a request, drops its body and returns fixed bytes."""
    path = shutil.which("nginx", path=os.pathsep.join([*os.get_exec_path(), "/usr/sbin"]))

    def command(port):
        configuration = os.path.join(folder, f"{port}.conf")
        with open(configuration, "w") as out:
            out.write(NGINX.format(folder=folder, port=port, body="x" * RESPONSE_BYTES))
        return [path, "-p", folder, "-c", configuration, "-e", os.path.join(folder, "error.log")]

    return Contestant("nginx", path, "package nginx-light", command)


def contestants(folder):
    """All that are here; the others are named, with how one comes by them."""
    known = [
        ours("null", "null-responder", "make"),
        ours("echo-c", "dragstrip-echo", "make"),
        ours("echo-go", "echo-go", "make echo-go, which needs go"),
        ours("echo-rust", "echo-rust", "make echo-rust, which needs cargo"),
        nginx(folder),
    ]
    for one in known:
        if not one.program:
            print(f"{one.name} is not here and left out: {one.get}")
    there = [one for one in known if one.program]
    for one in there:
        look(one)
    return there


def look(contestant):
    """Ends the whole where a service does not answer twice on one connection with as many bytes as all."""
    with open(BODY, "rb") as body:
        document = body.read()
    request = (f"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
               f"Content-Length: {len(document)}\r\n\r\n").encode() + document
    with measure.served(contestant.command) as (_, url), \
            socket.create_connection(("127.0.0.1", measure.port_of(url)), 5) as peer:
        for _ in range(2):
            peer.sendall(request)  # at once: the null responder wants it so
            answer = http.client.HTTPResponse(peer, method="POST")
            answer.begin()
            said = (answer.status, len(answer.read()), answer.will_close)
            if said != (200, RESPONSE_BYTES, False):
                sys.exit(f"{contestant.name} answers with (status, bytes, closes) {said}")
