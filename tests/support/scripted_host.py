"""A host on loopback whose every answer a test writes, down to the bytes::

with scripted_host(lambda request: Reply(302, {"Location": "/elsewhere"})) as host:
    ...
    assert host.requests[0].headers["authorization"] == ...
"""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Received:
    """A request as it came; names of headers are in lower case."""

    method: str
    target: str
    headers: dict[str, str]

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass(frozen=True)
class Reply:
    """An answer with its Content-Length; `pauses` sends the body a byte at a time."""

    status: int = 200
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = field(default_factory=dict)
    body: bytes = b""
    pauses: float | None = None


def json_reply(value: Any, status: int = 200, **headers: str) -> Reply:
    """An answer of JSON."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, {"Content-Type": "application/json", **named}, json.dumps(value).encode())


Script = Callable[[Received], Reply | bytes]
"""Answers a request; bytes are sent as they are, and the connection is closed."""


@dataclass
class ScriptedHost:
    """The running host and what it was asked."""

    port: int
    scheme: str
    script: Script
    requests: list[Received] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def paths(self) -> list[str]:
        """The paths that were asked for, in order."""
        return [request.path for request in self.requests]


class _Handler(socketserver.StreamRequestHandler):
    host: ScriptedHost
    timeout = 20

    def handle(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while self._one():
                pass

    def _one(self) -> bool:
        first = self.rfile.readline().decode("latin-1").split()
        if len(first) != 3:
            return False
        headers = {}
        while line := self.rfile.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        request = Received(first[0], first[1], headers)
        self.host.requests.append(request)
        reply = self.host.script(request)
        if isinstance(reply, bytes):
            self.wfile.write(reply)
            return False
        self._send(reply, has_body=request.method != "HEAD")
        return True

    def _send(self, reply: Reply, *, has_body: bool) -> None:
        pairs = reply.headers.items() if isinstance(reply.headers, Mapping) else reply.headers
        lines = [
            f"HTTP/1.1 {reply.status} Scripted",
            *(f"{name}: {value}" for name, value in pairs),
        ]
        if not any(line.lower().startswith("content-length:") for line in lines):
            lines.append(f"Content-Length: {len(reply.body)}")
        self.wfile.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        if not has_body:
            return
        if reply.pauses is None:
            self.wfile.write(reply.body)
            return
        for byte in reply.body:
            time.sleep(reply.pauses)
            self.wfile.write(bytes([byte]))
            self.wfile.flush()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    context: ssl.SSLContext | None = None
    host: ScriptedHost

    def finish_request(self, request: Any, client_address: Any) -> None:
        self.host.connections += 1
        if self.context is not None:
            try:
                request = self.context.wrap_socket(request, server_side=True)
            except OSError:
                return
        super().finish_request(request, client_address)
        if self.context is not None:
            with contextlib.suppress(OSError):
                request.unwrap()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients of tests hang up as they like."""


@contextlib.contextmanager
def scripted_host(
    script: Script, *, address: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> Iterator[ScriptedHost]:
    """Runs the host as long as the block lasts."""
    host = ScriptedHost(0, "http" if tls is None else "https", script)
    server = _Server((address, port), type("Handler", (_Handler,), {"host": host}))
    server.context, server.host = tls, host
    host.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def unused_port() -> int:
    """A port of loopback on which nothing listened a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
