"""A tiny HTTP proxy on loopback: CONNECT, and requests with a whole URL."""

from __future__ import annotations

import contextlib
import select
import socket
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


@dataclass
class ConnectProxy:
    """The running proxy; `addresses` says where names lead, `authorization` what it wants."""

    port: int = 0
    addresses: dict[str, str] = field(default_factory=dict)
    authorization: str | None = None
    lines: list[str] = field(default_factory=list)
    """The first line of each request."""

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"


class _Handler(socketserver.StreamRequestHandler):
    proxy: ConnectProxy

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self._one()

    def _one(self) -> None:
        first = self.rfile.readline()
        headers = []
        while (line := self.rfile.readline()).strip():
            headers.append(line)
        method, target, _ = first.decode().split()
        self.proxy.lines.append(first.decode().strip())
        wanted = self.proxy.authorization
        if wanted and f"Proxy-Authorization: {wanted}\r\n".encode() not in headers:
            self.wfile.write(b"HTTP/1.1 407 Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        url = urlsplit(target if "://" in target else f"//{target}")
        address = self.proxy.addresses.get(url.hostname or "", url.hostname or "")
        with socket.create_connection((address, url.port or 80), timeout=5) as upstream:
            if method == "CONNECT":
                self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            else:
                path = f"{url.path}?{url.query}" if url.query else url.path
                upstream.sendall(f"{method} {path} HTTP/1.1\r\n".encode())
                upstream.sendall(b"".join(headers) + b"Connection: close\r\n\r\n")
            self._relay(upstream)

    def _relay(self, upstream: socket.socket) -> None:
        ends = {self.connection: upstream, upstream: self.connection}
        while True:
            for end in select.select(list(ends), [], [], 20)[0]:
                data = end.recv(1 << 16)
                if not data:
                    return
                ends[end].sendall(data)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients of tests hang up as they like."""


@contextlib.contextmanager
def connect_proxy(**settings: Any) -> Iterator[ConnectProxy]:
    """Runs the proxy as long as the block lasts."""
    proxy = ConnectProxy(**settings)
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": proxy}))
    proxy.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
