"""A fetch belongs to the node: not to the client that asked first, not to the worker that leads."""

from __future__ import annotations

import http.client
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.client import Client
from tests.proxy.programs import ProgramProxy, create_proxy
from tests.support.images import random_bytes
from tests.support.process import ProgramProcess, running_program
from tests.support.registry import digest_of
from tests.support.remote import Fault, Remote, running_remote
from tests.support.server import wait_for

MIB = 1 << 20
LAYER_SIZE = 6 * MIB


@pytest.fixture(scope="module")
def remote() -> Iterator[Remote]:
    with running_remote() as running:
        yield running


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> Iterator[ProgramProcess]:
    with running_program(tmp_path_factory.mktemp("program") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def proxy(program, remote) -> ProgramProxy:
    return create_proxy(program, remote.url, httpClient__autoBlock=False)


@pytest.fixture
def layer(request, remote) -> bytes:
    """A layer of the image `team/app` that was never asked for."""
    remote.behave()
    remote.forget()
    content = random_bytes(LAYER_SIZE, request.node.name)
    remote.add_blob("team/app", content)
    return content


class Puller(threading.Thread):
    """A client that reads a blob in the background."""

    def __init__(self, client: Client, digest: str) -> None:
        super().__init__(daemon=True)
        self.read = 0
        self.digest: str | None = None
        self._client = client
        self._wanted = digest
        self.start()

    def run(self) -> None:
        with closing(self._client.connect()) as connection:
            path = self._client.path(f"blobs/{self._wanted}")
            try:
                connection.request("GET", path, headers=self._client.headers())
                response = connection.getresponse()
                pieces = []
                while piece := response.read1(65536):
                    pieces.append(piece)
                    self.read += len(piece)
                content = b"".join(pieces)
                if len(content) == int(response.headers["Content-Length"]):
                    self.digest = digest_of(content)
            except (OSError, http.client.HTTPException):
                pass


def leaders(program: ProgramProcess) -> list[int]:
    """The processes that lead a fetch, by the kernel's table of locks."""
    files = {path.stat().st_ino for path in (program.data / "run" / "fetches").iterdir()}
    locks = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    return [
        int(fields[4])
        for fields in locks
        if fields[1] == "FLOCK" and int(fields[5].rpartition(":")[2]) in files
    ]


def held(proxy: ProgramProxy, remote: Remote, content: bytes) -> bool:
    """Whether the blob is served without the remote."""
    return not any((proxy.program.data / "run" / "fetches").iterdir())


def test_the_fetch_goes_on_when_its_client_hangs_up(proxy, remote, layer):  # fault 8
    remote.script("/blobs/", Fault(after=MIB, then="wait", times=1))
    digest = digest_of(layer)
    client = proxy.client("team/app")
    with closing(client.connect()) as connection:
        connection.request("GET", client.path(f"blobs/{digest}"), headers=client.headers())
        assert connection.getresponse().read(1000) == layer[:1000]
        other = Puller(client, digest)
        wait_for(lambda: other.read >= MIB, what="the other client follows")
    remote.resume()
    other.join(20)
    assert other.digest == digest
    assert client.request("GET", f"blobs/{digest}").body == layer
    assert len(remote.requests("GET", "/blobs/")) == 1


def test_the_fetch_goes_on_when_every_client_has_hung_up(proxy, remote, layer):  # fault 8
    client = proxy.client("team/app")
    remote.bytes_per_second = 8 * MIB
    with closing(client.connect()) as connection:
        path = client.path(f"blobs/{digest_of(layer)}")
        connection.request("GET", path, headers=client.headers())
        assert connection.getresponse().read(1000) == layer[:1000]
    remote.bytes_per_second = None
    wait_for(lambda: held(proxy, remote, layer), what="the fetch has ended")
    assert client.request("GET", f"blobs/{digest_of(layer)}").body == layer
    assert len(remote.requests("GET", "/blobs/")) == 1


def test_a_follower_takes_over_when_the_leader_is_killed(proxy, remote, program, layer):  # fault 9
    remote.script("/blobs/", Fault(after=2 * MIB, then="stall", times=1))
    digest = digest_of(layer)
    pullers = [Puller(proxy.client("team/app"), digest) for _ in range(16)]
    wait_for(lambda: all(each.read >= 2 * MIB - 1 for each in pullers), what="all follow")
    (leader,) = leaders(program)
    os.kill(leader, signal.SIGKILL)
    for puller in pullers:
        puller.join(20)
    finished = [each.digest for each in pullers if each.digest is not None]
    assert set(finished) == {digest}
    # Those of the killed worker were broken off, the others never noticed.
    assert 0 < len(finished) < len(pullers)
    asked = remote.requests("GET", "/blobs/")
    assert [each.headers.get("range") for each in asked] == [None, f"bytes={2 * MIB}-"]
    assert proxy.client("team/app").request("GET", f"blobs/{digest}").body == layer
    assert len(remote.requests("GET", "/blobs/")) == 2


def test_a_leader_that_is_killed_before_the_remote_answers(
    proxy, remote, program, layer
):  # fault 9
    remote.script("/blobs/", Fault(silent=True, times=1))
    digest = digest_of(layer)
    pullers = [Puller(proxy.client("team/app"), digest) for _ in range(16)]
    wait_for(lambda: remote.requests("GET", "/blobs/"), what="the remote is asked")
    time.sleep(0.5)
    (leader,) = leaders(program)
    os.kill(leader, signal.SIGKILL)
    for puller in pullers:
        puller.join(20)
    assert {each.digest for each in pullers} == {digest, None}
    assert len(remote.requests("GET", "/blobs/")) == 2


def test_what_a_killed_program_had_fetched_is_gone_on_with(
    proxy, remote, program, layer
):  # fault 9
    remote.script("/blobs/", Fault(after=2 * MIB, then="stall", times=1))
    digest = digest_of(layer)
    puller = Puller(proxy.client("team/app"), digest)
    wait_for(lambda: puller.read >= 2 * MIB - 1)
    program.kill()
    program.start()
    program.wait_until_open(proxy.port)
    assert proxy.client("team/app").request("GET", f"blobs/{digest}").body == layer
    assert remote.requests("GET", "/blobs/")[-1].headers["range"] == f"bytes={2 * MIB}-"
