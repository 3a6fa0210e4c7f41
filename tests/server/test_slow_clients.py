"""Hundreds of slow clients on one connector; the others must not notice."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from tests.support.server import RunningServer

pytestmark = pytest.mark.slow

MIB = 1 << 20
BLOB = 200 * MIB
# What the slow ones get instead of the defaults, so that their end can be seen.
DEADLINES = {"header_timeout": 10.0, "minimum_rate": (4096, 10.0), "queue_timeout": 20.0}


@pytest.fixture(scope="module")
def blob() -> bytes:
    return b"blob" * (BLOB // 4)


@dataclass
class Watch:
    """Asks the web interface and another connector all the while."""

    server: RunningServer
    port: int
    slowest: float = 0.0
    peak: int = 0
    failures: list[str] = field(default_factory=list)

    def look(self) -> None:
        for port in (0, self.port):
            started = time.monotonic()
            try:
                assert self.server.get("/", port, timeout=10).status == 200
            except (OSError, AssertionError) as error:
                self.failures.append(repr(error))
            self.slowest = max(self.slowest, time.monotonic() - started)
        self.peak = max(self.peak, self.server.memory())


@contextlib.contextmanager
def watching(server: RunningServer) -> Iterator[Watch]:
    other = server.open("other")
    for _ in range(50):
        server.answering_pids(other)
    idle = server.memory()
    watch = Watch(server, other)
    stop = threading.Event()

    def loop() -> None:
        while not stop.wait(0.2):
            watch.look()

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield watch
    finally:
        stop.set()
        thread.join()
    print(f"slowest {watch.slowest:.3f} s, memory +{(watch.peak - idle) / MIB:.1f} MiB")
    assert watch.failures == []
    assert watch.slowest < 1.0
    assert watch.peak - idle < 150 * MIB


class SlowClients:
    """Clients served by one thread: each moves a little every second."""

    def __init__(self, step: Callable[[socket.socket], bool]) -> None:
        self.open: list[socket.socket] = []
        self._step = step

    def run(self, seconds: float) -> None:
        """Move until all are closed by the server, or time is up."""
        deadline = time.monotonic() + seconds
        while self.open and time.monotonic() < deadline:
            started = time.monotonic()
            for client in self.open[:]:
                try:
                    goes_on = self._step(client)
                except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    goes_on = True
                except OSError:
                    goes_on = False
                if not goes_on:
                    client.close()
                    self.open.remove(client)
            time.sleep(max(0.0, 1.0 - (time.monotonic() - started)))

    def close(self) -> None:
        for client in self.open:
            client.close()


def connect(server: RunningServer, port: int, context: ssl.SSLContext | None) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(30)
    client.connect(("127.0.0.1", port))
    if context is not None:
        client = context.wrap_socket(client, server_hostname="localhost")
    return client


def reads(client: socket.socket) -> bool:
    return bool(client.recv(1024))


def sends(client: socket.socket) -> bool:
    client.send(b"x" * 1000)
    return True


def run_slow(
    server: RunningServer,
    count: int,
    tls: bool,
    first: bytes,
    step: Callable[[socket.socket], bool],
    seconds: float,
) -> None:
    port = server.open("slow", tls)
    context = server.tls_context() if tls and first else None
    with watching(server):
        clients = SlowClients(step)
        for _ in range(count):
            client = connect(server, port, context)
            client.sendall(first or bytes.fromhex("1603010200"))
            client.setblocking(False)
            clients.open.append(client)
        clients.run(seconds)
        left = len(clients.open)
        clients.close()
    assert left == 0, f"{left} of {count} are still connected"


GET = b"GET /file/blob HTTP/1.1\r\nHost: a\r\n\r\n"


# fault 22
def test_500_readers_at_a_crawl(start_server: Callable[..., RunningServer], blob: bytes) -> None:
    server = start_server(**DEADLINES)
    (server.data / "blob").write_bytes(blob)
    run_slow(server, 500, False, GET, reads, 60)


# fault 22
def test_200_tls_readers_at_a_crawl(
    start_server: Callable[..., RunningServer], blob: bytes
) -> None:
    server = start_server(**DEADLINES)
    (server.data / "blob").write_bytes(blob)
    run_slow(server, 200, True, GET, reads, 60)


# fault 22
def test_500_half_sent_heads(start_server: Callable[..., RunningServer]) -> None:
    server = start_server(**DEADLINES)
    run_slow(server, 500, False, b"GET / HTTP/1.1\r\nHost: a\r\nX-", reads, 20)


# fault 22
def test_500_stalled_handshakes(start_server: Callable[..., RunningServer]) -> None:
    server = start_server(**DEADLINES)
    run_slow(server, 500, True, b"", reads, 20)


# fault 22
def test_200_uploads_at_a_crawl(start_server: Callable[..., RunningServer]) -> None:
    server = start_server(**DEADLINES)
    first = b"PUT /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n"
    run_slow(server, 200, False, first, sends, 90)


# fault 22
def test_200_tls_readers_of_a_generated_body(start_server: Callable[..., RunningServer]) -> None:
    server = start_server(**DEADLINES)
    run_slow(server, 200, True, b"GET /flood/20 HTTP/1.1\r\nHost: a\r\n\r\n", reads, 90)


def test_clients_of_the_same_connector_are_served_beside_slow_uploads(
    start_server: Callable[..., RunningServer],
) -> None:
    server = start_server(**DEADLINES)
    port = server.open("a")
    first = b"PUT /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n"
    slow = [connect(server, port, None) for _ in range(80)]
    for client in slow:
        client.sendall(first)
    started = time.monotonic()
    for _ in range(20):
        assert server.get("/", port).status == 200
    assert time.monotonic() - started < 2.0
    for client in slow:
        client.close()
