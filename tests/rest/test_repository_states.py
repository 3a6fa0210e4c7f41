"""How repositories and their remotes are, and making a cache look again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from accounts.models import AuditEvent
from repositories.models import RemoteAbsence, RemoteState, Repository
from repositories.models.remote_state import RemoteCondition
from repositories.remote import noted_limits
from repositories.remote.answers import RemoteLimits

from .conftest import message_of
from .repository_bodies import GROUPS, PROXIES, group_body, proxy_body


@pytest.fixture
def mirror(admin) -> Repository:
    assert admin.post(PROXIES, proxy_body("mirror")).status_code == 201
    return Repository.objects.get(name="mirror")


def note_absence(repository: Repository) -> None:
    RemoteAbsence.objects.create(
        repository=repository, path="app/manifests/v1", until=Now() + timedelta(hours=1)
    )


def test_the_cache_of_a_proxy_looks_again(admin, mirror):
    note_absence(mirror)
    answer = admin.post("repositories/mirror/invalidate-cache")
    assert (answer.status_code, answer.content) == (204, b"")
    assert RemoteAbsence.objects.count() == 0
    noted = AuditEvent.objects.get(type="cacheInvalidated")
    assert (noted.context, noted.initiator) == ("mirror", "admin")


def test_the_caches_of_a_group_are_those_of_its_proxies(admin, mirror, hosted):
    hosted("images")
    admin.post(PROXIES, proxy_body("other"))
    admin.post(GROUPS, group_body("all", "images", "mirror"))
    note_absence(mirror)
    note_absence(Repository.objects.get(name="other"))
    assert admin.post("repositories/all/invalidate-cache").status_code == 204
    assert [each.repository.name for each in RemoteAbsence.objects.all()] == ["other"]


def test_a_hosted_repository_has_no_cache(admin, hosted):
    hosted("images")
    assert message_of(admin.post("repositories/images/invalidate-cache"), 400) == (
        "You can invalidate cache of proxy or group repository only"
    )


def test_what_does_not_exist_has_no_cache_and_no_state(admin):
    assert message_of(admin.post("repositories/none/invalidate-cache"), 404) == (
        "Unable to locate repository with id none"
    )
    assert message_of(admin.get("repositories/none/status"), 404) == "Repository not found"


def test_the_state_of_a_proxy_is_told_in_the_words_of_nexus(admin, mirror):
    path = "repositories/mirror/status"
    assert admin.get(path).json() == {
        "state": "Online",
        "description": "Ready to Connect",
        "reason": None,
        "remoteLimits": None,
    }
    admin.put(f"{PROXIES}/mirror", proxy_body(httpClient__blocked=True))
    assert admin.get(path).json()["description"] == "Remote Manually Blocked"
    admin.put(f"{PROXIES}/mirror", proxy_body(online=False))
    offline = admin.get(path).json()
    assert (offline["state"], offline["description"]) == ("Offline", "Repository Offline")


def test_the_state_of_a_hosted_repository_has_no_description(admin, hosted):
    hosted("images")
    status = admin.get("repositories/images/status").json()
    assert (status["state"], status["description"]) == ("Online", None)


def test_why_a_remote_is_blocked_and_what_it_allows_is_told(admin, mirror):
    RemoteState.objects.create(
        pk=mirror.pk,
        condition=RemoteCondition.BLOCKED,
        failures=1,
        blocked_until=Now() + timedelta(minutes=5),
        reason="the remote answered 500",
    )
    noted_limits.note(mirror.pk, RemoteLimits(100, 7, 21600, 0.0))
    status = admin.get("repositories/mirror/status").json()
    assert status["description"] == "Remote Auto Blocked and Unavailable"
    assert "the remote answered 500" in status["reason"]
    assert status["remoteLimits"] == {"limit": 100, "remaining": 7, "window": 21600}
