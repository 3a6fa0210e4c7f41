"""Groups with proxies in them: no remote stands between a client and what another member has."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from nexuslite import stamps
from repositories.content import search
from repositories.models import ProxySettings, RoutingRule
from tests.proxy.pulls import blob_path, grow_old, pull, wait_until_held
from tests.support.registry import RegistryClient, digest_of
from tests.support.remote import Fault, Remote, running_remote

STALL = Fault(after=0, then="wait")
BROKEN = Fault(status=500, body=b"")


@pytest.fixture(autouse=True)
def threads_end(database) -> Iterator[None]:
    """Lets what still asks a remote come to its end while the test's database is there."""
    yield
    for thread in threading.enumerate():
        if thread.name == "group-member":
            thread.join(10)


@pytest.fixture
def impatience(monkeypatch) -> None:
    """Searches look further after a moment."""
    monkeypatch.setattr(search, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(search, "_LEAST_SECONDS", 0.1)


@pytest.fixture
def own(hosted) -> RegistryClient:
    """The hosted repository `own`."""
    return hosted("own")


@pytest.fixture
def remote_first(own, proxy_of, group) -> RegistryClient:
    """A group that asks the remote before `own`."""
    proxy_of("mirror")
    return group("all", "mirror", "own")


@pytest.fixture
def own_first(own, proxy_of, group) -> RegistryClient:
    """A group that asks `own` before the remote."""
    proxy_of("mirror")
    return group("all", "own", "mirror")


@pytest.fixture
def second_remote() -> Iterator[Remote]:
    with running_remote() as running:
        yield running


@pytest.fixture
def two_remotes(proxy_of, group, second_remote) -> RegistryClient:
    """A group of two proxies of different remotes."""
    proxy_of("mirror")
    proxy_of("second", remote_url=second_remote.url)
    return group("all", "mirror", "second")


@pytest.fixture
def change_proxy() -> Callable[..., None]:
    """Changes settings of the proxy `mirror`."""

    def change(**columns: object) -> None:
        with stamps.change(stamps.CONFIGURATION):
            assert ProxySettings.objects.filter(repository__name="mirror").update(**columns)

    return change


def digest_at(client: RegistryClient, path: str = "app/manifests/latest") -> str | None:
    return client.get(path).expect(200).header("Docker-Content-Digest")


def seconds_of(request: Callable[[], object]) -> float:
    start = time.monotonic()
    request()
    return time.monotonic() - start


def test_a_remote_image_is_pulled_through_the_group_and_asked_for_once(remote, own_first):
    image = remote.add_image("app", layers=(b"a" * 300_000, b"b"))
    pull(own_first, image)
    for content in image.blobs:
        wait_until_held(content)
    pull(own_first, image)
    assert len(remote.requests("GET", "/blobs/")) == len(image.blobs)
    assert len(remote.requests("GET", "/manifests/")) == 1
    assert remote.requests("HEAD") == []


def test_what_an_earlier_member_has_costs_the_remote_nothing(remote, own, own_first):
    remote.add_image("app")
    pushed = own.push_image("app", "latest")
    assert digest_at(own_first) == pushed.digest
    own_first.head(f"app/blobs/{digest_of(pushed.config)}").expect(200)
    assert remote.requests() == []


def test_a_remote_that_stands_first_is_asked_first(remote, own, remote_first):
    image = remote.add_image("app")
    own.push_image("app", "latest")
    assert digest_at(remote_first) == image.digest


def test_blobs_are_taken_from_whoever_holds_them(remote, own, remote_first):
    # fault 7
    pushed = own.push_image("app", "latest")
    remote.script("", BROKEN)
    for content in (*pushed.layers, pushed.config):
        path = f"app/blobs/{digest_of(content)}"
        remote_first.head(path).expect(200)
        assert remote_first.get(path).expect(200).body == content
    assert digest_at(remote_first, f"app/manifests/{pushed.digest}") == pushed.digest
    assert remote.requests() == []


def test_a_remote_that_does_not_have_it_is_asked_once_in_a_while(remote, own, remote_first):
    pushed = own.push_image("app", "latest")
    for _ in range(3):
        assert digest_at(remote_first) == pushed.digest
    assert len(remote.requests()) == 1


@pytest.mark.parametrize("fault", [BROKEN, Fault(status=429), Fault(status=401), Fault(after=3)])
def test_a_remote_that_fails_is_passed_over_and_that_is_not_remembered(
    remote, own, remote_first, fault
):
    image = remote.add_image("app")
    pushed = own.push_image("app", "latest")
    remote.script("", fault)
    client = remote_first.with_token("repository:app:pull")
    for _ in range(2):
        assert digest_at(client) == pushed.digest
    remote.behave()
    assert digest_at(client) == image.digest


@pytest.mark.parametrize(
    ("fault", "status"), [(BROKEN, 502), (Fault(status=429), 429), (Fault(status=503), 502)]
)
def test_what_nobody_has_is_not_absent_while_a_member_fails(
    remote, own, remote_first, fault, status
):
    own.push_image("app", "other")
    remote.script("", fault)
    absent = digest_of(b"absent")
    for path in ("app/manifests/latest", f"app/manifests/{absent}", f"app/blobs/{absent}"):
        remote_first.get(path).expect(status)
    remote.behave()
    remote_first.get("app/manifests/latest").expect(404, "MANIFEST_UNKNOWN")
    remote_first.get(f"app/blobs/{absent}").expect(404, "BLOB_UNKNOWN")


def test_a_slow_remote_does_not_hold_up_what_another_has(impatience, remote, own, remote_first):
    image = remote.add_image("app")
    pushed = own.push_image("app", "latest")
    remote.script("/manifests/", STALL)
    client = remote_first.with_token("repository:app:pull")
    assert seconds_of(lambda: digest_at(client)) < 2.0
    assert digest_at(client) == pushed.digest
    # What it says in the end counts from then on.
    remote.resume()
    deadline = time.monotonic() + 5
    while digest_at(client) != image.digest:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_slow_remote_is_waited_for_when_nobody_else_has_it(impatience, remote, own, remote_first):
    image = remote.add_image("app")
    own.push_image("other", "latest")
    remote.script("/manifests/", STALL)
    threading.Timer(0.6, remote.resume).start()
    assert digest_at(remote_first) == image.digest


def test_of_two_remotes_the_slow_one_does_not_hold_up_the_other(
    impatience, remote, second_remote, two_remotes
):
    remote.script("", STALL)
    image = second_remote.add_image("app", layers=(b"a", b"b"))
    assert seconds_of(lambda: pull(two_remotes, image)) < 3.0
    assert remote.requests("GET", "/blobs/") == []


def test_the_remote_that_an_image_came_from_is_asked_for_its_blobs(
    remote, second_remote, two_remotes
):
    image = second_remote.add_image("app", layers=(b"a", b"b"))
    pull(two_remotes, image)
    assert [each.path for each in remote.requests()] == ["/v2/app/manifests/latest"]
    assert len(second_remote.requests("GET", "/blobs/")) == 3


def test_a_blob_that_the_first_remote_does_not_have_comes_from_the_next(
    remote, second_remote, two_remotes
):
    digest = second_remote.add_blob("app", b"a blob")
    assert two_remotes.get(f"app/blobs/{digest}").expect(200).body == b"a blob"
    assert two_remotes.head(f"app/blobs/{digest}").expect(200)


def test_head_of_a_cold_blob_fetches_nothing(remote, own_first):
    image = remote.add_image("app", layers=(b"l" * 5000,))
    answer = own_first.head(blob_path(image, image.layers[0])).expect(200)
    assert answer.header("Content-Length") == "5000"
    assert remote.requests("GET", "/blobs/") == []


def test_a_blocked_remote_is_passed_over_at_once(remote, own, remote_first, change_proxy):
    remote.add_image("app")
    remote.add_image("lib")
    pushed = own.push_image("app", "latest")
    change_proxy(blocked=True)
    assert digest_at(remote_first) == pushed.digest
    remote_first.get("lib/manifests/latest").expect(502)
    assert remote.requests() == []


def test_what_is_held_is_served_while_its_remote_is_away(remote, own, own_first):
    image = remote.add_image("app")
    pull(own_first, image)
    remote.script("", BROKEN)
    grow_old()
    pull(own_first, image)


def test_a_routing_rule_keeps_a_namespace_for_the_own_images(
    remote, own, remote_first, change_proxy
):
    with stamps.change(stamps.CONFIGURATION):
        rule = RoutingRule.objects.create(name="own", mode="BLOCK", matchers=["/v2/ours/.*"])
    change_proxy(routing_rule=rule)
    theirs = remote.add_image("ours/app", seed="theirs")
    remote.add_image("ours/evil")
    pushed = own.push_image("ours/app", "latest")
    assert digest_at(remote_first, "ours/app/manifests/latest") == pushed.digest
    remote_first.get("ours/evil/manifests/latest").expect(404, "MANIFEST_UNKNOWN")
    remote_first.get(f"ours/app/manifests/{theirs.digest}").expect(404, "MANIFEST_UNKNOWN")
    remote_first.get(blob_path(theirs, theirs.config)).expect(404, "BLOB_UNKNOWN")
    assert remote.requests() == []


def test_the_lists_hold_what_is_cached_too(remote, own, own_first):
    remote.add_image("lib/x")
    own.push_image("app", "v1")
    own_first.get("lib/x/manifests/latest").expect(200)
    names = own_first.get("_catalog").expect(200).json()["repositories"]
    assert names == ["app", "lib/x"]
    assert own_first.get("lib/x/tags/list").expect(200).json()["tags"] == ["latest"]
