"""What a member of a group holds stays its own while its remote is slow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event

import pytest

from repositories.content import search
from tests.proxy.pulls import grow_old
from tests.proxy.test_groups import digest_at, threads_end  # noqa: F401
from tests.support.registry import digest_of
from tests.support.remote import Fault, Remote, running_remote

SILENT = Fault(silent=True)


@pytest.fixture
def time_passes(monkeypatch) -> Callable[[], None]:
    """Makes what is held old, and groups look further before a proxy gives up by itself."""

    def pass_by() -> None:
        grow_old()
        monkeypatch.setattr(search, "PATIENCE_SECONDS", 0.2)
        monkeypatch.setattr(search, "_LEAST_SECONDS", 0.1)

    return pass_by


@pytest.fixture
def second_remote() -> Iterator[Remote]:
    with running_remote() as running:
        yield running


def test_what_a_slow_member_holds_does_not_become_the_image_of_the_next(
    remote, hosted, proxy_of, group, time_passes
):
    # fault 6
    image = remote.add_image("app")
    proxy_of("mirror")
    hosted("own").push_image("app", "latest")
    both = group("all", "mirror", "own")
    assert digest_at(both) == image.digest
    time_passes()
    remote.script("/manifests/", SILENT)
    assert digest_at(both) == image.digest
    remote.end()


def test_a_slow_member_leaves_the_next_one_time_to_answer_with_what_it_holds(
    remote, second_remote, hosted, proxy_of, group, time_passes
):
    # fault 6
    image = second_remote.add_image("app")
    proxy_of("mirror")
    second = proxy_of("second", remote_url=second_remote.url)
    hosted("own").push_image("app", "latest")
    assert digest_at(second) == image.digest
    time_passes()
    for each in (remote, second_remote):
        each.script("/manifests/", SILENT)
    assert digest_at(group("all", "mirror", "second", "own")) == image.digest
    remote.end()
    second_remote.end()


def test_where_too_many_wait_for_remotes_the_others_go_on(
    remote, hosted, proxy_of, group, monkeypatch
):
    # fault 6
    remote.add_image("theirs")
    proxy_of("mirror")
    held = remote.add_image("held")
    ours = hosted("own").push_image("ours", "latest")
    both = group("all", "mirror", "own")
    assert digest_at(both, "held/manifests/latest") == held.digest
    monkeypatch.setattr(search, "MOST_UNDER_WAY", 0)
    assert digest_at(both, "ours/manifests/latest") == ours.digest
    assert digest_at(both, "held/manifests/latest") == held.digest
    proxy_of("second")
    # What was not asked for is not known to be absent.
    group("two", "mirror", "second").get("nobodys/manifests/latest").expect(504)


def test_who_asks_a_slow_member_the_same_waits_with_the_others(group, hosted):
    # fault 10
    released, begun = Event(), []

    def work() -> str:
        begun.append(1)
        assert released.wait(10)
        return "answer"

    futures = [search._in_thread(work, (1, "app:latest")) for _ in range(20)]
    other = search._in_thread(lambda: "other", (1, "app:other"))
    assert other is not None
    assert other.result(10) == "other"
    released.set()
    assert {future.result(10) for future in futures if future} == {"answer"}
    assert len(begun) == 1
    assert search._in_thread(lambda: "anew", (1, "app:latest")).result(10) == "anew"


def test_a_push_to_a_group_gets_to_its_refusal_while_a_remote_fails(
    remote, hosted, proxy_of, group
):
    proxy_of("mirror")
    hosted("own")
    both = group("all", "own", "mirror")
    remote.script("/", Fault(status=500))
    digest = digest_of(b"new")
    both.head(f"app/blobs/{digest}").expect(404)
    both.get(f"app/blobs/{digest}").expect(502)
    both.head("app/manifests/latest").expect(502)
    both.post("app/blobs/uploads/").expect(403, "DENIED")
