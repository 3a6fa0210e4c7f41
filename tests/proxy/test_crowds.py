"""Many clients and one cold image: the remote is asked once, and nobody waits for the whole."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.proxy.programs import ProgramProxy, create_proxy
from tests.support.crowd import Crowd, Pull, pulls_of
from tests.support.images import random_bytes
from tests.support.process import (
    ADMIN,
    ADMIN_PASSWORD,
    ProgramProcess,
    basic_authorization,
    running_program,
)
from tests.support.remote import Remote, running_remote
from tests.support.server import pss

pytestmark = pytest.mark.slow

MIB = 1 << 20
ATTEMPTS = 3
AUTHORIZATION = basic_authorization(ADMIN, ADMIN_PASSWORD)


@pytest.fixture
def remote() -> Iterator[Remote]:
    with running_remote() as running:
        yield running


@pytest.fixture
def program(tmp_path) -> Iterator[ProgramProcess]:
    with running_program(tmp_path / "data") as running:
        yield running


@pytest.fixture
def proxy(program, remote) -> ProgramProxy:
    return create_proxy(program, remote.url)


def test_fifty_clients_of_a_slow_remote(remote, proxy, program):  # fault 10
    layers = [random_bytes(20 * MIB, f"layer {number}") for number in range(2)]
    remote.bytes_per_second = 10 * MIB
    remote.add_image("team/direct", layers=layers, seed="direct")
    # What a first pull makes every worker import is not what a crowd costs.
    remote.add_image("team/small")
    assert not any(pull.errors for pull in crowd(proxy, "team/small", 10))
    ratios = []
    for attempt in range(ATTEMPTS):
        (direct,) = Crowd(remote.port, "team/direct").pull()
        assert direct.errors == []
        image = remote.add_image(f"team/app{attempt}", layers=layers, seed=str(attempt))
        last = pull_by_fifty(remote, proxy, program, image)
        ratios.append(last / direct.seconds)
        if ratios[-1] < 1.3:
            return
    # Noise of the machine only ever adds.
    raise AssertionError(f"the last of fifty needed {ratios} times as long as one direct pull")


def pull_by_fifty(remote, proxy, program, image) -> float:
    """Pulls the image by fifty clients at once; returns the seconds until the last had it."""
    remote.forget()
    start = remote.sent
    a_tenth_sent = _Moment(lambda: remote.sent - start > 4 * MIB)
    memory = _Memory(program)
    pulls = crowd(proxy, image.name, 50)
    assert [pull.errors for pull in pulls if pull.errors] == []
    assert {pull.blobs for pull in pulls} == {len(image.blobs)}
    assert len(remote.requests("GET", "/manifests/")) == 1
    blobs = [each.path for each in remote.requests("GET", "/blobs/")]
    assert len(blobs) == len(set(blobs)) == len(image.blobs)
    assert min(pull.first_byte for pull in pulls) < a_tenth_sent.at
    assert memory.stop() < 30 * MIB
    return max(pull.ended for pull in pulls) - min(pull.began for pull in pulls)


def crowd(proxy: ProgramProxy, image: str, clients: int) -> list[Pull]:
    """Lets clients pull at once, half of them in a process each."""
    half = Crowd(proxy.port, image, "latest", clients // 2, AUTHORIZATION, verifying=5)
    return [pull for process in [half.start(), half.start()] for pull in pulls_of(process)]


class _Moment:
    """When a condition came true first, by the monotonic clock."""

    def __init__(self, condition: Callable[[], bool]) -> None:
        self.at = float("inf")
        self._condition = condition
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while not self._condition():
            time.sleep(0.005)
        self.at = time.monotonic()


class _Memory:
    """The growth of a program's memory, proportional set sizes over all its processes."""

    def __init__(self, program: ProgramProcess) -> None:
        self._program = program
        self._before = self._now()
        self._most = self._before
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """The most it has grown by, in bytes."""
        self._ended.set()
        self._thread.join()
        return self._most - self._before

    def _now(self) -> int:
        return sum(map(pss, self._program.processes()))

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            self._most = max(self._most, self._now())
