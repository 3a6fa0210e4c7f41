"""Tags are believed for the metadata age, then asked for again by HEAD."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from repositories.content import held_tags
from repositories.content import proxy as proxy_content
from repositories.docker import hot
from repositories.fetching import patience
from tests.proxy.pulls import grow_old, pull
from tests.support.remote import Fault
from tests.support.server import wait_for


def test_a_fresh_tag_makes_no_request(remote, proxy):
    image = remote.add_image("team/app")
    pull(proxy, image)
    grow_old(minutes=24 * 60 - 1)
    remote.forget()
    pull(proxy, image)
    assert remote.requests() == []


def test_an_old_tag_is_asked_for_by_head(remote, proxy):
    image = remote.add_image("team/app")
    pull(proxy, image)
    grow_old()
    remote.forget()
    pull(proxy, image)
    assert [(each.method, each.path) for each in remote.requests()] == [
        ("HEAD", "/v2/team/app/manifests/latest")
    ]
    remote.forget()
    pull(proxy, image)
    assert remote.requests() == []


def test_a_tag_that_moved(remote, proxy):
    pull(proxy, remote.add_image("team/app", seed="1"))
    moved = remote.add_image("team/app", seed="2")
    grow_old()
    pull(proxy, moved)


def test_a_tag_that_moved_back_brings_nothing(remote, proxy):
    first = remote.add_image("team/app", seed="1")
    pull(proxy, first)
    pull(proxy, remote.add_image("team/app", "other", seed="2"), "other")
    remote.add_manifest("team/app", first.content, "other")
    grow_old()
    remote.forget()
    pull(proxy, first, "other")
    assert [each.method for each in remote.requests()] == ["HEAD"]


def test_a_remote_without_digests_in_its_answers(remote, proxy):
    image = remote.add_image("team/app")
    pull(proxy, image)
    remote.script("/manifests/", Fault(headers={"Docker-Content-Digest": ""}))
    grow_old()
    pull(proxy, image)


def test_age_zero_asks_each_time(remote, proxy_of):
    proxy = proxy_of(metadata_max_age=0)
    pull(proxy, remote.add_image("team/app", seed="1"))
    pull(proxy, remote.add_image("team/app", seed="2"))


def test_age_without_end_never_asks_again(remote, proxy_of):
    proxy = proxy_of(metadata_max_age=-1)
    image = remote.add_image("team/app", seed="1")
    pull(proxy, image)
    remote.add_image("team/app", seed="2")
    grow_old(minutes=10 * 365 * 24 * 60)
    pull(proxy, image)


def test_an_answer_that_is_kept_whole_ends_with_the_age(remote, proxy_of, monkeypatch):
    monkeypatch.setattr(hot, "KEPT_SECONDS", 3600.0)
    proxy = proxy_of(metadata_max_age=1)
    pull(proxy, remote.add_image("team/app", seed="1"))
    moved = remote.add_image("team/app", seed="2")
    later = timedelta(seconds=61)
    soon = SimpleNamespace(monotonic=lambda: time.monotonic() + later.total_seconds())
    monkeypatch.setattr(hot, "time", soon)
    monkeypatch.setattr(held_tags, "timezone", SimpleNamespace(now=lambda: timezone.now() + later))
    pull(proxy, moved)


TROUBLE = {
    "gone": Fault(status=404),
    "unauthorized": Fault(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'}),
    "forbidden": Fault(status=403),
    "limited": Fault(status=429, headers={"Retry-After": "60"}),
    "broken": Fault(status=500),
    "bad gateway": Fault(status=502, body=b"<html>"),
    "html": Fault(status=200, body=b"<html>hello</html>"),
    "other bytes": Fault(alter=True),
    "breaks off": Fault(after=10),
}


@pytest.mark.parametrize("trouble", TROUBLE)
def test_whatever_goes_wrong_what_is_held_is_served(remote, proxy, trouble):  # fault 7
    image = remote.add_image("team/app", seed="1")
    pull(proxy, image)
    remote.add_image("team/app", seed="2")
    remote.script("", TROUBLE[trouble])
    grow_old()
    pull(proxy, image)
    pull(proxy, image, image.digest)


def test_a_remote_that_stalls_holds_nobody_up(remote, proxy_of, monkeypatch):
    monkeypatch.setattr(proxy_content, "PATIENCE_SECONDS", 0.3)
    proxy = proxy_of(timeout=60)
    image = remote.add_image("team/app")
    pull(proxy, image)
    remote.script("", Fault(silent=True))
    grow_old()
    started = time.monotonic()
    pull(proxy, image)
    assert 0.3 < time.monotonic() - started < 5
    started = time.monotonic()
    pull(proxy, image)
    assert time.monotonic() - started < 0.3
    assert len(remote.requests("HEAD")) == 1


def test_a_failure_is_not_repeated_by_every_pull(remote, proxy, monkeypatch):
    first = remote.add_image("team/app", seed="1")
    pull(proxy, first)
    second = remote.add_image("team/app", seed="2")
    remote.script("", Fault(status=500))
    grow_old()
    remote.forget()
    for _ in range(5):
        pull(proxy, first)
    assert len(remote.requests()) == 1
    remote.behave()
    monkeypatch.setattr(proxy_content, "is_postponed", lambda _: False)
    pull(proxy, second)


def test_a_crowd_asks_once_what_an_old_tag_means(remote, proxy):
    pull(proxy, remote.add_image("team/app", seed="1"))
    moved = remote.add_image("team/app", seed="2")
    grow_old()
    remote.forget()
    remote.script("/manifests/", Fault(after=1, then="wait"), "GET")
    with ThreadPoolExecutor(20) as clients:
        pulls = [clients.submit(proxy.get, "team/app/manifests/latest") for _ in range(20)]
        wait_for(lambda: remote.requests("GET"), what="the new manifest is asked for")
        remote.resume()
        assert {each.result().body for each in pulls} == {moved.content}
    assert [each.method for each in remote.requests()] == ["HEAD", "GET"]


def test_there_is_an_end_to_what_is_asked_at_once(remote, proxy, monkeypatch):
    monkeypatch.setattr(patience, "MOST_UNDER_WAY", 0)
    image = remote.add_image("team/app")
    pull(proxy, image)
    grow_old()
    pull(proxy, image)
    assert remote.requests("HEAD") == []
