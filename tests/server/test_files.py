"""File bodies, and readers that take their time."""

import contextlib
import hashlib
import http.client
import io
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nexuslite.server.files import FileSlice, FileWrapper, file_wrapper
from tests.support.server import RunningServer, read_all, read_answer, wait_for

SIZE = 12_000_000


@pytest.fixture(scope="module")
def content(server: RunningServer) -> bytes:
    data = os.urandom(SIZE)
    (server.data / "blob").write_bytes(data)
    return data


@pytest.fixture(scope="module", params=[False, True], ids=["http", "https"])
def tls(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(scope="module")
def port(server: RunningServer, tls: bool) -> int:
    return server.open(f"files-{tls}", tls)


def slow_reader(server: RunningServer, path: str, port: int, tls: bool = False) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(20)
    client.connect(("127.0.0.1", port))
    if tls:
        client = server.tls_context().wrap_socket(client, server_hostname="localhost")
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    return client


def test_a_file_arrives_whole_and_the_connection_is_kept(
    server: RunningServer, content: bytes, port: int, tls: bool
) -> None:
    client = http.client.HTTPConnection("127.0.0.1", port)
    client.sock = server.connect(port, tls)
    for _ in range(3):
        client.request("GET", "/file/blob")
        answer = read_answer(client)
        assert answer.body == content
        assert answer.headers["connection"] == "keep-alive"
    client.close()


@pytest.mark.parametrize(("offset", "length"), [(0, 1), (5, 0), (1_000_001, 3_333_333)])
def test_a_part_of_a_file(
    server: RunningServer, content: bytes, port: int, tls: bool, offset: int, length: int
) -> None:
    answer = server.get(f"/file/blob?{offset}-{length}", port, tls)
    assert answer.body == content[offset : offset + length]


def test_a_wrapped_file_is_sent_with_its_length(
    server: RunningServer, content: bytes, port: int, tls: bool
) -> None:
    answer = server.get("/wrapped/blob", port, tls)
    assert answer.body == content
    assert answer.headers["content-length"] == str(SIZE)


def test_head_sends_no_file(server: RunningServer, content: bytes, port: int, tls: bool) -> None:
    answer = server.request("HEAD", "/file/blob", port=port, tls=tls)
    assert answer.body == b""
    assert answer.headers["content-length"] == str(SIZE)


def test_a_file_that_is_shorter_than_announced_ends_the_connection(
    server: RunningServer, content: bytes, port: int, tls: bool
) -> None:
    with server.connect(port, tls) as client:
        client.sendall(f"GET /file/blob?{SIZE - 10}-20 HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert read_all(client).endswith(b"\r\n\r\n" + content[-10:])


def test_descriptors_are_given_back(server: RunningServer, content: bytes) -> None:
    def open_files() -> int:
        return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in server.workers())

    server.answering_pids()
    before = wait_for(open_files)
    for _ in range(20):
        server.get("/file/blob")
        reader = slow_reader(server, "/file/blob", server.port)
        reader.recv(10)
        reader.close()
    wait_for(lambda: open_files() <= before + 1)


# fault 22
def test_slow_readers_hold_no_thread(
    start_server: Callable[..., RunningServer], content: bytes, tls: bool
) -> None:
    server = start_server(threads=2, minimum_rate=(4096, 30.0))
    (server.data / "blob").write_bytes(content)
    port = server.open("a", tls)
    clients = [slow_reader(server, "/file/blob", port, tls) for _ in range(30)]
    # Each may have a thread for a moment before it is found to be slow.
    wait_for(lambda: server.get("/", port, tls, timeout=5).status == 200)
    started = time.monotonic()
    for _ in range(10):
        assert server.get("/", port, tls).status == 200
    assert time.monotonic() - started < 1.0
    for client in clients:
        client.close()


# fault 22
def test_readers_that_stop_are_cut_off(server: RunningServer, content: bytes) -> None:
    plain, encrypted = server.open("stop-http"), server.open("stop-https", tls=True)
    clients = [
        slow_reader(server, path, port, tls)
        for path in ("/file/blob", "/flood/50")
        for port, tls in ((plain, False), (encrypted, True))
    ]
    time.sleep(3.2)
    for client in clients:
        received = 0
        with contextlib.suppress(OSError):
            while piece := client.recv(65536):
                received += len(piece)
        client.close()
        assert 0 < received < SIZE


def test_a_slow_but_steady_reader_gets_everything(
    server: RunningServer, content: bytes, port: int, tls: bool
) -> None:
    client = slow_reader(server, "/file/blob", port, tls)
    digest, received, started = hashlib.sha256(), 0, time.monotonic()
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(1)
    while received < SIZE:
        piece = client.recv(65536)
        digest.update(piece)
        received += len(piece)
        if time.monotonic() - started < 2.2:
            time.sleep(0.01)
    assert digest.hexdigest() == hashlib.sha256(content).hexdigest()
    # And the connection goes on.
    client.sendall(b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert read_all(client).endswith(b"hello")
    client.close()


def test_many_files_at_once_are_all_right(
    server: RunningServer, content: bytes, port: int, tls: bool
) -> None:
    expected = hashlib.sha256(content).digest()
    digests: list[bytes] = []

    def pull() -> None:
        digests.append(hashlib.sha256(server.get("/file/blob", port, tls).body).digest())

    threads = [threading.Thread(target=pull) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert digests == [expected] * 12


# ---- under any WSGI server


def test_a_slice_is_an_iterable_of_chunks(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 10_000)
    piece = FileSlice(path.open("rb"), 100, 2_000_000)
    chunks = list(piece)
    assert b"".join(chunks) == path.read_bytes()[100:2_000_100]
    assert max(map(len, chunks)) == 1 << 20
    piece.close()
    assert piece.file.closed


def test_a_slice_beyond_the_end_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    piece = FileSlice(path.open("rb"), 3, 10)
    with pytest.raises(OSError, match="8 bytes early"):
        list(piece)
    piece.close()


def test_the_file_wrapper_leaves_a_slice_alone(tmp_path: Path) -> None:
    piece = FileSlice(io.BytesIO(b"x"), 0, 1)
    assert file_wrapper(piece, 10) is piece


def test_the_file_wrapper_iterates_what_is_no_file() -> None:
    wrapped = file_wrapper(io.BytesIO(b"123456789"), 4)
    assert isinstance(wrapped, FileWrapper)
    assert wrapped.as_slice() is None
    assert list(wrapped) == [b"1234", b"5678", b"9"]
    wrapped.close()
