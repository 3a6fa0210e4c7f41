"""Two clients at once: the outcome is one that some order of the requests could have had."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.client import Client, Image
from tests.support.server import Answer

CLIENTS = 6


def at_once(*requests: Callable[[], Answer]) -> list[Answer]:
    """Make all the requests at the same moment and return their answers in order."""
    start = threading.Barrier(len(requests))
    answers: dict[int, Any] = {}

    def run(number: int, request: Callable[[], Answer]) -> None:
        start.wait()
        answers[number] = request()

    threads = [
        threading.Thread(target=run, args=(number, request))
        for number, request in enumerate(requests)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answers[number] for number in range(len(requests))]


def with_blobs(client: Client, *images: Image) -> None:
    for image in images:
        for content in (image.config, image.layer):
            assert client.push_monolithic(content).status == 201


# fault 11
def test_exactly_one_push_of_a_tag_wins_where_redeploy_is_disabled(program, database):
    server = program(NEXUSLITE_WORKERS=4, **database).start()
    client = Client(server.create_hosted("hosted", write_policy="ALLOW_ONCE").http_port)
    images = [Image.make(number, 100) for number in range(CLIENTS)]
    with_blobs(client, *images)
    for number in range(10):
        tag = f"v{number}"
        answers = at_once(
            *(lambda each=each, tag=tag: client.put_manifest(tag, each.manifest) for each in images)
        )
        assert sorted(answer.status for answer in answers) == [201] + [400] * (CLIENTS - 1)
        winner = next(
            image for image, answer in zip(images, answers, strict=True) if answer.status == 201
        )
        assert client.assert_whole(tag) == winner.digest


# fault 11
def test_two_pushes_of_a_tag_leave_one_of_the_two_images(program, database):
    server = program(NEXUSLITE_WORKERS=4, **database).start()
    client = Client(server.create_hosted("hosted").http_port)
    one, other = Image.make("one", 100), Image.make("other", 100)
    for _ in range(10):
        answers = at_once(lambda: client.push(one, "v1"), lambda: client.push(other, "v1"))
        assert [answer.status for answer in answers] == [201, 201]
        assert client.assert_whole("v1") in {one.digest, other.digest}


# fault 11
def test_a_push_against_a_delete_leaves_the_image_whole_or_absent(program, database):
    server = program(NEXUSLITE_WORKERS=4, **database).start()
    client = Client(server.create_hosted("hosted").http_port)
    image = Image.make("image", 100)
    with_blobs(client, image)
    for _ in range(20):
        client.put_manifest("v1", image.manifest)
        pushed, deleted = at_once(
            lambda: client.put_manifest("v1", image.manifest),
            lambda: client.request("DELETE", f"manifests/{image.digest}"),
        )
        assert pushed.status == 201
        assert deleted.status == 202
        found = client.request("GET", "manifests/v1")
        assert found.status in {200, 404}
        by_digest = client.request("GET", f"manifests/{image.digest}")
        assert by_digest.status == found.status
        if found.status == 200:
            assert client.assert_whole("v1") == image.digest


# fault 12
def test_a_blob_uploaded_at_once_to_several_images_is_one_object(program, database):
    server = program(NEXUSLITE_WORKERS=4, **database).start()
    repository = server.create_hosted("hosted")
    for number in range(5):
        content = Image.make(number, 200_000).layer
        clients = [Client(repository.http_port, f"team/app{each}") for each in range(CLIENTS)]
        answers = at_once(
            *(lambda each=each, content=content: each.push_monolithic(content) for each in clients)
        )
        assert [answer.status for answer in answers] == [201] * CLIENTS
        for each in clients:
            pulled = each.request("GET", answers[0].headers["location"].replace("app0", "app5"))
            assert pulled.body == content
        objects = [
            path for path in (server.data / "blobs/default/content").rglob("*") if path.is_file()
        ]
        assert len(objects) == number + 1


@pytest.mark.slow
def test_a_shared_layer_pushed_by_many_under_every_policy_always_works(program, database):
    server = program(NEXUSLITE_WORKERS=4, **database).start()
    repository = server.create_hosted("hosted", write_policy="ALLOW_ONCE")
    image = Image.make("shared", 300_000)
    clients = [Client(repository.http_port, "team/app") for _ in range(CLIENTS)]
    answers = at_once(
        *(
            lambda number=number, each=each: each.push(image, f"v{number}")
            for number, each in enumerate(clients)
        )
    )
    assert [answer.status for answer in answers] == [201] * CLIENTS
    for number in range(CLIENTS):
        assert clients[0].assert_whole(f"v{number}") == image.digest
