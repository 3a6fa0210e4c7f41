"""Request heads: strict, patient, and never with a thread."""

import socket
import time

import pytest

from tests.support.server import RunningServer, is_cut_off, read_all

HELLO = bytes.fromhex("1603010005010000010303")


def ask(server: RunningServer, data: bytes) -> bytes:
    with server.connect() as client:
        client.sendall(data)
        return read_all(client)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"NONSENSE\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA b: c\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\nHost: a\n\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n", b"400"),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", b"505"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
        (b"GET /%b HTTP/1.1\r\nHost: a\r\n\r\n" % (b"x" * 9000), b"414"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: %b\r\n\r\n" % (b"x" * 9000), b"431"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n%b\r\n" % (b"A: b\r\n" * 200), b"431"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 20000, b"431"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\n\r\n", b"417"),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: magic\r\n\r\n", b"501"),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", b"400"),
        (b"PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na", b"400"),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", b"400"),
        (
            b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
            b"400",
        ),
    ],
)
def test_a_bad_head_is_refused_and_the_connection_closed(
    server: RunningServer, head: bytes, status: bytes
) -> None:
    answer = ask(server, head)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"Connection: close" in answer
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_refusal_does_not_repeat_what_was_sent(server: RunningServer) -> None:
    assert b"s3cret" not in ask(server, b"GET / HTTP/1.1\r\nAuthorization s3cret\r\n\r\n")


def test_a_head_may_come_byte_by_byte(server: RunningServer) -> None:
    with server.connect() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n":
            client.sendall(bytes([byte]))
        assert read_all(client).endswith(b"hello")


def test_pipelined_requests_are_answered_in_order(server: RunningServer) -> None:
    head = b"PUT /read HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n"
    last = b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    answer = ask(server, b"".join(head + str(n).encode() for n in range(5)) + last)
    bodies = [part.partition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200 OK")[1:]]
    assert bodies == [b"0", b"1", b"2", b"3", b"4", b"hello"]


def test_an_empty_line_before_a_request_is_ignored(server: RunningServer) -> None:
    answer = ask(server, b"\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")


def test_http_1_0_closes_unless_asked_to_keep(server: RunningServer) -> None:
    assert b"Connection: close" in ask(server, b"GET / HTTP/1.0\r\n\r\n")
    with server.connect() as client:
        for _ in range(2):
            client.sendall(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert b"Connection: keep-alive" in client.recv(4096)


def test_an_upgrade_to_http_2_is_ignored(server: RunningServer) -> None:
    answer = ask(
        server,
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\n"
        b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"101" not in answer


def test_repeated_headers_are_joined(server: RunningServer) -> None:
    lines = b"".join(b"Accept: type/%d\r\n" % number for number in range(6))
    answer = ask(server, b"GET /environ HTTP/1.0\r\n%b\r\n" % lines)
    assert b'"HTTP_ACCEPT": "type/0,type/1,type/2,type/3,type/4,type/5"' in answer


def test_the_path_is_decoded_and_the_raw_target_kept(server: RunningServer) -> None:
    answer = ask(server, b"GET /environ/a%2Fb%20c?d=%20 HTTP/1.0\r\n\r\n")
    assert b'"PATH_INFO": "/environ/a/b c"' in answer
    assert b'"RAW_URI": "/environ/a%2Fb%20c?d=%20"' in answer
    assert b'"QUERY_STRING": "d=%20"' in answer


def test_every_request_has_an_id_of_its_own(server: RunningServer) -> None:
    import json

    ids = {json.loads(server.get("/environ").body)["nexuslite.request_id"] for _ in range(20)}
    assert len(ids) == 20


# dockerd tries TLS first on loopback; every second of waiting costs a command ten of them.
def test_tls_on_a_plain_port_gets_400_and_the_end_at_once(server: RunningServer) -> None:
    started = time.monotonic()
    answer = ask(server, HELLO)
    assert time.monotonic() - started < 0.5
    assert answer == (
        b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTPS request to an HTTP server.\n"
    )


# fault 22
def test_half_a_head_is_closed_at_its_deadline_and_holds_no_thread(server: RunningServer) -> None:
    clients = [server.connect() for _ in range(40)]
    started = time.monotonic()
    for number, client in enumerate(clients):
        client.sendall(b"GET / HTTP/1.1\r\nHost"[: number % 20])
    assert server.get("/").status == 200
    for client in clients:
        assert client.recv(1) == b""
        client.close()
    assert 0.4 < time.monotonic() - started < 4.0


# fault 22
def test_trickling_a_head_does_not_move_its_deadline(server: RunningServer) -> None:
    with server.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nA: ")
        assert is_cut_off(client, 4.0)


def test_a_kept_connection_may_be_idle_for_longer_than_a_head_may_take(
    server: RunningServer,
) -> None:
    with server.connect() as client:
        for pause in (1.3, 0.0):
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 200")
            time.sleep(pause)


# fault 22
def test_the_second_head_on_a_connection_has_a_deadline_too(server: RunningServer) -> None:
    with server.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        client.sendall(b"GET / HT")
        started = time.monotonic()
        assert client.recv(1) == b""
        assert time.monotonic() - started < 3.0
