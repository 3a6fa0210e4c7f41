"""An upload whose server is killed in the middle: the client learns how far it got and goes on."""

import socket

import pytest

from tests.faults.client import Client, digest_of, random_bytes
from tests.support.process import LOOPBACK, ProgramProcess
from tests.support.server import wait_for

MIB = 1 << 20
CONTENT = random_bytes(6 * MIB, "interrupted")
BOTH_DATABASES = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)


def send_part(client: Client, method: str, location: str, part: bytes, total: int) -> socket.socket:
    """Begin a request with a body of `total` bytes and send only a part of it."""
    head = [f"{method} {location} HTTP/1.1", f"Host: {LOOPBACK}", f"Content-Length: {total}"]
    head += [f"{name}: {value}" for name, value in client.headers().items()]
    sock = socket.create_connection((LOOPBACK, client.port), 20)
    sock.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + part)
    return sock


def staged_bytes(server: ProgramProcess) -> int:
    return sum(path.stat().st_size for path in (server.data / "blobs/default/staging").iterdir())


def offset_of(client: Client, location: str) -> int:
    answer = client.request("GET", location)
    assert answer.status == 204, answer
    first, _, last = answer.headers["range"].partition("-")
    assert first == "0"
    return int(last) + 1


@BOTH_DATABASES
def test_killed_during_a_patch_the_session_tells_what_is_there(program, database):  # fault 1
    server = program(**database).start()
    repository = server.create_hosted("hosted")
    client = Client(repository.http_port)
    location = client.start_upload()
    assert client.patch(location, CONTENT[:MIB], 0).status == 202
    with send_part(client, "PATCH", location, CONTENT[MIB : 4 * MIB], len(CONTENT) - MIB):
        wait_for(lambda: staged_bytes(server) == 4 * MIB, 20, "the part is staged")
        # While it is being written to, what is recorded counts, and nobody is disturbed.
        assert offset_of(client, location) == MIB
        server.kill()
    server.start()
    server.wait_until_open(repository.http_port)
    assert client.request("HEAD", f"blobs/{digest_of(CONTENT)}").status == 404
    assert offset_of(client, location) == 4 * MIB
    answer = client.patch(location, CONTENT[MIB:], MIB)
    assert answer.status == 416
    assert answer.headers["range"] == f"0-{4 * MIB - 1}"
    assert client.patch(location, CONTENT[4 * MIB :], 4 * MIB).status == 202
    assert client.finish_upload(location, digest_of(CONTENT)).status == 201
    assert client.request("GET", f"blobs/{digest_of(CONTENT)}").body == CONTENT


@pytest.mark.slow
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_killed_during_a_request_the_upload_goes_on_where_it_was_recorded(program, method):
    # fault 1: a client that does not ask sends the same bytes again.
    server = program().start()
    repository = server.create_hosted("hosted")
    client = Client(repository.http_port)
    location = client.start_upload()
    assert client.patch(location, CONTENT[:MIB], 0).status == 202
    target = location if method == "PATCH" else f"{location}?digest={digest_of(CONTENT)}"
    with send_part(client, method, target, CONTENT[MIB : 2 * MIB], len(CONTENT) - MIB):
        wait_for(lambda: staged_bytes(server) == 2 * MIB, 20, "the part is staged")
        server.kill()
    server.start()
    server.wait_until_open(repository.http_port)
    assert client.finish_upload(location, digest_of(CONTENT), CONTENT[MIB:]).status == 201
    assert client.request("GET", f"blobs/{digest_of(CONTENT)}").body == CONTENT


@pytest.mark.slow
def test_killed_during_a_single_post_nothing_is_there(program):  # fault 1
    server = program().start()
    repository = server.create_hosted("hosted")
    client = Client(repository.http_port)
    target = client.path(f"blobs/uploads/?digest={digest_of(CONTENT)}")
    with send_part(client, "POST", target, CONTENT[:MIB], len(CONTENT)):
        wait_for(lambda: staged_bytes(server) == MIB, 20, "the part is staged")
        server.kill()
    server.start()
    server.wait_until_open(repository.http_port)
    assert client.request("HEAD", f"blobs/{digest_of(CONTENT)}").status == 404
    assert client.push_single_post(CONTENT).status == 201
    assert client.request("GET", f"blobs/{digest_of(CONTENT)}").body == CONTENT


def test_a_client_that_hangs_up_leaves_nothing_of_a_single_post(program):
    server = program().start()
    repository = server.create_hosted("hosted")
    client = Client(repository.http_port)
    target = client.path(f"blobs/uploads/?digest={digest_of(CONTENT)}")
    with send_part(client, "POST", target, CONTENT[:MIB], len(CONTENT)):
        wait_for(lambda: staged_bytes(server) == MIB, 20, "the part is staged")
    wait_for(lambda: staged_bytes(server) == 0, 20, "the part is gone")
