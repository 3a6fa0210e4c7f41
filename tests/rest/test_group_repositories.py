"""`/service/rest/v1/repositories/docker/group`."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from repositories.models import GroupMember
from repositories.records import snapshot

from .conftest import errors_of, message_of
from .repository_bodies import GROUPS, PROXIES, group_body, proxy_body

PRO = (
    "Deploying to groups is a PRO-licensed feature. "
    "See https://links.sonatype.com/product-nexus-repository"
)
MEMBERS = "group.memberNames"


@pytest.fixture
def images(hosted) -> None:
    for name in ("one", "two", "three"):
        hosted(name, docker__httpPort=None)


def _members(admin, name: str = "all") -> list[str]:
    found: list[str] = admin.get(f"{GROUPS}/{name}").json()["group"]["memberNames"]
    return found


def test_a_group_is_made_read_changed_and_deleted(admin, images):
    made = admin.post(GROUPS, group_body("all", "one", "two"))
    assert (made.status_code, made.content) == (201, b"")
    changed = admin.put(f"{GROUPS}/all", group_body("all", "two", online=False))
    assert (changed.status_code, changed.content) == (204, b"")
    assert admin.get(f"{GROUPS}/all").json()["online"] is False
    assert _members(admin) == ["two"]
    assert admin.delete("repositories/all").status_code == 204
    assert message_of(admin.get(f"{GROUPS}/all"), 404) == "Repository not found"
    assert admin.get("repositories/two").status_code == 200
    assert GroupMember.objects.count() == 0


def test_settings_are_those_of_nexus(admin, images):
    admin.post(GROUPS, group_body("all", "one"))
    answer = admin.get(f"{GROUPS}/all").json()
    assert answer == {
        "name": "all",
        "url": "http://testserver/repository/all",
        "online": True,
        "storage": {
            "blobStoreName": "default",
            "strictContentTypeValidation": True,
            "writePolicy": "ALLOW",
        },
        "group": {"memberNames": ["one"], "writableMember": None},
        "docker": {
            "v1Enabled": False,
            "forceBasicAuth": True,
            "httpPort": None,
            "httpsPort": None,
            "subdomain": None,
            "pathEnabled": None,
        },
        "format": "docker",
        "type": "group",
    }
    assert admin.get("repositorySettings").json()[0] == answer


def test_members_keep_their_order(admin, images):
    admin.post(GROUPS, group_body("all", "two", "three", "one"))
    assert _members(admin) == ["two", "three", "one"]
    admin.put(f"{GROUPS}/all", group_body("all", "one", "two", "two", "three"))
    assert _members(admin) == ["one", "two", "three"]
    assert [each.name for each in snapshot().by_name["all"].members] == ["one", "two", "three"]


def test_a_group_needs_members_that_exist(admin, images):
    assert errors_of(admin.post(GROUPS, group_body("all"))) == {MEMBERS: "must not be empty"}
    answer = admin.post(GROUPS, group_body("all", "one", "none"))
    assert errors_of(answer) == {MEMBERS: "Member repository does not exist: none"}
    assert "all" not in snapshot().by_name


def test_a_group_may_hold_every_kind(admin, images):
    admin.post(PROXIES, proxy_body("mirror"))
    admin.post(GROUPS, group_body("inner", "two", "mirror"))
    assert admin.post(GROUPS, group_body("all", "one", "inner", "two")).status_code == 201
    record = snapshot().by_name["all"]
    assert [each.name for each in record.members] == ["one", "inner", "two"]
    assert [each.name for each in record.sources] == ["one", "two", "mirror"]


def test_what_is_offline_is_no_source(admin, images):
    admin.post(GROUPS, group_body("inner", "two", online=False))
    admin.post(GROUPS, group_body("all", "one", "inner"))
    assert [each.name for each in snapshot().by_name["all"].sources] == ["one"]


def test_a_group_cannot_hold_itself(admin, images):
    answer = admin.post(GROUPS, group_body("all", "all"))
    assert errors_of(answer) == {MEMBERS: "A group cannot be a member of itself"}
    admin.post(GROUPS, group_body("all", "one"))
    answer = admin.put(f"{GROUPS}/all", group_body("all", "one", "all"))
    assert errors_of(answer) == {MEMBERS: "A group cannot be a member of itself"}


def test_groups_cannot_hold_each_other(admin, images):
    admin.post(GROUPS, group_body("a", "one"))
    admin.post(GROUPS, group_body("b", "a"))
    admin.post(GROUPS, group_body("c", "b"))
    answer = admin.put(f"{GROUPS}/a", group_body("a", "one", "c"))
    assert errors_of(answer) == {MEMBERS: "Member repository contains the group a itself: c"}
    assert _members(admin, "a") == ["one"]


@pytest.mark.parametrize("value", ["one", "none"])
def test_a_writable_member_is_a_pro_feature(admin, images, value):
    body = group_body("all", "one", group__writableMember=value)
    assert errors_of(admin.post(GROUPS, body)) == {"group.writableMember": PRO}
    admin.post(GROUPS, group_body("all", "one"))
    assert errors_of(admin.put(f"{GROUPS}/all", body)) == {"group.writableMember": PRO}


@pytest.mark.parametrize("value", [None, ""])
def test_no_writable_member_is_fine(admin, images, value):
    body = group_body("all", "one", group__writableMember=value)
    assert admin.post(GROUPS, body).status_code == 201


def test_a_deleted_repository_leaves_its_groups(admin, images):
    admin.post(GROUPS, group_body("all", "one", "two"))
    assert admin.delete("repositories/one").status_code == 204
    assert _members(admin) == ["two"]
    assert admin.delete("repositories/two").status_code == 204
    assert _members(admin) == []


def test_a_repository_that_one_may_not_see_cannot_be_made_a_member(admin, stranger, images, give):
    admin.post(GROUPS, group_body("all", "one"))
    give(
        "stranger",
        "nx-repository-admin-docker-all-edit",
        "nx-repository-admin-docker-all-read",
        "nx-repository-view-docker-two-read",
    )
    answer = stranger.put(f"{GROUPS}/all", group_body("all", "one", "three"))
    assert errors_of(answer) == {MEMBERS: "Member repository does not exist: three"}
    # One that is a member already may stay, one that may be read may be added.
    assert stranger.put(f"{GROUPS}/all", group_body("all", "one", "two")).status_code == 204


def test_the_snapshot_and_the_list_cost_the_same_whatever_their_length(admin, images):
    admin.post(PROXIES, proxy_body())
    admin.post(GROUPS, group_body("all", "one"))
    few = _statements(admin)
    for number in range(4):
        admin.post(PROXIES, proxy_body(f"mirror-{number}"))
        admin.post(GROUPS, group_body(f"all-{number}", "one", "two", f"mirror-{number}"))
    assert len(_statements(admin)) == len(few)


def _statements(admin) -> list[str]:
    from repositories import records

    records._remembered = None
    with CaptureQueriesContext(connection) as captured:
        assert admin.get("repositorySettings").status_code == 200
        assert admin.get("repositories").status_code == 200
    return [query["sql"] for query in captured]
