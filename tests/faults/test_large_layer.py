"""A layer of a gibibyte goes in and out with flat memory."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.client import Client
from tests.support.process import ProgramProcess

CHUNK = bytes(range(256)) * 128  # 32 KiB, as docker sends them
CHUNKS = 32 * 1024  # one gibibyte
MOST_GROWTH = 30 * 1024 * 1024


def memory(server: ProgramProcess) -> int:
    """Return the proportional set size of all its processes in bytes; the page cache is no part."""
    kilobytes = 0
    for pid in server.processes():
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                kilobytes += int(line.split()[1])
    return kilobytes * 1024


class Watch:
    """The highest memory while something is done."""

    def __init__(self, server: ProgramProcess) -> None:
        self._server = server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.highest = 0

    def _look(self) -> None:
        while not self._over.wait(0.1):
            self.highest = max(self.highest, memory(self._server))

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def layer() -> Iterator[bytes]:
    for _ in range(CHUNKS):
        yield CHUNK


@pytest.mark.slow
def test_memory_stays_flat_while_a_gibibyte_is_pushed_and_pulled(program):
    server = program().start()
    client = Client(server.create_hosted("hosted").http_port, timeout=300)
    small = client.push_streamed(b"warms up every path")
    assert client.request("GET", small.headers["location"]).status == 200
    hasher = hashlib.sha256()
    for chunk in layer():
        hasher.update(chunk)
    digest = f"sha256:{hasher.hexdigest()}"
    idle = memory(server)
    with Watch(server) as pushing:
        location = client.start_upload()
        assert client.request("PATCH", location, layer()).status == 202
        assert client.finish_upload(location, digest).status == 201
    pulled, received = hashlib.sha256(), 0
    with Watch(server) as pulling:
        connection = client.connect()
        connection.request("GET", client.path(f"blobs/{digest}"), headers=client.headers())
        answer = connection.getresponse()
        while piece := answer.read(1 << 20):
            pulled.update(piece)
            received += len(piece)
        connection.close()
    assert (pulled.hexdigest(), received) == (hasher.hexdigest(), len(CHUNK) * CHUNKS)
    assert pushing.highest - idle < MOST_GROWTH
    assert pulling.highest - idle < MOST_GROWTH
