"""A layer of 1 GiB goes in and out while the memory of the program stays as it is."""

import hashlib
import resource
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.client import Client, Image, random_bytes
from tests.support.process import ProgramProcess

MIB = 1 << 20
SIZE = 1024
MOST_GROWTH = 30 * MIB
BLOCK = random_bytes(MIB, "large layer")


def blocks() -> Iterator[bytes]:
    """Yield 1 GiB of which no two blocks are alike."""
    for number in range(SIZE):
        yield number.to_bytes(8, "big") + BLOCK[8:]


class MemoryWatch:
    """Samples the proportional set size of all processes of a program, page cache aside."""

    def __init__(self, server: ProgramProcess) -> None:
        self._server = server
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self.idle = self.now()
        self.peak = self.idle

    def now(self) -> int:
        return sum(proportional_memory(pid) for pid in self._server.processes())

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._ended.wait(0.1):
            self.peak = max(self.peak, self.now())


def proportional_memory(pid: int) -> int:
    """Proportional set size in bytes."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except ProcessLookupError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def cap_memory(server: ProgramProcess, more: int) -> None:
    """Allow every process so many bytes of data more than it has."""
    for pid in server.processes():
        status = Path(f"/proc/{pid}/status").read_text()
        data = next(
            int(line.split()[1]) * 1024
            for line in status.splitlines()
            if line.startswith("VmData:")
        )
        resource.prlimit(pid, resource.RLIMIT_DATA, (data + more, data + more))


@pytest.mark.slow
def test_a_layer_of_a_gibibyte_takes_no_memory(program):
    server = program().start()
    client = Client(server.create_hosted("hosted").http_port, timeout=300)
    # Whatever is loaded and started at first use is there afterwards.
    for number in range(10):
        assert client.push(Image.make(number, MIB), "latest").status == 201
        client.assert_whole("latest")
    digest = hashlib.sha256()
    for block in blocks():
        digest.update(block)
    # Stacks of threads that may still be started, beside which there is no room for a layer.
    cap_memory(server, 256 * MIB)
    with MemoryWatch(server) as watch:
        location = client.start_upload()
        assert client.request("PATCH", location, blocks()).status == 202
        name = f"sha256:{digest.hexdigest()}"
        assert client.finish_upload(location, name).status == 201
        pulled = pull_digest(client, name)
    assert pulled == digest.hexdigest()
    print(f"idle {watch.idle / MIB:.0f} MiB, at most {watch.peak / MIB:.0f} MiB")
    assert watch.peak - watch.idle < MOST_GROWTH


def pull_digest(client: Client, digest: str) -> str:
    connection = client.connect()
    connection.request("GET", client.path(f"blobs/{digest}"), headers=client.headers())
    response = connection.getresponse()
    assert response.status == 200
    found = hashlib.sha256()
    while piece := response.read(MIB):
        found.update(piece)
    connection.close()
    return found.hexdigest()
