"""What was answered 2xx is seen by the next request, whichever worker gets it.

Every request goes over a connection of its own, so that requests alternate between workers.
"""

from __future__ import annotations

import os

import pytest

from tests.faults.client import Client, Image
from tests.support.process import HostedRepository, ProgramProcess

ROUNDS = 1000


def settings(repository: HostedRepository, **changes: object) -> dict[str, object]:
    storage = {
        "blobStoreName": "default",
        "strictContentTypeValidation": True,
        "writePolicy": changes.get("writePolicy", "ALLOW"),
    }
    docker = {
        "v1Enabled": False,
        "forceBasicAuth": True,
        "httpPort": changes.get("httpPort", repository.http_port),
    }
    return {
        "name": repository.name,
        "online": changes.get("online", True),
        "storage": storage,
        "docker": docker,
    }


def change(program: ProgramProcess, repository: HostedRepository, **changes: object) -> None:
    path = f"/repositories/docker/hosted/{repository.name}"
    answer = program.rest("PUT", path, settings(repository, **changes))
    assert answer.status == 204, answer


def overwrite_and_delete(client: Client, images: list[Image], rounds: int) -> None:
    for number in range(rounds):
        image = images[number % len(images)]
        assert client.put_manifest("latest", image.manifest).status == 201
        # Twice each: the second one may be answered from what a worker remembers.
        for method in ("GET", "HEAD", "GET", "HEAD"):
            answer = client.request(method, "manifests/latest")
            assert answer.headers["docker-content-digest"] == image.digest
        if number % 4 == 3:
            assert client.request("DELETE", "manifests/latest").status == 202
            for method in ("HEAD", "GET", "HEAD", "GET"):
                assert client.request(method, "manifests/latest").status == 404


def pushed(client: Client, count: int) -> list[Image]:
    images = [Image.make(number, 1000) for number in range(count)]
    for number, image in enumerate(images):
        assert client.push(image, f"v{number}").status == 201
    return images


def test_an_overwritten_or_deleted_tag_is_seen_at_once(program):
    server = program(NEXUSLITE_WORKERS=4).start()
    client = Client(server.create_hosted("hosted").http_port)
    overwrite_and_delete(client, pushed(client, 3), 40)


@pytest.mark.slow
def test_a_thousand_changes_of_a_tag_are_seen_at_once(program, database):
    server = program(NEXUSLITE_WORKERS=4, **database).start()
    client = Client(server.create_hosted("hosted").http_port)
    overwrite_and_delete(client, pushed(client, 5), ROUNDS)


@pytest.mark.slow
def test_new_blobs_and_deleted_ones_are_seen_at_once(program, database):
    server = program(NEXUSLITE_WORKERS=4, **database).start()
    client = Client(server.create_hosted("hosted").http_port)
    for _ in range(ROUNDS // 5):
        content = os.urandom(200)
        location = client.push_monolithic(content).headers["location"]
        for method in ("HEAD", "GET", "HEAD"):
            assert client.request(method, location).status == 200
        assert client.request("DELETE", location).status == 202
        for method in ("HEAD", "GET", "HEAD"):
            assert client.request(method, location).status == 404


@pytest.mark.slow
def test_a_changed_policy_and_status_are_seen_at_once(program, database):
    server = program(NEXUSLITE_WORKERS=4, **database).start()
    repository = server.create_hosted("hosted")
    client = Client(repository.http_port)
    (image,) = pushed(client, 1)
    for _ in range(ROUNDS // 20):
        change(server, repository, writePolicy="DENY")
        for _ in range(4):
            assert client.request("POST", "blobs/uploads/").status == 403
        change(server, repository, writePolicy="ALLOW")
        for _ in range(4):
            assert client.request("POST", "blobs/uploads/").status == 202
        assert client.request("HEAD", "manifests/v0").status == 200
        change(server, repository, online=False)
        for _ in range(4):
            assert client.request("HEAD", "manifests/v0").status == 503
        change(server, repository)
        for _ in range(4):
            answer = client.request("HEAD", "manifests/v0")
            assert answer.headers["docker-content-digest"] == image.digest
