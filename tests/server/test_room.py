"""When threads or connections run out, it is never for everybody."""

import time
from collections.abc import Callable

from tests.support.server import RunningServer, read_all

Start = Callable[..., RunningServer]

SLEEP = b"GET /sleep/%b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


# fault 22
def test_a_request_that_gets_no_thread_in_time_is_503(start_server: Start) -> None:
    server = start_server(workers=1, threads=1, queue_timeout=0.3)
    with server.connect() as busy, server.connect() as waiting:
        busy.sendall(SLEEP % b"2")
        time.sleep(0.1)
        waiting.sendall(SLEEP % b"0")
        answer = read_all(waiting)
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"Retry-After: " in answer
        assert read_all(busy).startswith(b"HTTP/1.1 200")


def test_a_request_that_waits_for_a_thread_gets_one(start_server: Start) -> None:
    server = start_server(workers=1, threads=1)
    clients = [server.connect() for _ in range(5)]
    for client in clients:
        client.sendall(SLEEP % b"0.1")
    for client in clients:
        assert read_all(client).startswith(b"HTTP/1.1 200")
        client.close()


# fault 22
def test_a_connector_leaves_threads_for_the_others(start_server: Start) -> None:
    server = start_server(workers=1, threads=8, queue_timeout=10.0)
    port = server.open("a")
    clients = [server.connect(port) for _ in range(10)]
    for client in clients:
        client.sendall(SLEEP % b"0.7")
    started = time.monotonic()
    for _ in range(5):
        assert server.get("/").status == 200
    assert time.monotonic() - started < 0.5
    for client in clients:
        client.close()


# fault 22
def test_a_connector_leaves_connections_for_the_others(start_server: Start) -> None:
    server = start_server(workers=1, max_connections=20, header_timeout=5.0)
    port = server.open("a")
    clients = [server.connect(port) for _ in range(60)]
    started = time.monotonic()
    for _ in range(5):
        assert server.get("/").status == 200
    assert time.monotonic() - started < 1.0
    for client in clients:
        client.close()
    assert server.get("/", port).status == 200


def test_idle_connections_give_way(start_server: Start) -> None:
    server = start_server(workers=1, max_connections=20)
    clients = []
    for _ in range(40):
        client = server.connect()
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        clients.append(client)
    for client in clients:
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        client.close()
