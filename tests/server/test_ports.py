"""Ports open, move and close while the program runs."""

import errno
import http.client
import os
import signal
import socket
import threading
import time
from collections.abc import Callable

import pytest

from nexuslite.server import connectors
from nexuslite.server.connectors import WantedConnector
from nexuslite.server.listener import reason
from tests.support.server import RunningServer, free_port, read_all, read_answer, wait_for


@pytest.fixture(autouse=True)
def _no_connectors(server: RunningServer) -> None:
    server.want()
    wait_for(lambda: set(connectors.read_states(server.run_folder)) == {""})


def refuses(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


# fault 32
def test_a_port_opens_within_a_second_on_every_worker(server: RunningServer) -> None:
    workers = server.workers()
    started = time.monotonic()
    port = server.open("a")
    assert time.monotonic() - started < 1.0
    wait_for(lambda: server.answering_pids(port) == set(workers))


def test_a_request_knows_its_connector(server: RunningServer) -> None:
    port = server.open("repo-7")
    text = server.get("/environ", port).body.decode()
    assert f'"SERVER_PORT": "{port}"' in text
    assert '"nexuslite.connector": "repo-7"' in text
    assert '"nexuslite.connector": ""' in server.get("/environ").body.decode()


# fault 32
def test_a_port_closes_within_a_second(server: RunningServer) -> None:
    port = server.open("a")
    started = time.monotonic()
    server.want()
    wait_for(lambda: refuses(port))
    assert time.monotonic() - started < 1.0
    server.wait_for_state("a", "gone")


def test_a_port_moves(server: RunningServer) -> None:
    old, new = server.open("a"), free_port()
    server.want(WantedConnector("a", "127.0.0.1", new))
    wait_for(lambda: connectors.read_states(server.run_folder)["a"].port == new)
    assert server.get("/", new).status == 200
    wait_for(lambda: refuses(old))


def test_a_port_changes_its_address(server: RunningServer) -> None:
    port = server.open("a")
    server.want(WantedConnector("a", "0.0.0.0", port))
    # No failure shows in between, although the old socket is in the way for a moment.
    wait_for(lambda: '"SERVER_NAME": "0.0.0.0"' in server.get("/environ", port).body.decode())
    assert connectors.read_states(server.run_folder)["a"].state == "open"


# fault 32
def test_a_taken_port_is_reported_retried_and_taken_when_free(server: RunningServer) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        server.want(WantedConnector("a", "127.0.0.1", port))
        state = server.wait_for_state("a", "failed")
        assert "in use" in state.reason
        assert server.get("/").status == 200
    assert server.wait_for_state("a", "open").reason == ""
    assert server.get("/", port).status == 200


def test_the_reason_of_a_privileged_port_says_what_it_takes() -> None:
    assert "CAP_NET_BIND_SERVICE" in reason(PermissionError(errno.EACCES, "Permission denied"))


def test_an_address_of_another_machine_is_reported(server: RunningServer) -> None:
    server.want(
        WantedConnector("a", "192.0.2.1", free_port()),
        WantedConnector("b", "no-address", free_port()),
        WantedConnector("c", "127.0.0.1", 70000),
    )
    for connector in "abc":
        assert server.wait_for_state(connector, "failed").reason


def test_one_failing_port_does_not_stop_another(server: RunningServer) -> None:
    good = free_port()
    server.want(
        WantedConnector("bad", "192.0.2.1", free_port()),
        WantedConnector("good", "127.0.0.1", good),
    )
    server.wait_for_state("bad", "failed")
    server.wait_for_state("good")
    assert server.get("/", good).status == 200


def test_two_connectors_cannot_have_one_port(server: RunningServer) -> None:
    port = free_port()
    server.want(
        WantedConnector("a", "127.0.0.1", port),
        WantedConnector("b", "127.0.0.1", port),
        WantedConnector("c", "127.0.0.1", server.port),
    )
    server.wait_for_state("a")
    assert "connector a" in server.wait_for_state("b", "failed").reason
    assert "web interface" in server.wait_for_state("c", "failed").reason


def test_a_port_goes_from_one_connector_to_another_without_closing(server: RunningServer) -> None:
    port = server.open("a")
    stop = threading.Event()
    refused: list[int] = []

    def knock() -> None:
        while not stop.is_set():
            if refuses(port):
                refused.append(port)

    thread = threading.Thread(target=knock)
    thread.start()
    server.want(WantedConnector("b", "127.0.0.1", port))
    server.wait_for_state("b")
    wait_for(lambda: '"nexuslite.connector": "b"' in server.get("/environ", port).body.decode())
    stop.set()
    thread.join()
    assert refused == []


def test_nonsense_in_the_file_changes_nothing(server: RunningServer) -> None:
    port = server.open("a")
    for text in ("{", "[]", '{"connectors": [{"id": 1}]}'):
        (server.run_folder / "connectors.json").write_text(text)
        time.sleep(0.3)
        assert server.get("/", port).status == 200


def test_closing_a_port_ends_idle_connections_and_lets_requests_finish(
    server: RunningServer,
) -> None:
    port = server.open("a")
    idle = http.client.HTTPConnection("127.0.0.1", port, 10)
    idle.request("GET", "/")
    assert read_answer(idle).headers["connection"] == "keep-alive"
    with server.connect(port) as busy:
        busy.sendall(b"GET /sleep/1.2 HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.2)
        server.close_connector("a")
        assert idle.sock.recv(1) == b""
        answer = read_all(busy)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"Connection: close" in answer


def test_an_upload_goes_on_after_its_port_closed(server: RunningServer) -> None:
    port = server.open("a")
    with server.connect(port) as client:
        client.sendall(b"PUT /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345")
        time.sleep(0.2)
        server.close_connector("a")
        time.sleep(0.3)
        client.sendall(b"67890")
        answer = read_all(client)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"Connection: close" in answer


def test_new_workers_serve_all_ports(server: RunningServer) -> None:
    port = server.open("a")
    for worker in server.workers():
        os.kill(worker, signal.SIGKILL)
    assert server.get("/", port).status == 200
    wait_for(lambda: server.answering_pids(port) == set(server.workers()))
    server.close_connector("a")
    assert refuses(port)


# fault 32
def test_a_port_closes_while_a_reload_waits_for_a_slow_request(server: RunningServer) -> None:
    port = server.open("a")
    with server.connect() as client:
        client.sendall(b"GET /sleep/3 HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.2)
        server.signal(signal.SIGHUP)
        time.sleep(0.3)
        started = time.monotonic()
        server.close_connector("a")
        other = server.open("b")
        assert time.monotonic() - started < 2.0
        assert refuses(port)
        assert server.get("/", other).status == 200
        assert client.recv(100).startswith(b"HTTP/1.1 200")


def test_connectors_of_the_last_run_are_open_from_the_start(
    start_server: Callable[..., RunningServer],
) -> None:
    first = start_server()
    port = first.open("a")
    first.stop()
    second = start_server(data=first.data)
    assert second.get("/", port).status == 200


def test_the_files_round_trip(server: RunningServer, tmp_path: os.PathLike[str]) -> None:
    wanted = [WantedConnector("x", "::1", 8000, True), WantedConnector("y", "0.0.0.0", 8001)]
    connectors.write_wanted(server.data, wanted)
    assert connectors.read_wanted(server.data) == wanted


def test_missing_files_are_nothing(server: RunningServer) -> None:
    folder = server.data / "tls"
    assert connectors.read_wanted(folder) == []
    assert connectors.read_states(folder) == {}
