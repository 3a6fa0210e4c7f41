"""Request bodies over real sockets."""

import hashlib
import http.client
import os
import socket
import time
from collections.abc import Iterator

import pytest

from tests.support.server import RunningServer, is_cut_off, read_all, read_answer


def chunked(data: bytes, size: int, extension: bytes = b"", trailer: bytes = b"") -> bytes:
    chunks = [
        b"%x%b\r\n%b\r\n" % (len(data[start : start + size]), extension, data[start : start + size])
        for start in range(0, len(data), size)
    ]
    return b"".join(chunks) + b"0\r\n" + trailer + b"\r\n"


def head(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"PUT {path} HTTP/1.1", "Host: a", *headers, "", ""]).encode()


def expected(data: bytes) -> bytes:
    return f"{len(data)} {hashlib.sha256(data).hexdigest()}".encode()


def answer_of(server: RunningServer, *pieces: bytes, pause: float = 0.0) -> bytes:
    with server.connect() as client:
        for piece in pieces:
            client.sendall(piece)
            time.sleep(pause)
        client.shutdown(socket.SHUT_WR)
        return read_all(client)


CHUNKED = "Transfer-Encoding: chunked"


@pytest.mark.parametrize("size", [0, 1, 8191, 100_000, 3_000_000])
@pytest.mark.parametrize("buffer", [1 << 20, 70_000, 333])
def test_a_body_with_length_arrives_whole(server: RunningServer, size: int, buffer: int) -> None:
    data = os.urandom(size if buffer > 1000 else min(size, 50_000))
    answer = server.request("PUT", f"/sum/{buffer}", data)
    assert answer.body == expected(data)
    assert answer.headers["connection"] == "keep-alive"


@pytest.mark.parametrize("chunk", [1, 100, 32 * 1024, 200_000, 2_000_000])
@pytest.mark.parametrize("buffer", [1 << 20, 70_000, 333])
def test_a_chunked_body_arrives_whole(server: RunningServer, chunk: int, buffer: int) -> None:
    data = os.urandom(min(chunk * 50, 2_500_000 if buffer > 1000 else 50_000))

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(data), chunk):
            yield data[start : start + chunk]

    answer = server.request("PUT", f"/sum/{buffer}", pieces())
    assert answer.body == expected(data)
    assert answer.headers["connection"] == "keep-alive"


@pytest.mark.parametrize("step", [1, 2, 3, 7, 50])
def test_chunk_framing_may_be_cut_anywhere(server: RunningServer, step: int) -> None:
    data = os.urandom(60)
    coded = chunked(data, 17, b' ; a = "b"', b"X-Check: 1\r\n")
    following = b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    raw = head("/sum", CHUNKED) + coded + following
    with server.connect() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(raw), step):
            client.sendall(raw[start : start + step])
            if step < 10:
                time.sleep(0.0005)
        answer = read_all(client)
    assert expected(data) in answer
    assert answer.endswith(b"hello")


@pytest.mark.parametrize(
    "body",
    [
        b"5\r\nhelloX\r\n0\r\n\r\n",
        b"5\r\nhello0\r\n\r\n",
        b"g\r\n",
        b"\r\n",
        b"-1\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b"5_0\r\n",
        b"5;a\x01\r\nhello\r\n0\r\n\r\n",
        b"ffffffffffffffffffff\r\n",
        b"5" + b"0" * 9000,
        b"5;" + b"a" * 9000,
        b"0\r\nContent-Length: 5\r\n\r\n",
        b"0\r\nno colon\r\n\r\n",
        b"0\r\n" + b"A: b\r\n" * 20000,
    ],
)
def test_broken_chunks_are_400_and_the_end(server: RunningServer, body: bytes) -> None:
    smuggled = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
    with server.connect() as client:
        client.sendall(head("/sum", CHUNKED) + body + smuggled)
        answer = read_all(client)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"Connection: close" in answer
    assert answer.count(b"HTTP/1.1") == 1


def test_an_application_may_answer_broken_chunks_itself(server: RunningServer) -> None:
    answer = answer_of(server, head("/sum?catch", CHUNKED), b"nonsense\r\n")
    assert answer.startswith(b"HTTP/1.1 418")
    assert answer.endswith(b"MalformedBodyError")
    assert b"Connection: close" in answer


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (["Content-Length: 10"], b"12345"),
        ([CHUNKED], b"a\r\n12345"),
        ([CHUNKED], b"5\r\n12345\r\n"),
        ([CHUNKED], b"5\r\n12345\r\n0\r\n"),
    ],
)
def test_a_body_that_ends_early_is_never_taken_for_whole(
    server: RunningServer, headers: list[str], body: bytes
) -> None:
    assert answer_of(server, head("/sum", *headers), body) == b""
    caught = answer_of(server, head("/sum?catch", *headers), body)
    assert caught.endswith(b"ClientDisconnectedError")


