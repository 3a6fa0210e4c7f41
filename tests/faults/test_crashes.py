"""kill -9 at every step: what was answered is kept, what was not is whole or not there."""

import itertools
import random
import threading
import time
from contextlib import suppress

import pytest

from tests.faults.client import LOST, Client, Image, Ledger

KILLED_TWICE = 2
ROUNDS = 14


class Survivor:
    """Does things again and again until the server lives long enough to answer."""

    def __init__(self) -> None:
        self.lost = 0

    def insist(self, action, *arguments) -> None:
        for _ in range(8):
            try:
                action(*arguments)
            except LOST:
                self.lost += 1
            else:
                return
        raise AssertionError(f"no answer to {action.__name__}")


def push_many(client: Client, ledger: Ledger, survivor: Survivor) -> None:
    """Push by every way, overwrite tags, delete some."""
    ways = itertools.cycle(client.ways_to_push())
    for number, way in zip(range(10), ways, strict=False):
        image = Image.make(number, 30_000 + number)
        for content in (image.layer, image.config):
            survivor.insist(ledger.push_blob, client, content, way)
        survivor.insist(ledger.put_manifest, client, f"v{number}", image)
        survivor.insist(ledger.put_manifest, client, "latest", image)
        if number % 3 == 1:
            survivor.insist(ledger.delete_tag, client, f"v{number}")
        if number % 3 == 2:
            survivor.insist(ledger.delete_manifest, client, "gone", push_gone(client, number))


def push_gone(client: Client, number: int) -> str:
    """Push an image that will be deleted, without minding the crashes."""
    image = Image.make(f"gone {number}")
    for _ in range(8):
        with suppress(*LOST):
            assert client.push(image, "gone").status == 201
            break
    return image.digest


def slow(checkpoint: str):
    return pytest.param(checkpoint, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    "checkpoint",
    [
        slow("blob.written:7"),  # fault 1
        slow("blob.file_synced:4"),
        slow("blob.named:4"),  # fault 2
        slow("blob.folder_synced:4"),
        "blob.before_commit:4",  # fault 2
        slow("blob.committed:4"),
        slow("manifest.before_tags:3"),  # fault 3
        slow("manifest.before_commit:3"),  # fault 3
        slow("manifest.committed:3"),
        slow("delete.before_commit:1"),
        slow("delete.committed:1"),
    ],
)
def test_killed_at_a_checkpoint_nothing_that_was_answered_is_lost(program, checkpoint):
    # One worker: how often it dies depends on nothing else.
    server = program(NEXUSLITE_CHECKPOINT=checkpoint, NEXUSLITE_WORKERS=1).start()
    repository = server.create_hosted("hosted")
    client, ledger, survivor = Client(repository.http_port), Ledger(), Survivor()
    if checkpoint.startswith("delete."):
        # Every deletion is killed, so nobody insists on an answer.
        delete_in_vain(client, ledger, survivor)
    else:
        push_many(client, ledger, survivor)
    assert survivor.lost >= KILLED_TWICE
    server.kill()
    server.environment.clear()
    server.start()
    server.wait_until_open(repository.http_port)
    ledger.verify(client)
    undisturbed = Survivor()
    push_many(client, ledger, undisturbed)
    assert undisturbed.lost == 0
    ledger.verify(client)


def delete_in_vain(client: Client, ledger: Ledger, survivor: Survivor) -> None:
    for number in range(4):
        image = Image.make(number)
        ledger.push(client, f"v{number}", image)
        try:
            ledger.delete_manifest(client, f"v{number}", image.digest)
        except LOST:
            survivor.lost += 1


class Load:
    """Clients that push, overwrite and delete until the server dies under them."""

    def __init__(self, client: Client, ledger: Ledger, seed: int) -> None:
        self._ledger = ledger
        self._ended = threading.Event()
        self.failures: list[BaseException] = []
        jobs = [
            (self._push_blobs, client.image("blobs")),
            (self._move_tag, client.image("moved")),
            (self._push_and_delete, client.image("deleted")),
        ]
        self._threads = [
            threading.Thread(target=self._run, args=(job, image, seed)) for job, image in jobs
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()
        assert not self.failures, self.failures

    def _run(self, job, client: Client, seed: int) -> None:
        try:
            for number in itertools.count():
                if self._ended.is_set():
                    return
                job(client, f"{seed} {number}", number)
        except LOST:
            return
        except BaseException as error:
            self.failures.append(error)

    def _push_blobs(self, client: Client, seed: str, number: int) -> None:
        way = client.ways_to_push()[number % 4]
        self._ledger.push(client, f"v{number % 5}", Image.make(seed, 300_000), way)

    def _move_tag(self, client: Client, seed: str, number: int) -> None:
        self._ledger.push(client, "latest", Image.make(f"moved {number % 3}"))

    def _push_and_delete(self, client: Client, seed: str, number: int) -> None:
        image = Image.make(f"deleted {seed}")
        self._ledger.push(client, "brief", image)
        if number % 2:
            self._ledger.delete_tag(client, "brief")
        self._ledger.delete_manifest(client, "brief", image.digest)


@pytest.mark.slow
def test_killed_at_random_moments_everything_answered_is_served(program, database):
    # fault 1, fault 2, fault 3
    server = program(**database).start()
    repository = server.create_hosted("hosted")
    client, ledger = Client(repository.http_port), Ledger()
    moments = random.Random(1)
    for round_number in range(ROUNDS):
        load = Load(client, ledger, round_number)
        time.sleep(moments.uniform(0.05, 0.9))
        server.kill()
        load.end()
        server.start()
        server.wait_until_open(repository.http_port)
        ledger.verify(client)
    assert len(ledger.blobs) > ROUNDS
