"""A full disk: a clear refusal, reads go on, and it works again without a restart once there is
space."""

import contextlib
import json
import os
from pathlib import Path

import pytest

from tests.faults.client import Client, Image, Ledger, digest_of, random_bytes
from tests.support.server import Answer

MIB = 1 << 20
REFUSALS = {503, 507}


def fill(disk: Path, leave: int = 0) -> Path:
    """Take all the space but `leave` bytes."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(64 * 1024)):
            pass
    if leave:
        os.truncate(ballast, ballast.stat().st_size - leave)
    return ballast


def assert_refused(answer: Answer) -> None:
    """A 5xx that tells a client what is wrong, in the registry's form."""
    assert answer.status in REFUSALS, answer
    (error,) = json.loads(answer.body)["errors"]
    assert error["code"] == "UNAVAILABLE"


def test_a_full_blob_store_refuses_and_recovers(program, small_disk):  # fault 5
    server = program()
    disk = small_disk(server.data / "blobs/default", 24)
    server.start()
    client = Client(server.create_hosted("hosted").http_port)
    ledger, large = Ledger(), random_bytes(6 * MIB, "large")
    ledger.push(client, "v1", Image.make(1, MIB))
    session = client.start_upload()
    assert client.patch(session, large[:MIB], 0).status == 202

    ballast = fill(disk, leave=2 * MIB)
    in_one_go = client.start_upload()
    for answer in (
        client.patch(session, large[MIB:], MIB),
        client.finish_upload(session, digest_of(large), large[MIB:]),
        client.finish_upload(in_one_go, digest_of(large), large),
        client.push_single_post(large),
    ):
        assert answer.status == 507
        assert_refused(answer)
    # What was refused takes no space, and what is small goes on.
    ledger.push(client, "v2", Image.make(2, 100_000))
    ledger.verify(client)
    assert client.request("GET", session).headers["range"] == f"0-{MIB - 1}"

    ballast.unlink()
    assert client.finish_upload(session, digest_of(large), large[MIB:]).status == 201
    assert client.request("GET", f"blobs/{digest_of(large)}").body == large
    assert client.finish_upload(in_one_go, digest_of(large), large).status == 201
    ledger.verify(client)


@pytest.mark.slow
def test_a_full_data_folder_refuses_and_recovers(program, small_disk):  # fault 5
    server = program()
    disk = small_disk(server.data, 24)
    # The log lies on the full disk as well.
    server.log_path = disk / "log"
    server.start()
    client = Client(server.create_hosted("hosted").http_port)
    ledger = Ledger()
    for number in range(3):
        ledger.push(client, f"v{number}", Image.make(number))
    image, large = Image.make("refused"), random_bytes(2 * MIB, "large")
    for content in (image.layer, image.config):
        ledger.push_blob(client, content)
    session = client.start_upload()

    ballast = fill(disk)
    answers = push_until_refused(client, image)
    for answer in answers:
        assert_refused(answer)
    assert_refused(client.finish_upload(session, digest_of(large), large))
    assert_refused(client.push_single_post(large))
    delete = client.request("DELETE", "manifests/v0")
    assert delete.status == 202 or delete.status in REFUSALS, delete
    if delete.status == 202:
        ledger.tags[client.name, "v0"] = {None}
    for _ in range(200):
        # Reads go on, and so does the server when it cannot log.
        assert client.request("GET", "manifests/v1").status == 200
    ledger.verify(client)

    ballast.unlink()
    ledger.put_manifest(client, "refused", image)
    assert client.finish_upload(session, digest_of(large), large).status == 201
    ledger.verify(client)
    server.restart()
    server.wait_until_open(client.port)
    ledger.verify(client)


def push_until_refused(client: Client, image: Image) -> list[Answer]:
    """Put manifests until the database has no room for one more; return the refusals."""
    # Its journal may have room for some until it needs a page more than the disk has.
    refused = []
    for number in range(400):
        annotated = {**json.loads(image.manifest), "annotations": {"n": f"{number}" * 3000}}
        answer = client.put_manifest(f"filler{number}", json.dumps(annotated).encode())
        if answer.status != 201:
            refused.append(answer)
        if len(refused) == 3:
            return refused
    raise AssertionError("the database is never full")
