"""Redirects, token services, foreign layers: where a remote may lead us, and with what."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest

from repositories.remote.errors import AddressRefused, RemoteError, RemoteRefused, RemoteUnavailable
from repositories.remote.settings import AddressPolicy
from tests.remote.clients import DIGEST, client_of, names
from tests.support.scripted_host import (
    Received,
    Reply,
    json_reply,
    scripted_host,
)

BLOB = Reply(200, {}, b"the bytes")
MANIFEST = json_reply({"schemaVersion": 2})
ACCOUNT = {"username": "robot", "password": "s3cret"}
CDN_ALLOWED = AddressPolicy(allowed_domains=("cdn.test",))


def to(location: str, status: int = 307) -> Reply:
    return Reply(status, {"Location": location})


def bearer(realm: str) -> Reply:
    return json_reply({}, 401, WWW_Authenticate=f'Bearer realm="{realm}",service="s"')


def read(client: Any, **arguments: Any) -> bytes:
    with client.open_blob("app", DIGEST, **arguments) as blob:
        return b"".join(iter(lambda: blob.read(1 << 16), b""))


# ---- fault 24: what goes along


# fault 24
def test_a_redirect_to_another_host_carries_no_credentials_and_no_cookies() -> None:
    with scripted_host(lambda request: BLOB) as cdn:
        away = Reply(
            307, {"Location": f"http://cdn.test:{cdn.port}/blob?sig=1", "Set-Cookie": "sid=1"}
        )
        with scripted_host(lambda request: away) as remote:
            client = client_of(
                f"http://registry.test:{remote.port}",
                names(registry="127.0.0.1", cdn="127.0.0.1"),
                addresses=CDN_ALLOWED,
                cookies=True,
                preemptive=True,
                **ACCOUNT,
            )
            for _ in range(2):
                assert read(client) == b"the bytes"
    assert "authorization" in remote.requests[0].headers
    assert remote.requests[1].headers["cookie"] == "sid=1"
    for request in cdn.requests:
        assert request.target == "/blob?sig=1"
        assert request.headers["host"] == f"cdn.test:{cdn.port}"
        assert not {"authorization", "cookie"} & set(request.headers)


# fault 24
def test_a_redirect_to_another_port_is_another_host() -> None:
    with scripted_host(lambda request: BLOB) as other:
        away = Reply(307, {"Location": other.url, "Set-Cookie": "sid=1"})
        with scripted_host(lambda request: away) as remote:
            client = client_of(remote.url, preemptive=True, cookies=True, **ACCOUNT)
            for _ in range(2):
                read(client)
    assert remote.requests[1].headers["cookie"] == "sid=1"
    for request in other.requests:
        assert not {"authorization", "cookie"} & set(request.headers)


# fault 24
def test_a_token_goes_to_the_remote_alone() -> None:
    def registry(request: Received) -> Reply:
        if request.path == "/token":
            return json_reply({"token": "abc"})
        return to(other.url) if "authorization" in request.headers else bearer("/token")

    with scripted_host(lambda request: BLOB) as other, scripted_host(registry) as remote:
        read(client_of(remote.url))
    assert "authorization" not in other.requests[0].headers


def test_a_range_goes_along_with_a_redirect() -> None:
    part = Reply(206, {"Content-Range": "bytes 4-8/9"}, b"bytes")
    with scripted_host(lambda request: part) as other:
        with scripted_host(lambda request: to(other.url)) as remote:
            assert read(client_of(remote.url), offset=4) == b"bytes"
    assert other.requests[0].headers["range"] == "bytes=4-"


def test_a_redirect_within_the_remote_keeps_the_credentials() -> None:
    script: Callable[[Received], Reply] = lambda r: BLOB if r.path == "/b" else to("/b", 302)  # noqa: E731
    with scripted_host(script) as remote:
        read(client_of(remote.url, preemptive=True, **ACCOUNT))
    assert [("authorization" in r.headers) for r in remote.requests] == [True, True]


def test_cookies_are_kept_only_when_wanted() -> None:
    reply = Reply(200, {**dict(MANIFEST.headers), "Set-Cookie": "sid=1"}, MANIFEST.body)  # type: ignore[arg-type]
    with scripted_host(lambda request: reply) as host:
        client = client_of(host.url)
        client.manifest("app", "v1")
        client.manifest("app", "v1")
    assert all("cookie" not in request.headers for request in host.requests)


@pytest.mark.parametrize("circular", [True, False])
def test_a_redirect_to_itself_is_followed_only_when_wanted(circular: bool) -> None:
    def once(request: Received) -> Reply:
        return to(request.target, 302) if len(host.requests) == 1 else BLOB

    with scripted_host(once) as host:
        client = client_of(host.url, circular_redirects=circular)
        if circular:
            assert read(client) == b"the bytes"
        else:
            with pytest.raises(RemoteUnavailable):
                read(client)


def test_redirects_end() -> None:
    with scripted_host(lambda r: to(f"/{len(host.requests)}")) as host:
        with pytest.raises(RemoteUnavailable):
            read(client_of(host.url))
    assert len(host.requests) == 11


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://a/b", "http://", "http://[::1", "//\x7f", "a" * 9000]
)
def test_a_redirect_leads_to_an_address_of_the_web(location: str) -> None:
    with scripted_host(lambda request: to(location)) as host, pytest.raises(RemoteUnavailable):
        read(client_of(host.url))


def test_a_user_name_in_a_redirect_is_not_sent() -> None:
    with scripted_host(lambda request: BLOB) as other:
        target = other.url.replace("//", "//user:password@") + "/x"
        with scripted_host(lambda request: to(target)) as remote:
            read(client_of(remote.url))
    assert "authorization" not in other.requests[0].headers


# fault 24
@pytest.mark.parametrize(
    ("registry", "realm", "token_hosts", "gets_password"),
    [
        ("registry-1.docker", "auth.docker", (), True),
        ("registry-1.docker", "auth.docker.evil", (), False),
        ("registry-1.docker", "auth.evil", (), False),
        ("registry-1.docker", "auth.evil", ("auth.evil.test",), True),
    ],
)
def test_only_a_token_service_of_the_same_domain_gets_the_password(
    registry: str, realm: str, token_hosts: tuple[str, ...], gets_password: bool
) -> None:
    def script(request: Received) -> Reply:
        if request.path == "/token":
            return json_reply({"token": "abc"})
        if "authorization" in request.headers:
            return MANIFEST
        return bearer(f"http://{realm}.test:{host.port}/token")

    with scripted_host(script) as host:
        client = client_of(
            f"http://{registry}.test:{host.port}",
            names(**{registry: "127.0.0.1", realm: "127.0.0.1"}),
            addresses=AddressPolicy(enabled=False),
            token_hosts=token_hosts,
            **ACCOUNT,
        )
        client.manifest("app", "v1")
    asked = next(request for request in host.requests if request.path == "/token")
    assert ("authorization" in asked.headers) is gets_password
    assert ("account=robot" in asked.target) is gets_password


def test_a_redirect_of_the_token_service_loses_the_password() -> None:
    def script(request: Received) -> Reply:
        if request.path == "/token":
            return to(f"{elsewhere.url}/token")
        return MANIFEST if "authorization" in request.headers else bearer("/token")

    with scripted_host(lambda request: json_reply({"token": "abc"})) as elsewhere:
        with scripted_host(script) as host:
            client_of(host.url, **ACCOUNT).manifest("app", "v1")
    assert "authorization" not in elsewhere.requests[0].headers


def test_a_host_that_a_redirect_leads_to_may_have_its_own_token_service() -> None:
    def second(request: Received) -> Reply:
        if request.path == "/token":
            return json_reply({"token": "abc"})
        return MANIFEST if "authorization" in request.headers else bearer("/token")

    with scripted_host(second) as other, scripted_host(lambda r: to(other.url + r.path)) as remote:
        client_of(remote.url, preemptive=True, **ACCOUNT).manifest("app", "v1")
    assert [r.headers.get("authorization") for r in other.requests] == [None, None, "Bearer abc"]


# ---- fault 23: where


def naming(place: str, url: str) -> Callable[[Received], Reply]:
    """A remote that names the URL in a redirect or as its token service."""
    reply = bearer(url) if place == "realm" else to(url)
    return lambda request: reply


# fault 23
@pytest.mark.parametrize("place", ["redirect", "realm", "foreign layer", "index"])
@pytest.mark.parametrize("name", ["intern.test", "localhost", "127.0.0.1", "127.1", "[::1]"])
def test_what_a_remote_names_may_not_be_internal(place: str, name: str) -> None:
    with scripted_host(lambda request: BLOB) as secret:
        url = f"http://{name}:{secret.port}/latest/secret"
        with scripted_host(naming(place, url)) as host:
            client = client_of(
                f"http://registry.test:{host.port}",
                names(registry="127.0.0.1", intern="127.0.0.1", localhost="127.0.0.1")
                if name != "127.1"
                else lambda host, port: ["127.0.0.1"],
            )
            requests: dict[str, Callable[[], object]] = {
                "foreign layer": lambda: client.open_url(url),
                "index": lambda: client.search(url, "x", 25),
            }
            with pytest.raises(AddressRefused):
                requests.get(place, lambda: client.open_blob("app", DIGEST))()
    assert secret.requests == []


# fault 23
def test_the_host_of_the_remote_may_be_internal() -> None:
    with scripted_host(lambda request: MANIFEST) as host:
        client_of(f"http://registry.test:{host.port}", names(registry="127.0.0.1")).manifest(
            "app", "v1"
        )


# fault 23
@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "0.0.0.0"]
)
def test_not_even_the_remote_may_be_a_metadata_service(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    for url, resolve in ((f"http://{host}", None), ("http://r.test", names(r=address))):
        for policy in (AddressPolicy(), AddressPolicy(False), _allowing(address, "r.test")):
            with pytest.raises(AddressRefused):
                client_of(url, resolve, addresses=policy).manifest("app", "v1")


def _allowing(address: str, domain: str) -> AddressPolicy:
    return AddressPolicy(True, (ip_network(address),), (domain,))


# fault 23
@pytest.mark.parametrize(
    "policy",
    [
        AddressPolicy(enabled=False),
        AddressPolicy(allowed_networks=(ip_network("127.0.0.0/8"),)),
        AddressPolicy(allowed_domains=("cdn.test",)),
        AddressPolicy(allowed_domains=("*.test",)),
    ],
)
def test_an_administrator_may_allow_internal_addresses(policy: AddressPolicy) -> None:
    with scripted_host(lambda request: BLOB) as cdn:
        with scripted_host(lambda request: to(f"http://cdn.test:{cdn.port}")) as host:
            resolve = names(registry="127.0.0.1", cdn="127.0.0.1")
            url = f"http://registry.test:{host.port}"
            assert read(client_of(url, resolve, addresses=policy)) == b"the bytes"


# fault 23
def test_a_name_that_changes_its_address_is_connected_where_it_was_checked() -> None:
    """DNS rebinding: an allowed address at first, an internal one ever after."""
    answers = iter(["127.0.0.2"])
    asked = []

    def resolve(host: str, port: int) -> list[str]:
        if host == "registry.test":
            return ["127.0.0.1"]
        asked.append(host)
        return [next(answers, "127.0.0.1")]

    closing = Reply(200, {"Connection": "close"}, b"the bytes")
    policy = AddressPolicy(allowed_networks=(ip_network("127.0.0.2"),))
    with scripted_host(lambda request: closing, address="127.0.0.2") as allowed:
        with scripted_host(lambda request: BLOB, port=allowed.port) as victim:
            away = to(f"http://evil.test:{allowed.port}/")
            with scripted_host(lambda request: away) as host:
                client = client_of(f"http://registry.test:{host.port}", resolve, addresses=policy)
                assert read(client) == b"the bytes"
                assert len(asked) == 1
                with pytest.raises(AddressRefused):
                    read(client)
    assert (len(allowed.requests), victim.requests) == (1, [])


# fault 23
def test_of_several_addresses_only_permitted_ones_are_tried() -> None:
    policy = AddressPolicy(allowed_networks=(ip_network("127.0.0.2"),))
    with scripted_host(lambda request: BLOB, address="127.0.0.2") as allowed:
        with scripted_host(lambda request: BLOB, port=allowed.port) as victim:
            with scripted_host(lambda request: to(f"http://m.test:{allowed.port}/")) as host:
                resolve = names(registry="127.0.0.1", m="127.0.0.1 10.0.0.1 127.0.0.2")
                url = f"http://registry.test:{host.port}"
                assert read(client_of(url, resolve, addresses=policy)) == b"the bytes"
    assert victim.requests == []


def test_a_refused_address_is_named_without_more() -> None:
    with scripted_host(lambda r: to("http://10.1.2.3/a?password=x")) as host:
        with pytest.raises(RemoteError) as caught:
            read(client_of(host.url))
    assert str(caught.value) == "10.1.2.3, which the remote names, has an internal address"


def test_a_401_of_a_redirect_that_offers_nothing_is_a_refusal() -> None:
    with scripted_host(lambda request: json_reply({}, 401)) as other:
        with scripted_host(lambda request: to(other.url)) as remote:
            with pytest.raises(RemoteRefused) as caught:
                read(client_of(remote.url, preemptive=True, **ACCOUNT))
    assert not caught.value.credentials_rejected


def test_a_blob_behind_a_redirect_is_the_same_blob() -> None:
    content = bytes(range(256)) * 1000
    with scripted_host(lambda request: Reply(200, {}, content)) as other:
        with scripted_host(lambda request: to(other.url)) as remote:
            got = read(client_of(remote.url))
    assert hashlib.sha256(got).digest() == hashlib.sha256(content).digest()