def test_read_gives_as_much_as_was_asked_for(server: RunningServer) -> None:
    answer = answer_of(
        server, head("/read/4", "Content-Length: 10", "Connection: close"), b"01", b"23456", b"789",
        pause=0.02,
    )  # fmt: skip
    assert answer.endswith(b"\r\n\r\n0123|4567|89")


def test_lines_are_lines(server: RunningServer) -> None:
    body = b"one\ntwo\n\nlast"
    for headers, coded in ((["Content-Length: 13"], body), ([CHUNKED], chunked(body, 2))):
        answer = answer_of(server, head("/lines", *headers, "Connection: close"), coded)
        assert answer.endswith(b"\r\n\r\none\n|two\n|\n|last")


def test_100_continue_comes_when_the_body_is_read(server: RunningServer) -> None:
    with server.connect() as client:
        client.sendall(head("/sum", "Content-Length: 5", "Expect: 100-continue"))
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"hello")
        answer = client.recv(4096)
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"Connection: keep-alive" in answer


def test_no_100_continue_when_the_body_is_not_wanted(server: RunningServer) -> None:
    with server.connect() as client:
        client.sendall(head("/refuse", "Content-Length: 5", "Expect: 100-continue"))
        answer = read_all(client)
    assert answer.startswith(b"HTTP/1.1 403")
    # Whether the client sends the body now is unknown, so nothing may follow.
    assert b"Connection: close" in answer


def test_no_100_continue_for_a_client_that_did_not_wait(server: RunningServer) -> None:
    with server.connect() as client:
        client.sendall(head("/sum", "Content-Length: 5", "Expect: 100-continue") + b"hello")
        assert client.recv(4096).startswith(b"HTTP/1.1 200")


def test_a_small_unread_body_does_not_cost_the_connection(server: RunningServer) -> None:
    client = http.client.HTTPConnection("127.0.0.1", server.port, 10)
    for _ in range(3):
        client.request("PUT", "/refuse", b"x" * 5000)
        answer = read_answer(client)
        assert (answer.status, answer.headers["connection"]) == (403, "keep-alive")
    client.close()


def test_a_small_unread_body_that_comes_late_is_skipped(server: RunningServer) -> None:
    with server.connect() as client:
        client.sendall(head("/refuse", "Content-Length: 10") + b"123")
        assert client.recv(4096).startswith(b"HTTP/1.1 403")
        time.sleep(0.1)
        client.sendall(b"4567890GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.recv(4096).endswith(b"hello")


@pytest.mark.parametrize("coded", [False, True])
@pytest.mark.parametrize("read_first", [0, 100_000])
def test_a_refusal_in_the_middle_of_an_upload_is_an_answer_not_a_reset(
    server: RunningServer, coded: bool, read_first: int
) -> None:
    # A client that looks at the answer only when it has sent everything.
    size = 8_000_000
    with server.connect() as client:
        path = f"/refuse/{read_first or ''}"
        client.sendall(head(path, CHUNKED if coded else f"Content-Length: {size}"))
        piece = b"x" * 32768
        if coded:
            piece = b"8000\r\n" + piece + b"\r\n"
        for _ in range(size // 32768):
            client.sendall(piece)
        answer = read_all(client)
    assert answer.startswith(b"HTTP/1.1 403")
    assert answer.endswith(b"denied: not here")
    assert b"Connection: close" in answer


@pytest.mark.parametrize(("pause", "seconds"), [(1.0, 3.0), (0.1, 5.0)])
def test_a_client_that_does_not_take_the_hint_is_closed_in_the_end(
    server: RunningServer, pause: float, seconds: float
) -> None:
    with server.connect() as client:
        client.sendall(head("/refuse", "Content-Length: 1000000000"))
        assert client.recv(4096).startswith(b"HTTP/1.1 403")
        assert client.recv(1) == b""
        assert is_cut_off(client, seconds, pause)


# fault 22
def test_a_stalled_upload_is_cut_off_with_408(server: RunningServer) -> None:
    with server.connect() as client:
        client.sendall(head("/sum", "Content-Length: 1000000") + b"x" * 100)
        started = time.monotonic()
        answer = read_all(client)
        assert 0.9 < time.monotonic() - started < 6.0
    assert answer.startswith(b"HTTP/1.1 408")


def test_a_slow_but_steady_upload_is_not_cut_off(server: RunningServer) -> None:
    data = b"x" * 30_000
    with server.connect() as client:
        client.sendall(head("/sum", f"Content-Length: {len(data)}", "Connection: close"))
        for start in range(0, len(data), 2000):
            client.sendall(data[start : start + 2000])
            time.sleep(0.15)
        assert read_all(client).endswith(expected(data))
