"""A mirror is told which registry the client means (`ns`)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nexuslite import stamps
from repositories.docker import hot
from repositories.fetching.remote_names import remote_name
from repositories.models import GroupMember, ProxySettings, Repository
from repositories.proxy_records import proxy_record
from repositories.remote.settings import AddressPolicy
from tests.protocol.conftest import default_store
from tests.proxy.pulls import pull

MANIFEST = "team/app/manifests/latest"
HUB = "https://registry-1.docker.io"


def test_it_is_named_in_the_answer(remote, proxy):
    remote.add_image("team/app")
    for path in (MANIFEST, "team/app/tags/list"):
        answer = proxy.get(f"{path}?ns=docker.io").expect(200)
        assert answer.header("OCI-Namespace") == "docker.io"
        assert proxy.get(path).header("OCI-Namespace") is None


def test_a_kept_answer_names_the_namespace_it_was_asked_for(remote, proxy):
    remote.add_image("team/app")
    for _ in range(2):
        for namespace in ("docker.io", "quay.io:443"):
            answer = proxy.get(f"{MANIFEST}?ns={namespace}").expect(200)
            assert answer.header("OCI-Namespace") == namespace
    assert any("ns=quay.io:443" in key for key in hot._answers)


@pytest.mark.parametrize("namespace", ["", "a b", "a%0d%0aSet-Cookie:%20a", "-", "x" * 300])
def test_what_is_no_host_is_ignored(remote, proxy, namespace):
    remote.add_image("team/app")
    answer = proxy.get(f"{MANIFEST}?ns={namespace}").expect(200)
    assert answer.header("OCI-Namespace") is None


def test_docker_hub_answers_for_nothing_else(proxy_of):
    hub = proxy_of(remote_url=HUB)
    hub.get(f"{MANIFEST}?ns=quay.io").expect(404, "NAME_UNKNOWN")
    hub.head(f"team/app/blobs/sha256:{'0' * 64}?ns=quay.io").expect(404)


def test_a_hosted_repository_knows_no_namespaces(hosted):
    images = hosted("images")
    images.push_image("team/app", "latest")
    assert images.get(f"{MANIFEST}?ns=docker.io").expect(200).header("OCI-Namespace") is None


def test_a_group_asks_the_member_that_stands_for_it(remote, proxy_of, hosted):
    hub = proxy_of("hub", remote_url=HUB, blocked=True)
    here = proxy_of("here")
    image = remote.add_image("team/app")
    group = group_of(hub, "hub", "here")
    # The remote's own name: the member before it is not asked, and could not answer.
    answer = group.get(f"{MANIFEST}?ns=127.0.0.1:{remote.port}").expect(200)
    assert answer.body == image.content
    group.get(f"{MANIFEST}?ns=docker.io").expect(502)
    pull(here, image)


def group_of(client, *names: str):
    """A group of the repositories; gives a client of its port."""
    with stamps.change(stamps.CONFIGURATION):
        row = Repository.objects.create(
            name="group", type="group", http_port=6500, blob_store=default_store()
        )
        for position, name in enumerate(names):
            member = Repository.objects.get(name=name)
            GroupMember.objects.create(group=row, member=member, position=position)
    entrance = replace(client.entrance, port=6500, connector=f"{row.pk}:http")
    return replace(client, entrance=entrance)


@pytest.mark.parametrize(
    ("url", "name", "expected"),
    [
        (HUB, "alpine", "library/alpine"),
        ("https://index.docker.io", "alpine", "library/alpine"),
        (HUB, "library/alpine", "library/alpine"),
        (HUB, "grafana/loki", "grafana/loki"),
        ("https://quay.io", "alpine", "alpine"),
    ],
)
def test_official_images_of_docker_hub_are_below_library(url, name, expected):
    settings = ProxySettings(remote_url=url)
    assert remote_name(proxy_record(settings, AddressPolicy()), name) == expected
