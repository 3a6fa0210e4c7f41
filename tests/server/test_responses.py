"""What the application returns, and what goes out."""

import pytest

from tests.support.server import RunningServer, read_all


def raw(server: RunningServer, line: str) -> bytes:
    with server.connect() as client:
        client.sendall(f"{line}\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        return read_all(client)


def test_a_stream_is_chunked(server: RunningServer) -> None:
    answer = raw(server, "GET /stream/3 HTTP/1.1")
    assert b"Transfer-Encoding: chunked" in answer
    assert answer.endswith(b"\r\n\r\n" + b"6\r\npiece \r\n" * 3 + b"0\r\n\r\n")


def test_an_empty_stream_is_an_empty_body(server: RunningServer) -> None:
    assert raw(server, "GET /stream/0 HTTP/1.1").endswith(b"\r\n\r\n0\r\n\r\n")


def test_a_stream_to_an_old_client_ends_with_the_connection(server: RunningServer) -> None:
    answer = raw(server, "GET /stream/2 HTTP/1.0")
    assert b"Transfer-Encoding" not in answer
    assert answer.endswith(b"\r\n\r\npiece piece ")


def test_head_has_no_body(server: RunningServer) -> None:
    answer = raw(server, "HEAD /hello HTTP/1.1")
    assert b"Content-Length: 5" in answer
    assert answer.endswith(b"\r\n\r\n")


def test_204_has_neither_body_nor_length(server: RunningServer) -> None:
    answer = raw(server, "GET /empty HTTP/1.1")
    assert b"Content-Length" not in answer
    assert answer.endswith(b"\r\n\r\n")


def test_a_body_shorter_than_announced_ends_the_connection(server: RunningServer) -> None:
    with server.connect() as client:
        client.sendall(b"GET /short HTTP/1.1\r\nHost: a\r\n\r\n")
        assert read_all(client).endswith(b"only this")


def test_an_error_before_the_answer_is_500(server: RunningServer) -> None:
    answer = raw(server, "GET /fail HTTP/1.1")
    assert answer.startswith(b"HTTP/1.1 500")
    assert b"the application fails" not in answer


def test_an_error_within_the_answer_ends_the_connection(server: RunningServer) -> None:
    answer = raw(server, "GET /fail/begun HTTP/1.1")
    assert answer.endswith(b"\r\n\r\n5\r\nbegun\r\n")


def test_the_application_cannot_be_made_to_split_headers(server: RunningServer) -> None:
    answer = raw(server, "GET /split HTTP/1.1")
    assert answer.startswith(b"HTTP/1.1 500")
    assert b"Set-Cookie" not in answer


@pytest.mark.parametrize("size", [0, 3])
def test_a_large_streamed_body_arrives_whole(server: RunningServer, size: int) -> None:
    assert len(server.get(f"/flood/{size}").body) == size << 20
