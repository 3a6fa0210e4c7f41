"""Answers from a file that is still being written: they hold no thread and never end falsely."""

import contextlib
import http.client
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.server import RunningServer, wait_for

SIZE = 3 << 20


class GrowingFile:
    """A file that a test lets grow."""

    def __init__(self, server: RunningServer) -> None:
        self.name = uuid4().hex
        self.path = server.data / self.name
        self.path.touch()
        self._server = server
        self.content = b""

    def grow(self, content: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(content)
        self.content += content

    def break_off(self, how: str = "broken") -> None:
        self.path.with_suffix(f".{how}").touch()

    def closed(self) -> int:
        """How many readers have let go of it."""
        mark: Path = self.path.with_suffix(".closed")
        return len(mark.read_text().split()) if mark.exists() else 0

    @contextlib.contextmanager
    def followed(self, port: int, tls: bool) -> Iterator[http.client.HTTPResponse]:
        client = self.open(port, tls)
        try:
            yield client.getresponse()
        finally:
            client.close()

    def open(self, port: int = 0, tls: bool = False) -> http.client.HTTPConnection:
        client = http.client.HTTPConnection("127.0.0.1", port or self._server.port, 20)
        client.sock = self._server.connect(port, tls)
        client.request("GET", f"/growing/{self.name}?{SIZE}")
        return client


@pytest.fixture
def growing(server: RunningServer) -> GrowingFile:
    return GrowingFile(server)


@pytest.fixture(params=["http", "https"])
def entrance(request: pytest.FixtureRequest, server: RunningServer) -> tuple[int, bool]:
    tls = request.param == "https"
    return server.open(f"growing-{request.param}-{uuid4().hex}", tls=tls), tls


def test_bytes_come_as_the_file_grows(growing, entrance):
    with growing.followed(*entrance) as response:
        for piece in (b"first", b"a" * 200_000, b"b" * (SIZE - 200_005)):
            growing.grow(piece)
            assert response.read(len(piece)) == piece
        assert response.read() == b""
        wait_for(lambda: growing.closed() == 1)


def test_the_connection_is_kept_for_the_next_request(growing, entrance):
    client = growing.open(*entrance)
    growing.grow(bytes(SIZE))
    assert len(client.getresponse().read()) == SIZE
    client.request("GET", "/hello")
    assert client.getresponse().read() == b"hello"


@pytest.mark.parametrize("how", ["broken", "failing"])
@pytest.mark.parametrize("sent", [0, 100_000])
def test_what_is_broken_off_ends_before_its_length(growing, entrance, sent, how, server):
    with growing.followed(*entrance) as response:
        growing.grow(bytes(sent))
        assert len(response.read(sent)) == sent
        time.sleep(0.1)
        growing.break_off(how)
        with pytest.raises((http.client.IncompleteRead, OSError)):
            response.read()
        wait_for(lambda: growing.closed() == 1)
    assert len(server.workers()) == 2
    assert "Exception in worker" not in server.log


def test_a_client_that_goes_away_is_let_go(growing, server):
    client = server.connect()
    client.sendall(f"GET /growing/{growing.name}?{SIZE} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert client.recv(1000).startswith(b"HTTP/1.1 200")
    # A reset: after the end of sending alone an answer would still be wanted.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    wait_for(lambda: growing.closed() == 1)


def test_hundreds_of_followers_hold_no_thread(start_server):
    server = start_server(threads=8)
    growing = GrowingFile(server)
    clients = [growing.open() for _ in range(200)]
    growing.grow(bytes(SIZE // 2))
    responses = [client.getresponse() for client in clients]
    for response in responses:
        assert len(response.read(SIZE // 2)) == SIZE // 2
    started = time.monotonic()
    assert server.get("/hello").body == b"hello"
    assert time.monotonic() - started < 1.0
    growing.grow(bytes(SIZE - SIZE // 2))
    for response in responses:
        assert len(response.read()) == SIZE - SIZE // 2
    wait_for(lambda: growing.closed() == len(clients))
