"""Start, stop, reload, and what happens when processes die."""

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.server import RunningServer, free_port, is_alive, read_all, wait_for

Start = Callable[..., RunningServer]


# fault 32
def test_a_second_instance_on_the_same_data_is_refused(start_server: Start) -> None:
    server = start_server()
    second = RunningServer(server.data, log_level="info")
    assert second.process.wait(15) == 1
    assert "Another instance" in server.log
    assert str(server.process.pid) in server.log
    assert server.get("/").status == 200


def test_a_taken_main_port_ends_the_program_with_a_clear_message(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        server = RunningServer(tmp_path / "data", port=port)
        assert server.process.wait(15) == 1
    assert server.log.strip() == (
        f"The web interface cannot listen on 127.0.0.1:{port}: "
        "the port is already in use by another program."
    )


def test_sigterm_lets_requests_finish(start_server: Start) -> None:
    server = start_server()
    with server.connect() as client:
        client.sendall(b"GET /sleep/1 HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.3)
        server.signal(signal.SIGTERM)
        answer = read_all(client)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"Connection: close" in answer
    assert server.process.wait(15) == 0


def test_sigterm_stops_an_idle_server_at_once(start_server: Start) -> None:
    server = start_server(background="yes")
    wait_for(server.background_pids)
    family = [*server.workers(), *server.background_pids()]
    started = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started < 3.0
    assert not any(is_alive(pid) for pid in family)
    assert (server.data / "background-ended").read_text() == "orderly"


def test_nothing_outlives_a_killed_arbiter(start_server: Start) -> None:
    server = start_server(background="yes")
    wait_for(server.background_pids)
    family = [*server.workers(), *server.background_pids()]
    server.process.kill()
    server.process.wait()
    wait_for(lambda: not any(is_alive(pid) for pid in family), 3.0)


def test_a_killed_server_starts_again_at_once_on_the_same_port(start_server: Start) -> None:
    server = start_server(port=free_port())
    server.process.kill()
    server.process.wait()
    again = start_server(data=server.data, port=server.port)
    assert again.get("/").status == 200


def test_a_killed_worker_is_replaced(start_server: Start) -> None:
    server = start_server()
    before = server.workers()
    os.kill(before[0], signal.SIGKILL)
    wait_for(lambda: not is_alive(before[0]))
    after = server.workers()
    assert before[0] not in after
    assert before[1] in after


def test_a_reload_replaces_all_workers_and_the_background_process(start_server: Start) -> None:
    server = start_server(background="yes")
    before = server.workers()
    wait_for(server.background_pids)
    server.signal(signal.SIGHUP)
    wait_for(lambda: not set(server.workers()) & set(before))
    wait_for(lambda: len(server.background_pids()) == 2)
    assert (server.data / "background-ended").exists()


def test_the_background_process_starts_again_when_it_dies(start_server: Start) -> None:
    server = start_server(background="yes")
    first = wait_for(server.background_pids)[0]
    os.kill(first, signal.SIGKILL)
    second = wait_for(lambda: len(server.background_pids()) == 2 and server.background_pids()[1])
    assert is_alive(second)


def test_a_background_process_that_keeps_dying_is_started_less_and_less_often(
    start_server: Start,
) -> None:
    server = start_server(background="crash")
    time.sleep(2.5)
    # After 0, 1 and 3 seconds.
    assert len(server.background_pids()) == 2


def test_the_hook_runs_in_every_worker_and_in_the_background_process(start_server: Start) -> None:
    server = start_server(background="yes")

    def forked() -> set[int]:
        return {int(line) for line in (server.data / "forks").read_text().split()}

    wait_for(server.background_pids)
    wait_for(lambda: forked() == {*server.workers(), *server.background_pids()})


def test_the_background_process_does_not_keep_closed_ports(start_server: Start) -> None:
    server = start_server(background="yes")
    port = server.open("a")
    os.kill(wait_for(server.background_pids)[0], signal.SIGKILL)
    wait_for(lambda: len(server.background_pids()) == 2)
    server.close_connector("a")
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))


def test_the_limit_on_open_files_is_raised(start_server: Start) -> None:
    server = start_server()
    limits = Path(f"/proc/{server.workers()[0]}/limits").read_text()
    line = next(line for line in limits.splitlines() if line.startswith("Max open files"))
    soft, hard = line.split()[3:5]
    assert soft == hard


def test_a_quiet_server_logs_nothing(start_server: Start) -> None:
    server = start_server()
    server.get("/")
    with server.connect() as client:
        client.sendall(b"NONSENSE\r\n\r\n")
        read_all(client)
    server.stop()
    assert server.log == ""


def test_secrets_do_not_get_into_the_log(start_server: Start) -> None:
    server = start_server(access_log=True, log_level="debug")
    server.request("GET", "/?token=s3cret", headers={"Authorization": "Basic s3cret"})
    server.request("GET", "/fail", headers={"Authorization": "Bearer s3cret"})
    with server.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization s3cret\r\n\r\n")
        assert b"400 Bad Request" in read_all(client)
    server.stop()
    assert "GET / 200" in server.log
    assert "GET /fail" in server.log
    assert "s3cret" not in server.log


def test_options_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    server = RunningServer(tmp_path / "data", trusted_proxies=["not an address"])
    assert server.process.wait(15) != 0
    assert "not an address" in server.log


def test_errors_are_logged_with_the_request_s_id(start_server: Start) -> None:
    server = start_server()
    assert server.get("/fail").status == 500
    request_id = server.log.split("Error in request ")[1].split(":")[0]
    assert len(request_id) == 24
    assert "the application fails" in server.log
