"""A TCP proxy that breaks one connection in the middle of a download."""

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator


class CuttingProxy(socketserver.ThreadingTCPServer):
    """Passes bytes to a port and back; ends the first connection that gets ``after`` bytes."""

    daemon_threads = True

    def __init__(self, upstream_port: int, after: int) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.upstream_port = upstream_port
        self.after = after
        self.cuts = 0
        self.bytes_down = 0
        self.lock = threading.Lock()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def may_pass(self, count: int, passed: int) -> bool:
        """Count bytes of a download; false once, when they are to be cut off."""
        with self.lock:
            if self.cuts == 0 and passed + count > self.after:
                self.cuts += 1
                return False
            self.bytes_down += count
            return True


class _Connection(socketserver.BaseRequestHandler):
    server: CuttingProxy

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.upstream_port)) as upstream:
            threading.Thread(target=self._up, args=(upstream,), daemon=True).start()
            with contextlib.suppress(OSError):
                self._down(upstream)

    def _up(self, upstream: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := self.request.recv(65536):
                upstream.sendall(data)
            upstream.shutdown(socket.SHUT_WR)

    def _down(self, upstream: socket.socket) -> None:
        passed = 0
        while data := upstream.recv(65536):
            if not self.server.may_pass(len(data), passed):
                self.request.shutdown(socket.SHUT_RDWR)
                return
            self.request.sendall(data)
            passed += len(data)


@contextlib.contextmanager
def cutting_proxy(upstream_port: int, after: int) -> Iterator[CuttingProxy]:
    """Run a proxy for as long as the block lasts."""
    with CuttingProxy(upstream_port, after) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
