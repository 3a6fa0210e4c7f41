"""Ports, kills and reloads under load."""

import hashlib
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.support.server import RunningServer, free_port, read_all

pytestmark = pytest.mark.slow

MIB = 1 << 20


# fault 32
def test_a_throttled_pull_survives_20_opens_moves_and_closes(
    start_server: Callable[..., RunningServer],
) -> None:
    server = start_server()
    data = random.Random(1).randbytes(200 * MIB)
    (server.data / "blob").write_bytes(data)
    steady = server.open("steady")
    result: list[bytes] = []

    def pull() -> None:
        digest, received = hashlib.sha256(), 0
        client = server.connect(steady)
        client.sendall(b"GET /file/blob HTTP/1.0\r\n\r\n")
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(1)
        started = time.monotonic()
        while piece := client.recv(256 * 1024):
            digest.update(piece)
            received += len(piece)
            due = started + received / (9 * MIB)
            time.sleep(max(0.0, due - time.monotonic()))
        client.close()
        result.append(digest.digest())

    thread = threading.Thread(target=pull)
    started = time.monotonic()
    thread.start()
    for number in range(20):
        first = server.open("moving", tls=number % 5 == 4)
        assert server.get("/", first, tls=number % 5 == 4).status == 200
        server.close_connector("moving")
        second = server.open("moving", port=free_port())
        assert server.get("/", second).status == 200
        server.close_connector("moving")
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", second)) != 0
    thread.join()
    assert time.monotonic() - started > 20.0
    assert result == [hashlib.sha256(data).digest()]


@dataclass
class Load:
    """200 new connections a second; who served what, and what failed when."""

    server: RunningServer
    port: int
    answered: int = 0
    failed: list[tuple[float, str]] = field(default_factory=list)

    def one(self) -> None:
        started = time.monotonic()
        try:
            with self.server.connect(self.port) as client:
                client.sendall(b"GET /sleep/0.02 HTTP/1.0\r\n\r\n")
                answer = read_all(client)
            assert answer.startswith(b"HTTP/1.1 200"), answer
        except (OSError, AssertionError) as error:
            self.failed.append((started, repr(error)))
        else:
            self.answered += 1

    def run(self, seconds: float) -> None:
        def loop(offset: float) -> None:
            due = time.monotonic() + offset
            until = due + seconds
            while due < until:
                time.sleep(max(0.0, due - time.monotonic()))
                self.one()
                due += 0.1

        threads = [threading.Thread(target=loop, args=(each / 200,)) for each in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


# fault 32
def test_a_killed_worker_loses_only_what_it_was_executing(
    start_server: Callable[..., RunningServer],
) -> None:
    server = start_server()
    load = Load(server, server.open("a"))
    killed: list[float] = []

    def kill() -> None:
        for _ in range(3):
            time.sleep(1.5)
            killed.append(time.monotonic())
            os.kill(server.workers()[0], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    load.run(6.0)
    thread.join()
    assert load.answered > 1000
    # At 200 a second of 20 ms each, four run at any time, in two workers.
    assert len(load.failed) <= 3 * 8
    for started, error in load.failed:
        assert any(moment - 0.5 < started <= moment + 0.05 for moment in killed), error


# fault 32
def test_a_reload_loses_nothing(start_server: Callable[..., RunningServer]) -> None:
    server = start_server()
    load = Load(server, server.open("a"))
    before = server.workers()

    def reload() -> None:
        for _ in range(3):
            time.sleep(1.5)
            server.signal(signal.SIGHUP)

    thread = threading.Thread(target=reload)
    thread.start()
    load.run(6.0)
    thread.join()
    assert load.failed == []
    assert load.answered > 1000
    assert not set(before) & set(server.workers())


# fault 32
def test_connections_queued_on_a_closing_port_are_answered(
    start_server: Callable[..., RunningServer],
) -> None:
    server = start_server()
    refused, answered, lost = [], [], []

    def knock(port: int, stop: threading.Event) -> None:
        while not stop.is_set():
            client = socket.socket()
            client.settimeout(10)
            try:
                client.connect(("127.0.0.1", port))
            except ConnectionRefusedError:
                refused.append(port)
                return
            try:
                client.sendall(b"GET / HTTP/1.0\r\n\r\n")
                (answered if read_all(client).startswith(b"HTTP/1.1 200") else lost).append(port)
            except OSError as error:
                lost.append(error)
            client.close()

    for number in range(5):
        stop = threading.Event()
        port = server.open(f"a{number}")
        threads = [threading.Thread(target=knock, args=(port, stop)) for _ in range(6)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        server.close_connector(f"a{number}")
        stop.set()
        for thread in threads:
            thread.join()
    assert len(answered) > 100
    # The kernel resets what arrives between the last accept and close; next to nothing.
    assert len(lost) <= 1


def test_memory_stays_flat_during_a_large_upload_and_download(
    start_server: Callable[..., RunningServer],
) -> None:
    server = start_server()
    size = 1 << 30
    with (server.data / "blob").open("wb") as file:
        file.truncate(size)
    for _ in range(10):
        server.answering_pids()
    idle, peak, stop = server.memory(), [0], threading.Event()

    def watch() -> None:
        while not stop.wait(0.1):
            peak[0] = max(peak[0], server.memory())

    thread = threading.Thread(target=watch)
    thread.start()
    piece = bytes(32768)
    for port, tls in ((server.port, False), (server.open("tls", tls=True), True)):
        body = (piece for _ in range(size // len(piece)))
        answer = server.request("PUT", "/sum", body, port=port, tls=tls, timeout=120)
        assert answer.body.startswith(b"%d " % size)
        with server.connect(port, tls) as client:
            client.sendall(b"GET /file/blob HTTP/1.0\r\n\r\n")
            received = 0
            while data := client.recv(1 << 20):
                received += len(data)
        assert received > size
    stop.set()
    thread.join()
    assert peak[0] - idle < 30 * MIB
