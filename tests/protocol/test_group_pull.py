"""Pulling through a group of hosted repositories."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nexuslite import stamps
from repositories.content import group as group_content
from repositories.content import remembered
from repositories.docker import hot
from repositories.models import GroupMember, Repository
from tests.support.accounts import add_user, grant
from tests.support.registry import ANONYMOUS, STRANGER, PushedImage, RegistryClient, digest_of

READ_GROUP = "nx-repository-view-docker-all-read"


@pytest.fixture
def one(hosted) -> RegistryClient:
    return hosted("one")


@pytest.fixture
def two(hosted) -> RegistryClient:
    return hosted("two")


@pytest.fixture
def everything(one, two, group) -> RegistryClient:
    """The group `all` of `one` and `two`, in that order."""
    return group("all", "one", "two")


def digest_at(client: RegistryClient, path: str) -> str | None:
    return client.get(path).expect(200).header("Docker-Content-Digest")


def pull(client: RegistryClient, name: str, image: PushedImage, tag: str = "v1") -> None:
    assert client.get(f"{name}/manifests/{tag}").expect(200).body == image.content
    assert client.get(f"{name}/manifests/{image.digest}").expect(200).body == image.content
    for content in (*image.layers, image.config):
        assert client.get(f"{name}/blobs/{digest_of(content)}").expect(200).body == content
        client.head(f"{name}/blobs/{digest_of(content)}").expect(200)


def test_images_of_every_member_are_pulled(one, two, everything):
    first = one.push_image("a", "v1", seed="1")
    second = two.push_image("b", "v1", seed="2")
    pull(everything, "a", first)
    pull(everything, "b", second)
    ranged = everything.get(f"b/blobs/{digest_of(second.config)}", Range="bytes=1-3")
    assert ranged.expect(206).body == second.config[1:4]


def test_a_tag_means_what_it_means_in_the_first_member(one, two, everything):
    second = two.push_image("app", "v1", seed="2")
    assert digest_at(everything, "app/manifests/v1") == second.digest
    first = one.push_image("app", "v1", seed="1")
    assert digest_at(everything, "app/manifests/v1") == first.digest
    # What a digest names is found wherever it is.
    pull(everything, "app", first)
    assert digest_at(everything, f"app/manifests/{second.digest}") == second.digest


def test_what_is_pushed_and_deleted_in_a_member_is_seen_at_once(one, two, everything):
    for seed in ("1", "2"):
        image = two.push_image("app", "v1", seed=seed)
        assert digest_at(everything, "app/manifests/v1") == image.digest
    two.delete("app/manifests/v1").expect(202)
    everything.get("app/manifests/v1").expect(404, "MANIFEST_UNKNOWN")


def test_the_order_of_members_can_be_changed(one, two, everything):
    first = one.push_image("app", "v1", seed="1")
    second = two.push_image("app", "v1", seed="2")
    assert digest_at(everything, "app/manifests/v1") == first.digest
    with stamps.change(stamps.CONFIGURATION):
        GroupMember.objects.filter(member__name="one").update(position=9)
    assert digest_at(everything, "app/manifests/v1") == second.digest


def test_a_member_that_is_offline_is_passed_over(one, two, everything, change_repository):
    one.push_image("app", "v1", seed="1")
    second = two.push_image("app", "v1", seed="2")
    change_repository("one", online=False)
    assert digest_at(everything, "app/manifests/v1") == second.digest
    change_repository("all", online=False)
    everything.get("app/manifests/v1").expect(503, "UNAVAILABLE")


def test_groups_in_groups_are_searched_in_their_place(one, two, group, hosted):
    three = hosted("three")
    group("inner", "two", "one")
    outer = group("outer", "three", "inner")
    first = one.push_image("app", "v1", seed="1")
    assert digest_at(outer, "app/manifests/v1") == first.digest
    second = two.push_image("app", "v1", seed="2")
    assert digest_at(outer, "app/manifests/v1") == second.digest
    third = three.push_image("app", "v1", seed="3")
    assert digest_at(outer, "app/manifests/v1") == third.digest


def test_what_no_member_has_is_not_there(everything, one):
    one.push_image("app", "v1")
    absent = digest_of(b"absent")
    everything.get("app/manifests/v2").expect(404, "MANIFEST_UNKNOWN")
    everything.get(f"app/manifests/{absent}").expect(404, "MANIFEST_UNKNOWN")
    everything.get(f"app/blobs/{absent}").expect(404, "BLOB_UNKNOWN")
    everything.get("other/tags/list").expect(404, "NAME_UNKNOWN")


def test_a_blob_is_shown_only_under_a_name_that_a_member_shows_it_under(one, two, everything):
    image = one.push_image("app", "v1")
    two.push_image("other", "v1", seed="2")
    everything.get(f"other/blobs/{digest_of(image.config)}").expect(404, "BLOB_UNKNOWN")


def listed(client: RegistryClient, path: str, key: str) -> list[str]:
    """A whole list, by following the links."""
    names: list[str] = []
    while True:
        answer = client.get(path).expect(200)
        names += answer.json()[key]
        if answer.header("Link") is None:
            return names
        path = answer.next_page


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_tags_and_images_are_the_sorted_union_in_pages(one, two, everything, size):
    for client, tags in ((one, ["b", "a", "Z"]), (two, ["c", "a", "0"])):
        for tag in tags:
            client.push_image("app", tag)
    one.push_image("lib/x", "v1")
    two.push_image("lib/a", "v1")
    assert listed(everything, f"app/tags/list?n={size}", "tags") == ["0", "Z", "a", "b", "c"]
    assert listed(everything, f"_catalog?n={size}", "repositories") == ["app", "lib/a", "lib/x"]
    assert everything.get("app/tags/list?n=0").expect(200).json()["tags"] == []


@pytest.mark.parametrize("size", [1, 2, 100])
def test_referrers_of_all_members_are_merged(one, two, everything, size):
    subject = one.push_image("app", "v1")
    digests = {
        client.push_image("app", seed=seed, subject=subject.descriptor).digest
        for client, seed in ((one, "1"), (two, "2"), (one, "3"), (two, "3"))
    }
    path = f"app/referrers/{subject.digest}?n={size}"
    found = [each["digest"] for each in listed(everything, path, "manifests")]
    assert found == sorted(digests)
    assert len(found) == 3


def test_read_on_the_group_is_enough_and_only_there(one, two, everything):
    image = one.push_image("app", "v1")
    grant("stranger", READ_GROUP)
    pull(everything.as_(STRANGER), "app", image)
    pull(everything.as_(STRANGER).with_token("repository:app:pull"), "app", image)
    everything.as_(STRANGER).get("_catalog").expect(200)
    one.as_(STRANGER).get("app/manifests/v1").expect(403, "DENIED")
    one.as_(STRANGER).get(f"app/blobs/{digest_of(image.config)}").expect(403, "DENIED")


def test_read_on_a_member_is_not_enough_for_the_group(one, everything):
    one.push_image("app", "v1")
    grant("stranger", "nx-repository-view-docker-one-read")
    one.as_(STRANGER).get("app/manifests/v1").expect(200)
    everything.as_(STRANGER).get("app/manifests/v1").expect(403, "DENIED")


def test_anonymous_pulls_through_the_group_alone(hosted, group, set_security):
    # fault 27
    set_security(anonymous_enabled=True)
    image = hosted("private", force_basic_auth=True)
    pushed = image.push_image("app", "v1")
    open_group = group("all", "private")
    with stamps.change(stamps.SECURITY):
        add_user("anonymous", "!", roles=())
    grant("anonymous", READ_GROUP)
    pull(open_group.as_(ANONYMOUS), "app", pushed)
    image.as_(ANONYMOUS).get("app/manifests/v1").expect(401)


def test_a_mount_from_a_member_asks_the_member(one, two, everything):
    # fault 25: what one reads through a group cannot be taken out of it.
    image = one.push_image("app", "v1")
    grant(
        "stranger",
        READ_GROUP,
        "nx-repository-view-docker-*-add",
        "nx-repository-view-docker-*-edit",
    )
    digest = digest_of(image.config)
    one.as_(STRANGER).post(f"new/blobs/uploads/?mount={digest}&from=app").expect(202)


def queries(client: RegistryClient, method: str, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.request(method, path).expect(200)
    return len(captured)


def test_a_warm_pull_costs_at_most_a_query_more_than_from_hosted(one, two, everything):
    image = two.push_image("app", "v1")
    paths = [("GET", "app/manifests/v1"), ("HEAD", "app/manifests/v1")]
    paths += [("GET", f"app/manifests/{image.digest}")]
    paths += [("GET", f"app/blobs/{digest_of(layer)}") for layer in image.layers]
    clients = [client.with_token("repository:app:pull") for client in (everything, two)]
    for client in clients:
        for method, path in paths:
            client.request(method, path).expect(200)
    # As when kept answers have run out.
    hot._answers.clear()
    through, direct = (
        [queries(client, method, path) for method, path in paths] for client in clients
    )
    assert direct == [0] * len(paths)
    assert max(through) <= 1
    # A blob is looked for where the manifest came from, and found without a query.
    assert through[2:] == [0] * len(paths[2:])
    assert [queries(clients[0], method, path) for method, path in paths[:3]] == [0, 0, 0]


def test_many_members_cost_no_more_queries_than_two(hosted, group):
    clients = [hosted(f"member-{number}") for number in range(6)]
    image = clients[-1].push_image("app", "v1")
    few = group("few", "member-0", "member-5")
    many = group("many", *(f"member-{number}" for number in range(6)))
    costs = []
    for client in (few, many):
        client.get("app/manifests/v2").expect(404)
        for memory in (group_content._origins, hot._answers, remembered._entries):
            memory.clear()
        costs.append(
            [
                queries(client, "GET", path)
                for path in ("app/manifests/v1", f"app/blobs/{digest_of(image.config)}")
            ]
        )
    assert costs[0] == costs[1]


def test_a_kept_answer_ends_with_a_new_tag_in_an_earlier_member(one, two, everything):
    second = two.push_image("app", "v1", seed="2")
    client = everything.with_token("repository:app:pull")
    for _ in range(2):
        assert digest_at(client, "app/manifests/v1") == second.digest
    assert queries(client, "GET", "app/manifests/v1") == 0
    first = one.push_image("app", "v1", seed="1")
    assert digest_at(client, "app/manifests/v1") == first.digest


def test_a_group_made_while_a_push_is_under_way_sees_it(one, two, group, monkeypatch):
    """The push learns within its transaction that its repository is in a group."""
    from repositories.actions import put_manifest

    two.push_image("app", "v1", seed="2")
    asked = []
    held = put_manifest.tag_is_remembered

    def note(*arguments):
        asked.append(connection.in_atomic_block)
        return held(*arguments)

    monkeypatch.setattr(put_manifest, "tag_is_remembered", note)
    one.push_image("app", "v1", seed="1")
    assert asked == [True]


def test_an_empty_group_has_nothing(group):
    empty = group("empty")
    empty.get("app/manifests/v1").expect(404)
    assert empty.get("_catalog").expect(200).json() == {"repositories": []}
    assert Repository.objects.count() == 1
