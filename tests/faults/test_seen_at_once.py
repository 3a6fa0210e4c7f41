"""What was answered 2xx is seen by the next request, whichever worker gets it.

Requests go over connections of their own, or over several kept ones in turn, so that they
alternate between workers.
"""

from __future__ import annotations

import http.client
import itertools
import os
from collections.abc import Iterator

import pytest

from tests.faults.client import Client, Image
from tests.support.process import HostedRepository, ProgramProcess
from tests.support.server import free_port

WORKERS = 4
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
    server = program(NEXUSLITE_WORKERS=WORKERS).start()
    client = Client(server.create_hosted("hosted").http_port)
    overwrite_and_delete(client, pushed(client, 3), 40)


@pytest.mark.slow
def test_a_thousand_changes_of_a_tag_are_seen_at_once(program, database):
    server = program(NEXUSLITE_WORKERS=WORKERS, **database).start()
    client = Client(server.create_hosted("hosted").http_port)
    overwrite_and_delete(client, pushed(client, 5), ROUNDS)


@pytest.mark.slow
def test_new_blobs_and_deleted_ones_are_seen_at_once(program, database):
    server = program(NEXUSLITE_WORKERS=WORKERS, **database).start()
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
    server = program(NEXUSLITE_WORKERS=WORKERS, **database).start()
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


class Connections:
    """Kept connections, used in turn: more than there are workers, spread over all of them."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._turns: Iterator[http.client.HTTPConnection] = itertools.cycle(
            [client.connect() for _ in range(2 * WORKERS)]
        )

    def ask(self, method: str, path: str) -> tuple[int, str]:
        """Return status and digest."""
        connection = next(self._turns)
        connection.request(method, self._client.path(path), headers=self._client.headers())
        response = connection.getresponse()
        response.read()
        return response.status, response.headers.get("Docker-Content-Digest", "")


@pytest.mark.slow
def test_what_is_deleted_by_digest_is_gone_for_every_token(program, database):
    server = program(NEXUSLITE_WORKERS=WORKERS, **database).start()
    client = Client(server.create_hosted("hosted", force_basic_auth=False).http_port).with_token()
    images = pushed(client, 3)
    connections = Connections(client)

    def expect(reference: str, status: int, digest: str = "") -> None:
        for method in ("GET", "HEAD"):
            answer = connections.ask(method, f"manifests/{reference}")
            assert answer == (status, digest), (method, reference)

    for number in range(ROUNDS // 5):
        image = images[number % len(images)]
        assert client.put_manifest("moving", image.manifest).status == 201
        expect("moving", 200, image.digest)
        assert connections.ask("DELETE", f"manifests/{image.digest}")[0] == 202
        expect("moving", 404)
        expect(image.digest, 404)
        assert client.put_manifest(image.digest, image.manifest).status == 201
        expect(image.digest, 200, image.digest)


@pytest.mark.slow
def test_a_moved_port_serves_the_repository_on_every_worker(program, database):
    server = program(NEXUSLITE_WORKERS=WORKERS, **database).start()
    repository = server.create_hosted("hosted")
    (image,) = pushed(Client(repository.http_port), 1)
    for _ in range(8):
        port = free_port()
        change(server, repository, httpPort=port)
        server.wait_until_open(port, 3.0)
        for _ in range(2 * WORKERS):
            assert Client(port).assert_whole("v0") == image.digest


@pytest.mark.slow
def test_a_deleted_repository_is_gone_on_every_worker(program, database):
    server = program(NEXUSLITE_WORKERS=WORKERS, **database).start()
    for number in range(8):
        name = f"hosted{number}"
        server.create_hosted(name, http=False, path_enabled=True)
        client = Client(server.port, f"{name}/app")
        pushed(client, 1)
        connections = Connections(client)
        everywhere = range(2 * WORKERS)
        assert {connections.ask("GET", "manifests/v0")[0] for _ in everywhere} == {200}
        assert server.rest("DELETE", f"/repositories/{name}").status == 204
        assert {connections.ask("GET", "manifests/v0")[0] for _ in everywhere} == {404}
