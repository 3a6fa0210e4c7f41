"""Signing in to a remote: Basic, tokens, what is remembered, and what ends."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from repositories.remote import tokens
from repositories.remote.errors import RemoteError, RemoteLimited, RemoteRefused, RemoteUnavailable
from tests.remote.clients import client_of
from tests.support.scripted_host import (
    Received,
    Reply,
    ScriptedHost,
    json_reply,
    scripted_host,
)

MANIFEST = json_reply({"schemaVersion": 2})
ACCOUNT = {"username": "robot", "password": "s3cret"}
BASIC = "Basic " + base64.b64encode(b"robot:s3cret").decode()
CREDENTIALS_OF_ROBOT = {"authorization": BASIC}


class TokenRemote:
    """A registry and its token service on one host: answers who shows the newest token."""

    def __init__(self) -> None:
        self.issued = 0
        self.needs_account = False
        self.lifetime: object = 300
        self.accepts: Callable[[str], bool] = lambda token: token == f"token-{self.issued}"
        self.realm = "/token"
        self.service = "scripted"
        self.token_reply: Reply | None = None

    def __call__(self, request: Received) -> Reply | bytes:
        if request.path == "/token":
            return self._token(request)
        sent = request.headers.get("authorization", "").removeprefix("Bearer ")
        if sent and self.accepts(sent):
            return MANIFEST
        image = request.path.removeprefix("/v2/").partition("/manifests/")[0]
        challenge = (
            f'Bearer realm="{self.realm}",service="{self.service}",scope="repository:{image}:pull"'
        )
        return json_reply({"errors": []}, 401, WWW_Authenticate=challenge)

    def _token(self, request: Received) -> Reply:
        if self.token_reply is not None:
            return self.token_reply
        if self.needs_account and request.headers.get("authorization") != BASIC:
            return json_reply({"details": "no"}, 401)
        self.issued += 1
        return json_reply({"token": f"token-{self.issued}", "expires_in": self.lifetime})


@pytest.fixture
def remote() -> TokenRemote:
    return TokenRemote()


@pytest.fixture
def host(remote: TokenRemote) -> Iterator[ScriptedHost]:
    with scripted_host(remote) as running:
        yield running


def token_requests(host: ScriptedHost) -> list[Received]:
    return [request for request in host.requests if request.path == "/token"]


def query(request: Received) -> dict[str, list[str]]:
    return parse_qs(urlsplit(request.target).query)


def test_an_anonymous_token_is_fetched_as_the_challenge_says(host: ScriptedHost) -> None:
    client_of(host.url).manifest("team/app", "v1")
    (asked,) = token_requests(host)
    assert query(asked) == {
        "service": ["scripted"],
        "scope": ["repository:team/app:pull"],
        "client_id": ["nexuslite"],
    }
    assert "authorization" not in asked.headers


def test_a_token_is_fetched_with_the_account(remote: TokenRemote, host: ScriptedHost) -> None:
    remote.needs_account = True
    client_of(host.url, **ACCOUNT).manifest("app", "v1")
    (asked,) = token_requests(host)
    assert query(asked)["account"] == ["robot"]
    assert [r.headers.get("authorization") for r in host.requests] == [
        None,
        BASIC,
        "Bearer token-1",
    ]


def test_a_token_is_used_until_it_expires(
    remote: TokenRemote, host: ScriptedHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(host.url)
    for _ in range(3):
        client.manifest("app", "v1")
    assert len(token_requests(host)) == 1
    assert len(host.requests) == 5
    later = tokens.monotonic() + 280
    monkeypatch.setattr(tokens, "monotonic", lambda: later)
    client.manifest("app", "v1")
    # The token is renewed before it is refused.
    assert len(token_requests(host)) == 2
    assert [r.path for r in host.requests[5:]] == ["/token", "/v2/app/manifests/v1"]


def test_another_image_gets_its_own_token_without_being_refused_first(
    remote: TokenRemote, host: ScriptedHost
) -> None:
    client = client_of(host.url)
    client.manifest("one", "v1")
    client.manifest("two", "v1")
    assert host.paths()[3:] == ["/token", "/v2/two/manifests/v1"]
    assert query(token_requests(host)[1])["scope"] == ["repository:two:pull"]


def test_a_revoked_token_is_replaced_once(remote: TokenRemote, host: ScriptedHost) -> None:
    client = client_of(host.url)
    client.manifest("app", "v1")
    remote.accepts = lambda token: token == "token-2"
    client.manifest("app", "v1")
    assert len(token_requests(host)) == 2


# fault 7
def test_a_remote_that_refuses_every_token_is_asked_few_times(
    remote: TokenRemote, host: ScriptedHost
) -> None:
    remote.accepts = lambda token: False
    client = client_of(host.url)
    for _ in range(2):
        with pytest.raises(RemoteRefused) as caught:
            client.manifest("app", "v1")
    assert (caught.value.status, caught.value.credentials_rejected) == (401, False)
    assert len(host.requests) <= 7


def test_a_challenge_that_changes_each_time_ends(host: ScriptedHost, remote: TokenRemote) -> None:
    def moving(request: Received) -> Reply | bytes:
        remote.service = f"service-{len(host.requests)}"
        return remote(request)

    remote.accepts = lambda token: False
    host.script = moving
    with pytest.raises(RemoteRefused):
        client_of(host.url).manifest("app", "v1")
    assert len(host.requests) <= 6


def test_a_password_that_the_token_service_rejects_is_told_apart(
    remote: TokenRemote, host: ScriptedHost
) -> None:
    remote.needs_account = True
    client = client_of(host.url, username="robot", password="old")
    with pytest.raises(RemoteRefused) as caught:
        client.manifest("app", "v1")
    assert caught.value.credentials_rejected
    assert "old" not in str(caught.value)


def test_a_crowd_fetches_one_token(remote: TokenRemote, host: ScriptedHost) -> None:
    client = client_of(host.url)
    client.manifest("app", "v0")
    client._exchange._authorizer._tokens._tokens.clear()
    crowd = [threading.Thread(target=client.manifest, args=("app", "v1")) for _ in range(12)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join(10)
    assert len(token_requests(host)) == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Reply(429, {"Retry-After": "7"}), RemoteLimited),
        (json_reply({}, 403), RemoteRefused),
        (json_reply({}, 404), RemoteUnavailable),
        (json_reply({}, 500), RemoteUnavailable),
        (json_reply({"token": ""}), RemoteUnavailable),
        (json_reply({"token": "a\r\nX: y"}), RemoteUnavailable),
        (json_reply({"token": 5}), RemoteUnavailable),
        (json_reply(["token"]), RemoteUnavailable),
        (Reply(200, {"Content-Encoding": "gzip"}, b"{}"), RemoteUnavailable),
        (Reply(200, {}, b'{"token":"' + b"a" * 300_000 + b'"}'), RemoteUnavailable),
        (Reply(200, {}, b"[" * 100_000), RemoteUnavailable),
        (Reply(302, {"Location": "/token"}), RemoteUnavailable),
    ],
)
def test_a_token_service_that_fails_is_no_missing_image(
    remote: TokenRemote, host: ScriptedHost, answer: Reply, error: type[RemoteError]
) -> None:
    remote.token_reply = answer
    with pytest.raises(error):
        client_of(host.url).manifest("app", "v1")


@pytest.mark.parametrize("lifetime", [None, "soon", -5, 0, 1e300, True])
def test_a_strange_lifetime_is_a_minute_at_least(
    remote: TokenRemote, host: ScriptedHost, lifetime: object
) -> None:
    remote.lifetime = lifetime
    client = client_of(host.url)
    client.manifest("app", "v1")
    client.manifest("app", "v1")
    assert len(token_requests(host)) == 1


def test_an_access_token_is_a_token(remote: TokenRemote, host: ScriptedHost) -> None:
    remote.token_reply = json_reply({"access_token": "token-0"})
    client_of(host.url).manifest("app", "v1")


def basic_only(request: Received) -> Reply:
    if request.headers.get("authorization") == BASIC:
        return MANIFEST
    return json_reply({"errors": []}, 401, WWW_Authenticate='Basic realm="here"')


def test_basic_is_sent_when_asked_for_and_then_at_once() -> None:
    with scripted_host(basic_only) as host:
        client = client_of(host.url, **ACCOUNT)
        client.manifest("one", "v1")
        client.manifest("two", "v1")
    assert [r.headers.get("authorization") for r in host.requests] == [None, BASIC, BASIC]


def test_a_preemptive_password_is_sent_unasked() -> None:
    with scripted_host(basic_only) as host:
        client_of(host.url, **ACCOUNT, preemptive=True).manifest("app", "v1")
    assert [r.headers.get("authorization") for r in host.requests] == [BASIC]


# fault 7
@pytest.mark.parametrize("preemptive", [True, False])
def test_a_rejected_password_is_not_sent_again_and_again(preemptive: bool) -> None:
    refusal = json_reply({"errors": []}, 401, WWW_Authenticate='Basic realm="here"')
    with scripted_host(lambda request: refusal) as host:
        with pytest.raises(RemoteRefused) as caught:
            client_of(host.url, **ACCOUNT, preemptive=preemptive).manifest("app", "v1")
    assert caught.value.credentials_rejected
    assert len(host.requests) <= 2


def test_a_remote_that_wants_a_password_we_do_not_have_is_refused() -> None:
    with scripted_host(basic_only) as host, pytest.raises(RemoteRefused) as caught:
        client_of(host.url).manifest("app", "v1")
    assert not caught.value.credentials_rejected
    assert len(host.requests) == 1


def test_a_configured_bearer_token_is_sent_as_it_is() -> None:
    with scripted_host(lambda request: MANIFEST) as host:
        client_of(host.url, bearer_token="ghp_token").manifest("app", "v1")
    assert host.requests[0].headers["authorization"] == "Bearer ghp_token"


def test_a_rejected_bearer_token_is_final() -> None:
    refusal = json_reply({}, 401, WWW_Authenticate='Bearer realm="/token"')
    with scripted_host(lambda request: refusal) as host, pytest.raises(RemoteRefused) as caught:
        client_of(host.url, bearer_token="ghp_token").manifest("app", "v1")
    assert caught.value.credentials_rejected
    assert len(host.requests) == 1


def test_secrets_do_not_show_in_settings_or_errors() -> None:
    with scripted_host(lambda request: json_reply({}, 403)) as host:
        client = client_of(host.url, **ACCOUNT, http_proxy="", bearer_token="ghp_token")
        with pytest.raises(RemoteRefused) as caught:
            client.manifest("app", "v1")
    text = repr(caught.value) + str(caught.value)
    assert "s3cret" not in text
    assert "ghp_token" not in text


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (['Basic realm="x"'], [("basic", {"realm": "x"})]),
        (
            ["bearer Realm=https://a/t,service=s"],
            [("bearer", {"realm": "https://a/t", "service": "s"})],
        ),
        (
            ['Basic realm="a, b", Bearer realm="https://t/", scope="repository:a:pull,push"'],
            [
                ("basic", {"realm": "a, b"}),
                ("bearer", {"realm": "https://t/", "scope": "repository:a:pull,push"}),
            ],
        ),
        (['Basic realm="x"', "Negotiate"], [("basic", {"realm": "x"}), ("negotiate", {})]),
        (["Negotiate abc==, Basic"], [("negotiate", {}), ("basic", {})]),
        (
            [r'Bearer realm="a\"b"  ,  service = "c"'],
            [("bearer", {"realm": 'a"b', "service": "c"})],
        ),
        (['Bearer realm="one",realm="two"'], [("bearer", {"realm": "one"})]),
        (['Bearer realm="unfinished'], [("bearer", {})]),
        ([", ,,"], []),
        (['="x"'], []),
        ([""], []),
    ],
)
def test_challenges_are_read_as_servers_write_them(
    lines: list[str], expected: list[tuple[str, dict[str, str]]]
) -> None:
    from repositories.remote.challenges import parse

    assert [(each.scheme, dict(each.parameters)) for each in parse(lines)] == expected
