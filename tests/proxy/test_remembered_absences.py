"""A true 404 of the remote is remembered for a while; nothing else is."""

from __future__ import annotations

import pytest

from repositories.fetching import absences
from repositories.models import RemoteAbsence
from tests.proxy.pulls import grow_old, pull
from tests.support.registry import digest_of
from tests.support.remote import Fault

MISSING = [
    "team/app/manifests/latest",
    f"team/app/manifests/{digest_of(b'manifest')}",
    f"team/app/blobs/{digest_of(b'blob')}",
]


@pytest.mark.parametrize("path", MISSING)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_is_not_there_is_asked_for_once(remote, proxy, path, method):
    proxy.request(method, path).expect(404)
    asked = len(remote.requests())
    assert asked
    proxy.request(method, path).expect(404)
    assert len(remote.requests()) == asked
    grow_old()
    proxy.request(method, path).expect(404)
    assert len(remote.requests()) > asked


def test_what_comes_to_be_is_found_when_the_time_is_over(remote, proxy):
    proxy.get("team/app/manifests/latest").expect(404)
    image = remote.add_image("team/app")
    proxy.get("team/app/manifests/latest").expect(404)
    grow_old()
    pull(proxy, image)


def test_a_repository_that_remembers_no_absence(remote, proxy_of):
    proxy = proxy_of(negative_cache_enabled=False)
    proxy.get("team/app/manifests/latest").expect(404)
    pull(proxy, remote.add_image("team/app"))


@pytest.mark.parametrize("status", [401, 403, 429, 500, 502])
def test_a_failure_is_not_remembered(remote, proxy, status):
    remote.script("", Fault(status=status, times=1))
    assert proxy.get("team/app/manifests/latest").status != 404
    pull(proxy, remote.add_image("team/app"))


def test_there_are_never_too_many(remote, proxy, monkeypatch):
    monkeypatch.setattr(absences, "MOST_ABSENCES", 5)
    monkeypatch.setattr(absences, "_TRIM_EVERY", 1)
    for number in range(10):
        proxy.get(f"team/app/manifests/v{number}").expect(404)
    assert RemoteAbsence.objects.count() == 5
