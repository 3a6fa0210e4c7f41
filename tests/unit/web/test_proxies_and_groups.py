"""What pages tell of proxy and group repositories, and whom."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nexuslite import stamps
from repositories.models import GroupMember, ProxySettings, RemoteState, Repository
from repositories.models.remote_state import RemoteCondition

LIST = "/admin/repository/repositories/"
STATUS = "/admin/system/status/"
REMOTE = "https://registry.example"


@pytest.fixture
def mirror(make_repository) -> Repository:
    return _proxy(make_repository, "mirror")


@pytest.fixture
def everything(make_repository, mirror) -> Repository:
    """The group `all` of `own` and `mirror`."""
    own = make_repository("own")
    row: Repository = make_repository("all", type="group")
    with stamps.change(stamps.CONFIGURATION):
        for position, member in enumerate((own, mirror)):
            GroupMember.objects.create(group=row, member=member, position=position)
    return row


def _proxy(make_repository, name: str) -> Repository:
    row: Repository = make_repository(name, type="proxy")
    with stamps.change(stamps.CONFIGURATION):
        ProxySettings.objects.create(repository=row, remote_url=REMOTE)
    return row


def _block(row: Repository) -> None:
    RemoteState.objects.create(
        repository=row, condition=RemoteCondition.UNAVAILABLE, reason="the remote answered 500"
    )


def test_the_list_shows_remotes_members_and_states(admin, everything):
    page = admin.get(LIST).text
    assert REMOTE in page
    assert "own, mirror" in page
    assert "Ready to Connect" in page


def test_the_page_of_a_proxy_shows_its_remote(admin, mirror):
    page = admin.get("/browse/mirror/").text
    assert REMOTE in page
    assert "Ready to Connect" in page
    assert "docker push" not in page


def test_the_page_of_a_group_shows_its_members_in_order(admin, everything):
    page = admin.get("/browse/all/").text
    assert "docker push" not in page
    members = page[page.index("nl-members") :]
    assert members.index("/browse/own/") < members.index("/browse/mirror/")


def test_a_remote_that_failed_is_told_with_its_reason(admin, mirror):
    _block(mirror)
    for path in (LIST, "/browse/mirror/"):
        assert "Remote Unavailable" in admin.get(path).text
    for path in ("/browse/mirror/", STATUS):
        assert "the remote answered 500" in admin.get(path).text


def test_no_remote_has_failed_at_first(admin, mirror):
    assert "Proxy repositories: 1. No remote has failed." in admin.get(STATUS).text


def test_a_list_of_many_proxies_costs_what_one_costs(admin, mirror, make_repository):
    counts = []
    for number in range(2):
        admin.get(LIST)
        with CaptureQueriesContext(connection) as captured:
            admin.get(LIST)
        counts.append(len(captured))
        for each in range(4):
            _proxy(make_repository, f"mirror-{number}-{each}")
    assert counts[0] == counts[1]
