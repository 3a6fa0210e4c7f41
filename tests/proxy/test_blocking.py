"""When a remote is left alone, for how long, and how it comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nexuslite import stamps
from nexuslite.secrets import encrypt
from repositories import records
from repositories.models import ProxySettings, RemoteState, Repository
from repositories.records import RepositoryRecord
from repositories.remote import noted_limits, state
from repositories.remote.blocking import connection_status, contact, remote_limits
from repositories.remote.errors import RemoteBlocked, RemoteError, RemoteNotFound
from repositories.remote.probes import probe_blocked_remotes
from repositories.remote.registry import open_registry
from tests.protocol.conftest import default_store
from tests.support.scripted_host import (
    Received,
    Reply,
    ScriptedHost,
    json_reply,
    scripted_host,
    unused_port,
)

HERE = json_reply({"schemaVersion": 2}, docker_distribution_api_version="registry/2.0")
UNKNOWN = json_reply({"errors": []}, 404)
BROKEN = json_reply({"errors": []}, 500)
BASIC = {"WWW-Authenticate": 'Basic realm="here"'}


ON_BOTH_DATABASES = True

ProxyOf = Callable[..., RepositoryRecord]


@pytest.fixture
def proxy_of(settings, tmp_path) -> Iterator[ProxyOf]:
    """Makes, or changes, the one proxy repository; gives its record as of now."""
    settings.NEXUSLITE_RUN_DIR = tmp_path / "run"
    settings.NEXUSLITE_RUN_DIR.mkdir()
    noted_limits._written.clear()

    def make(url: str, *, online: bool = True, **columns: Any) -> RepositoryRecord:
        with stamps.change(stamps.CONFIGURATION):
            row, _ = Repository.objects.update_or_create(
                name="hub", type="proxy", defaults={"blob_store": default_store(), "online": online}
            )
            defaults = {"remote_url": url, "timeout": 2, "retries": 0, **columns}
            ProxySettings.objects.update_or_create(repository=row, defaults=defaults)
        return records.snapshot().by_name["hub"]

    yield make
    open_registry.cache_clear()


class Switched:
    """A remote whose answer is changed while it runs."""

    def __init__(self, reply: Reply | bytes) -> None:
        self.reply = reply

    def __call__(self, request: Received) -> Reply | bytes:
        return self.reply


def ask(repository: RepositoryRecord) -> None:
    with contact(repository) as registry:
        registry.manifest("app", "v1")


def fail(repository: RepositoryRecord) -> None:
    with pytest.raises(RemoteError):
        ask(repository)


def described(repository: RepositoryRecord) -> str:
    return connection_status(repository).description


def pass_time() -> None:
    """The time of the block is over."""
    RemoteState.objects.update(blocked_until=timezone.now() - timedelta(seconds=1))


def probe() -> None:
    for thread in probe_blocked_remotes():
        thread.join(10)


@contextmanager
def switched(reply: Reply | bytes) -> Iterator[tuple[Switched, ScriptedHost]]:
    script = Switched(reply)
    with scripted_host(script) as host:
        yield script, host


# fault 7
@pytest.mark.parametrize("status", [500, 502, 503, 504, 407])
def test_a_remote_that_fails_is_left_alone(proxy_of: ProxyOf, status: int) -> None:
    with switched(json_reply({}, status)) as (_, host):
        repository = proxy_of(host.url)
        fail(repository)
        with pytest.raises(RemoteBlocked) as caught:
            ask(repository)
    assert len(host.requests) == 1
    assert caught.value.retry_after == pytest.approx(40, abs=2)
    assert described(repository) == "Remote Auto Blocked and Unavailable"
    assert str(status) in (connection_status(repository).reason or "")


# fault 7
def test_a_remote_that_cannot_be_reached_is_left_alone(proxy_of: ProxyOf) -> None:
    repository = proxy_of(f"http://127.0.0.1:{unused_port()}")
    fail(repository)
    assert described(repository) == "Remote Auto Blocked and Unavailable"
    assert "Connection refused" in (connection_status(repository).reason or "")


def test_a_remote_that_rejects_the_password_is_left_alone(proxy_of: ProxyOf) -> None:
    sign_in = {
        "authentication_type": "username",
        "authentication_username": "u",
        "authentication_secret": encrypt("old-secret"),
    }
    with switched(Reply(401, BASIC)) as (_, host):
        repository = proxy_of(host.url, **sign_in)
        fail(repository)
    status = connection_status(repository)
    assert status.description == "Remote Auto Blocked and Unavailable"
    assert "old-secret" not in repr(status)


# Docker Hub answers 401 for images that do not exist: whoever mistypes a name must not shut the
# remote for everybody.
@pytest.mark.parametrize(
    "reply",
    [UNKNOWN, json_reply({}, 401), json_reply({}, 403), Reply(429, {"Retry-After": "1"})],
    ids=["404", "401", "403", "429"],
)
def test_a_refusal_of_one_image_blocks_nothing(proxy_of: ProxyOf, reply: Reply) -> None:
    with switched(reply) as (_, host):
        repository = proxy_of(host.url)
        fail(repository)
    assert described(repository) == "Remote Available"


def test_an_answer_that_no_registry_gives_blocks_nothing(proxy_of: ProxyOf) -> None:
    with switched(json_reply([1])) as (_, host):
        repository = proxy_of(host.url)
        fail(repository)
    assert described(repository) == "Ready to Connect"


def test_a_transfer_that_breaks_off_counts(proxy_of: ProxyOf) -> None:
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"
    with switched(cut) as (_, host):
        repository = proxy_of(host.url)
        with pytest.raises(RemoteError), contact(repository) as registry:
            with registry.open_blob("app", "sha256:" + "a" * 64) as blob:
                list(iter(lambda: blob.read(10), b""))
    assert described(repository) == "Remote Auto Blocked and Unavailable"


def test_a_foreign_layer_that_cannot_be_read_says_nothing_of_the_remote(proxy_of: ProxyOf) -> None:
    repository = proxy_of("http://127.0.0.1:1")
    with pytest.raises(RemoteError), contact(repository, is_foreign=True) as registry:
        registry.open_url(f"http://127.0.0.1:{unused_port()}/layer")
    assert described(repository) == "Ready to Connect"


def test_the_pauses_grow_and_end(settings) -> None:
    settings.NEXUSLITE_REMOTE_BLOCK_SECONDS = 40.0
    pauses = [state.block_seconds(number) for number in range(1, 8)]
    assert pauses == [40, 40, 80, 120, 200, 320, 520]
    assert state.block_seconds(1000) == 3600


def test_a_probe_lets_requests_through_again(proxy_of: ProxyOf) -> None:
    with switched(BROKEN) as (script, host):
        repository = proxy_of(host.url)
        fail(repository)
        script.reply = HERE
        probe()
        fail(repository)
        assert host.paths() == ["/v2/app/manifests/v1"]
        pass_time()
        probe()
        assert described(repository) == "Remote Available"
        ask(repository)
    assert host.paths()[1:] == ["/v2/", "/v2/app/manifests/v1"]
    assert RemoteState.objects.get().failures == 0


def test_a_probe_that_fails_makes_the_next_pause_longer(proxy_of: ProxyOf) -> None:
    with switched(BROKEN) as (_, host):
        repository = proxy_of(host.url)
        fail(repository)
        for expected in (40, 80, 120):
            pass_time()
            probe()
            with pytest.raises(RemoteBlocked) as caught:
                ask(repository)
            assert caught.value.retry_after == pytest.approx(expected, abs=3)


def test_one_process_probes_while_the_others_wait(proxy_of: ProxyOf) -> None:
    with switched(BROKEN) as (_, host):
        repository = proxy_of(host.url)
        fail(repository)
        pass_time()
        (due,) = state.due_for_probe()
        assert state.claim_probe(*due)
        assert not state.claim_probe(*due)
        with pytest.raises(RemoteBlocked):
            ask(repository)


def test_a_request_after_the_pause_is_as_good_as_a_probe(proxy_of: ProxyOf) -> None:
    with switched(BROKEN) as (script, host):
        repository = proxy_of(host.url)
        fail(repository)
        pass_time()
        script.reply = HERE
        ask(repository)
    assert described(repository) == "Remote Available"


def test_requests_that_fail_together_count_once(proxy_of: ProxyOf) -> None:
    with switched(BROKEN) as (_, host):
        repository = proxy_of(host.url)
        with ExitStack() as under_way:
            under_way.enter_context(pytest.raises(RemoteError))
            registry = under_way.enter_context(contact(repository))
            fail(repository)
            registry.manifest("app", "v1")
    assert RemoteState.objects.get().failures == 1


def test_a_failure_of_long_ago_does_not_count_any_more(proxy_of: ProxyOf) -> None:
    with switched(HERE) as (script, host):
        repository = proxy_of(host.url)
        ask(repository)
        script.reply = BROKEN
        with ExitStack() as under_way:
            under_way.enter_context(pytest.raises(RemoteError))
            old = under_way.enter_context(contact(repository))
            fail(repository)
            pass_time()
            probe()
            old.manifest("app", "v1")
    # The first failure and the probe.
    assert RemoteState.objects.get().failures == 2


def test_without_auto_block_a_failing_remote_is_asked_again(proxy_of: ProxyOf) -> None:
    with switched(BROKEN) as (script, host):
        repository = proxy_of(host.url, auto_block=False)
        fail(repository)
        assert described(repository) == "Remote Unavailable"
        script.reply = HERE
        ask(repository)
    assert described(repository) == "Remote Available"


def test_a_remote_blocked_by_hand_is_never_asked(proxy_of: ProxyOf) -> None:
    with switched(HERE) as (_, host):
        repository = proxy_of(host.url, blocked=True)
        with pytest.raises(RemoteBlocked) as caught:
            ask(repository)
        probe()
    assert host.requests == []
    assert caught.value.retry_after is None
    assert described(repository) == "Remote Manually Blocked"


def test_a_repository_that_is_offline_is_not_probed(proxy_of: ProxyOf) -> None:
    with switched(BROKEN) as (_, host):
        fail(proxy_of(host.url))
        pass_time()
        repository = proxy_of(host.url, online=False)
        probe()
    assert len(host.requests) == 1
    status = connection_status(repository)
    assert (status.state, status.description) == ("Offline", "Repository Offline")


def test_a_new_repository_is_ready(proxy_of: ProxyOf) -> None:
    status = connection_status(proxy_of("http://127.0.0.1:1"))
    assert (status.state, status.description, status.reason) == ("Online", "Ready to Connect", None)


def test_only_a_change_is_written(proxy_of: ProxyOf) -> None:
    with switched(HERE) as (_, host):
        repository = proxy_of(host.url)
        ask(repository)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            ask(repository)
            with pytest.raises(RemoteNotFound), contact(repository):
                raise RemoteNotFound("no")
    assert [query["sql"].split()[0] for query in queries] == ["SELECT", "SELECT"]


def test_a_clock_set_back_does_not_block_for_ever(proxy_of: ProxyOf) -> None:
    with switched(BROKEN) as (script, host):
        repository = proxy_of(host.url)
        fail(repository)
        RemoteState.objects.update(blocked_until=timezone.now() + timedelta(days=400))
        script.reply = HERE
        ask(repository)


def test_limits_are_remembered_for_who_asks(proxy_of: ProxyOf) -> None:
    limits = {"RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "76;w=21600"}
    with switched(Reply(200, {**dict(HERE.headers), **limits}, HERE.body)) as (_, host):  # type: ignore[arg-type]
        repository = proxy_of(host.url)
        assert remote_limits(repository) is None
        ask(repository)
    found = remote_limits(repository)
    assert found is not None
    assert (found.limit, found.remaining, found.window) == (100, 76, 21600)


def test_a_password_that_cannot_be_decrypted_is_named(proxy_of: ProxyOf) -> None:
    repository = proxy_of(
        "http://127.0.0.1:1",
        authentication_type="username",
        authentication_username="u",
        authentication_secret="encrypted:garbage",
    )
    with pytest.raises(RemoteError) as caught:
        ask(repository)
    assert "password" in caught.value.reason
