"""Groups over several workers: what was answered by a member is seen through the group at once."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from functools import partial

import pytest

from repositories.protocol.errors import GROUP_DEPLOYMENT
from tests.faults.client import Client, Image
from tests.faults.test_seen_at_once import WORKERS, Connections, pushed
from tests.proxy.programs import create_proxy
from tests.support.crowd import Crowd, pulls_of
from tests.support.images import random_bytes
from tests.support.process import (
    ADMIN,
    ADMIN_PASSWORD,
    ProgramProcess,
    basic_authorization,
)
from tests.support.remote import Fault, running_remote
from tests.support.repositories import create_group

STALL = Fault(after=0, then="wait")


def shadow_and_uncover(server: ProgramProcess, rounds: int) -> None:
    """A tag of the second member is covered by one of the first, and seen again, in turns."""
    first = Client(server.create_hosted("first").http_port)
    second = Client(server.create_hosted("second").http_port)
    below, above = pushed(second, 1)[0], Image.make("above")
    assert first.push(above, "other").status == 201
    group = Connections(
        Client(create_group(server, "all", ["first", "second"]).http_port).with_token()
    )

    def expect(image: Image) -> None:
        # Often enough that every worker is asked, and asked again for what it keeps.
        for method in ("GET", "HEAD") * WORKERS:
            assert group.ask(method, "manifests/v0") == (200, image.digest)

    for _ in range(rounds):
        expect(below)
        assert first.put_manifest("v0", above.manifest).status == 201
        expect(above)
        assert first.request("DELETE", "manifests/v0").status == 202


def test_a_covered_tag_is_seen_at_once_through_the_group(program):
    shadow_and_uncover(program(NEXUSLITE_WORKERS=WORKERS).start(), 10)


def test_the_refusal_stands_in_the_status_line_too(program):
    # containerd and its kin show nothing else.
    server = program().start()
    server.create_hosted("own")
    group = Client(create_group(server, "all", ["own"]).http_port)
    for method, path in (("POST", "blobs/uploads/"), ("PUT", "manifests/v1")):
        answer = group.request(method, path, b"{}")
        assert (answer.status, answer.reason) == (403, GROUP_DEPLOYMENT)


@pytest.mark.slow
def test_a_tag_that_is_covered_again_and_again_is_seen_at_once(program, database):
    shadow_and_uncover(program(NEXUSLITE_WORKERS=WORKERS, **database).start(), 100)


@pytest.mark.slow
def test_members_that_come_and_go_are_seen_at_once(program, database):
    server = program(NEXUSLITE_WORKERS=WORKERS, **database).start()
    clients = [Client(server.create_hosted(name).http_port) for name in ("first", "second")]
    images = [Image.make(number) for number in range(2)]
    for client, image in zip(clients, images, strict=True):
        assert client.push(image, "v0").status == 201
    group = create_group(server, "all", ["first", "second"])
    connections = Connections(Client(group.http_port))
    for names in itertools.islice(itertools.cycle((["second"], ["first", "second"])), 20):
        _set_members(server, group.http_port, names)
        expected = images[names[0] == "second"].digest
        for _ in range(2 * WORKERS):
            assert connections.ask("GET", "manifests/v0") == (200, expected)


def _set_members(server: ProgramProcess, port: int, names: list[str]) -> None:
    document = {
        "name": "all",
        "online": True,
        "storage": {"blobStoreName": "default", "strictContentTypeValidation": True},
        "group": {"memberNames": names},
        "docker": {"v1Enabled": False, "forceBasicAuth": False, "httpPort": port},
    }
    answer = server.rest("PUT", "/repositories/docker/group/all", document)
    assert answer.status == 204, answer


@pytest.mark.slow
def test_a_crowd_pulls_through_a_group_and_the_remote_is_asked_once(program):
    server = program(NEXUSLITE_WORKERS=2).start()
    with running_remote() as remote:
        remote.bytes_per_second = 20_000_000
        image = remote.add_image(
            "team/app", layers=[random_bytes(5_000_000, seed) for seed in "ab"]
        )
        server.create_hosted("own")
        create_proxy(server, remote.url, "mirror")
        group = create_group(server, "all", ["own", "mirror"])
        authorization = basic_authorization(ADMIN, ADMIN_PASSWORD)
        crowd = Crowd(group.http_port, "team/app", "latest", 15, authorization)
        pulls = [pull for each in (crowd.start(), crowd.start()) for pull in pulls_of(each)]
        assert [pull.errors for pull in pulls if pull.errors] == []
        assert {pull.blobs for pull in pulls} == {len(image.blobs)}
        asked = [each.path for each in remote.requests("GET")]
        assert len(asked) == len(set(asked)) == len(image.blobs) + 1


@pytest.mark.slow
def test_a_stalled_remote_stops_nobody_who_pulls_what_is_our_own(program):
    # fault 7
    server = program(NEXUSLITE_WORKERS=2).start()
    own = Client(server.create_hosted("own").http_port)
    with running_remote() as remote:
        remote.script("", STALL)
        create_proxy(server, remote.url, "mirror", httpClient__autoBlock=False)
        group = Client(create_group(server, "all", ["mirror", "own"]).http_port)
        tags = [f"v{number}" for number in range(len(pushed(own, 3)))]
        seconds = [_seconds_of(partial(group.assert_whole, tag)) for tag in tags]
        # Three seconds of patience, and what a busy machine adds.
        assert max(seconds) < 8
        remote.resume()


def _seconds_of(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began
