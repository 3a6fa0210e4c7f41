"""TLS, HTTP proxies, names, repetitions and patience."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
import trustme

from repositories.remote import exchange, transport
from repositories.remote.errors import (
    AddressRefused,
    RemoteError,
    RemoteLimited,
    RemoteUnavailable,
)
from tests.remote.clients import DIGEST, client_of, names
from tests.support.connect_proxy import connect_proxy
from tests.support.scripted_host import Received, Reply, json_reply, scripted_host, unused_port

MANIFEST = json_reply({"schemaVersion": 2})
BASIC = "Basic " + base64.b64encode(b"proxy-user:proxy-secret").decode()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


@pytest.fixture(scope="module")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    """Shows a certificate for registry.test and 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("registry.test", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "FIRST_PAUSE", 0.001)


# ---- TLS


def test_the_certificate_is_verified_by_the_trust_store(tls: ssl.SSLContext, ca_file: str) -> None:
    with scripted_host(lambda request: MANIFEST, tls=tls) as host:
        url = f"https://registry.test:{host.port}"
        trusting = {"use_trust_store": True, "ca_file": ca_file}
        client_of(url, names(registry="127.0.0.1"), **trusting).manifest("app", "v1")
    assert host.requests[0].headers["host"] == f"registry.test:{host.port}"


# fault 7
def test_a_certificate_that_nobody_vouches_for_is_refused(
    tls: ssl.SSLContext, ca_file: str
) -> None:
    with scripted_host(lambda request: MANIFEST, tls=tls) as host:
        with pytest.raises(RemoteUnavailable) as caught:
            client_of(host.url, ca_file=ca_file, retries=3).manifest("app", "v1")
    assert caught.value.reason.startswith("the certificate of the remote is not trusted: ")
    assert (host.requests, host.connections) == ([], 1)


# The address was checked, the name is still the one that the certificate must be for.
def test_a_certificate_for_another_name_is_refused(tls: ssl.SSLContext, ca_file: str) -> None:
    with scripted_host(lambda request: MANIFEST, tls=tls) as host:
        url = f"https://other.test:{host.port}"
        trusting = {"use_trust_store": True, "ca_file": ca_file}
        with pytest.raises(RemoteUnavailable) as caught:
            client_of(url, names(other="127.0.0.1"), **trusting).manifest("app", "v1")
    assert "certificate" in caught.value.reason


def test_plain_http_where_tls_is_expected_is_refused(ca_file: str) -> None:
    with scripted_host(lambda request: MANIFEST) as host:
        with pytest.raises(RemoteUnavailable):
            client_of(host.url.replace("http", "https")).manifest("app", "v1")


# fault 24
def test_nothing_leads_from_tls_to_plain_http(tls: ssl.SSLContext, ca_file: str) -> None:
    trusting = {"use_trust_store": True, "ca_file": ca_file, "username": "u", "password": "p"}
    with scripted_host(lambda request: MANIFEST) as plain:
        for reply in (
            Reply(302, {"Location": plain.url}),
            json_reply({}, 401, WWW_Authenticate=f'Bearer realm="{plain.url}/token"'),
        ):
            with scripted_host(lambda _, reply=reply: reply, tls=tls) as host:
                with pytest.raises(RemoteError):
                    client_of(host.url, **trusting).manifest("app", "v1")
    assert plain.requests == []


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_trust_store_that_cannot_be_read_is_an_error_of_the_remote(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(RemoteUnavailable) as caught:
        client_of("https://registry.test", use_trust_store=True, ca_file=str(path))
    assert "certificates" in caught.value.reason


@pytest.mark.parametrize(
    "url", ["", "registry", "ftp://a", "http://", "http://[::1", "http://a\x00"]
)
def test_a_url_that_is_none_is_an_error_of_the_remote(url: str) -> None:
    with pytest.raises(RemoteUnavailable):
        client_of(url)


# ---- the HTTP proxy


def test_the_proxy_passes_on_plain_requests() -> None:
    with scripted_host(lambda request: MANIFEST) as host, connect_proxy() as proxy:
        proxy.authorization = BASIC
        through = f"http://proxy-user:proxy-secret@{proxy.host}"
        client_of(host.url, http_proxy=through).manifest("app", "v1")
    assert proxy.lines == [f"GET {host.url}/v2/app/manifests/v1 HTTP/1.1"]


def test_the_proxy_resolves_the_name_and_tls_is_verified_through_it(
    tls: ssl.SSLContext, ca_file: str
) -> None:
    with scripted_host(lambda request: MANIFEST, tls=tls) as host, connect_proxy() as proxy:
        proxy.addresses["registry.test"] = "127.0.0.1"
        client_of(
            f"https://registry.test:{host.port}",
            names(),
            use_trust_store=True,
            ca_file=ca_file,
            http_proxy=f"http://{proxy.host}",
        ).manifest("app", "v1")
    assert proxy.lines == [f"CONNECT registry.test:{host.port} HTTP/1.1"]


def test_some_hosts_are_asked_without_the_proxy() -> None:
    with scripted_host(lambda request: MANIFEST) as host, connect_proxy() as proxy:
        through = f"http://{proxy.host}"
        client_of(host.url, http_proxy=through, no_proxy_hosts=("127.0.0.1",)).manifest("app", "v1")
    assert proxy.lines == []


def test_a_proxy_that_refuses_is_named_without_its_password(tls: ssl.SSLContext) -> None:
    with scripted_host(lambda request: MANIFEST, tls=tls) as host, connect_proxy() as proxy:
        proxy.authorization = BASIC
        with pytest.raises(RemoteUnavailable) as caught:
            client_of(host.url, http_proxy=f"http://u:proxy-secret@{proxy.host}").manifest("a", "b")
    assert "proxy" in caught.value.reason
    assert "secret" not in caught.value.reason


# fault 23
@pytest.mark.parametrize("target", ["10.0.0.1", "intern.test", "169.254.169.254"])
def test_the_proxy_is_not_asked_for_internal_hosts_that_can_be_seen(target: str) -> None:
    away = Reply(302, {"Location": f"http://{target}/"})
    with scripted_host(lambda request: away) as host, connect_proxy() as proxy:
        resolve = names(registry="127.0.0.1", intern="10.0.0.1")
        proxy.addresses["registry.test"] = "127.0.0.1"
        client = client_of(
            f"http://registry.test:{host.port}", resolve, http_proxy=f"http://{proxy.host}"
        )
        with pytest.raises(AddressRefused):
            client.manifest("app", "v1")
    assert len(proxy.lines) == 1


# ---- names and repetitions


# fault 7
def test_a_name_that_does_not_exist_is_an_error_of_the_remote() -> None:
    with pytest.raises(RemoteUnavailable) as caught:
        client_of("http://registry.test", names()).manifest("app", "v1")
    assert caught.value.reason == "registry.test cannot be resolved"


# fault 7
def test_a_resolver_that_does_not_answer_is_not_waited_for() -> None:
    release = threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        release.wait(20)
        return []

    began = time.monotonic()
    with pytest.raises(RemoteUnavailable) as caught:
        client_of("http://registry.test", resolve, timeout=0.3).manifest("app", "v1")
    release.set()
    assert caught.value.timed_out
    assert time.monotonic() - began < 3


def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    with scripted_host(lambda request: MANIFEST) as host:
        resolve = names(registry="127.0.0.9 127.0.0.1")
        client_of(f"http://registry.test:{host.port}", resolve).manifest("app", "v1")


def failing(times: int, failure: Reply | bytes) -> object:
    def script(request: Received) -> Reply | bytes:
        remaining = failures.pop() if failures else None
        return MANIFEST if remaining is None else failure

    failures = list(range(times))
    return script


@pytest.mark.parametrize("failure", [json_reply({}, 502), json_reply({}, 503), json_reply({}, 504)])
def test_a_passing_failure_is_asked_again(no_pause: None, failure: Reply) -> None:
    with scripted_host(failing(2, failure)) as host:  # type: ignore[arg-type]
        client_of(host.url, retries=2).manifest("app", "v1")
    assert len(host.requests) == 3


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (json_reply({}, 500), 1),
        (json_reply({}, 503, Retry_After="9"), 1),
        (json_reply({}, 404), 1),
        (json_reply({}, 429), 1),
        (json_reply({}, 502), 3),
        # Once more at once: it may have been an idle connection that was just being closed.
        (b"", 4),
    ],
)
def test_repetitions_end(no_pause: None, failure: Reply | bytes, expected: int) -> None:
    with scripted_host(lambda request: failure) as host, pytest.raises(RemoteError):
        client_of(host.url, retries=2).manifest("app", "v1")
    assert len(host.requests) == expected


def test_an_idle_connection_that_was_closed_is_no_failure() -> None:
    def script(request: Received) -> Reply | bytes:
        return b"" if len(host.requests) == 2 else MANIFEST

    with scripted_host(script) as host:
        client = client_of(host.url)
        client.manifest("app", "v1")
        client.manifest("app", "v1")


def test_the_user_agent_says_who_asks() -> None:
    with scripted_host(lambda request: MANIFEST) as host:
        client_of(host.url, user_agent_suffix="team Ä").manifest("app", "v1")
    assert host.requests[0].headers["user-agent"].startswith("nexuslite/")
    assert host.requests[0].headers["user-agent"].encode("latin-1").decode().endswith("team Ä")


def test_a_suffix_that_cannot_be_sent_is_an_error_of_the_remote() -> None:
    with scripted_host(lambda request: MANIFEST) as host, pytest.raises(RemoteUnavailable):
        client_of(host.url, user_agent_suffix="a\r\nX-Injected: b").manifest("app", "v1")
    assert host.requests == []


# Each of them gave up in another place; a connection that is left behind is never used again.
@pytest.mark.parametrize(
    "reply",
    [
        json_reply({}, 401, WWW_Authenticate='Bearer realm="/token"'),
        json_reply({}, 401, WWW_Authenticate='Bearer realm="http://10.0.0.1/token"'),
        json_reply({}, 404),
        json_reply({}, 500),
        json_reply([]),
        Reply(302, {"Location": "http://10.0.0.1/"}, b"moved"),
        Reply(302, {"Location": "ftp://a"}, b"x" * 200_000),
        Reply(200, {"Content-Type": "text/html"}, b"x" * 200_000),
        Reply(200, {"Content-Encoding": "gzip"}, b"x" * 200_000),
    ],
)
def test_no_failure_keeps_a_connection(monkeypatch: pytest.MonkeyPatch, reply: Reply) -> None:
    monkeypatch.setattr(transport, "MAX_CONNECTIONS", 2)
    replies = [reply]
    with scripted_host(lambda request: replies[0]) as host:
        client = client_of(host.url, timeout=1.0)
        for _ in range(3):
            with pytest.raises(RemoteError):
                client.manifest("app", "v1")
            with contextlib.suppress(RemoteError), client.open_blob("app", DIGEST) as blob:
                blob.read(1)
        replies[0] = MANIFEST
        client.manifest("app", "v1")


# ---- limits


# fault 7
def test_a_remote_that_limits_us_is_left_alone_as_long_as_it_says() -> None:
    limited = Reply(429, {"Retry-After": "30", "RateLimit-Remaining": "0;w=21600"})
    blob = Reply(200, {}, b"bytes")
    with scripted_host(lambda r: limited if "manifests" in r.path else blob) as host:
        client = client_of(host.url)
        for _ in range(3):
            with pytest.raises(RemoteLimited) as caught:
                client.manifest("app", "v1")
        assert len(host.requests) == 1
        assert caught.value.retry_after == pytest.approx(30, abs=2)
        assert client.limits is not None
        assert client.limits.remaining == 0
        # Pulls under way still get their blobs.
        client.open_blob("app", DIGEST).close()
        # HEAD does not count against Docker Hub's limits.
        with pytest.raises(RemoteLimited):
            client.manifest("app", "v1", method="HEAD")
    assert [request.method for request in host.requests] == ["GET", "GET", "HEAD"]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("5", 5, 5),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("99999999999", 86400, 86400),
        ("soon", None, None),
        ("-3", None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, low: float | None, high: float | None) -> None:
    with scripted_host(lambda request: Reply(429, {"Retry-After": text})) as host:
        with pytest.raises(RemoteLimited) as caught:
            client_of(host.url).manifest("app", "v1")
    assert (caught.value.retry_after, caught.value.retry_after) == (low, high)


# ---- patience


# fault 6
@pytest.mark.parametrize("what", ["head", "manifest"])
def test_an_answer_that_does_not_come_is_not_waited_for(what: str) -> None:
    release = threading.Event()

    def script(request: Received) -> Reply | bytes:
        if what == "head":
            release.wait(20)
            return MANIFEST
        return Reply(200, MANIFEST.headers, MANIFEST.body, pauses=0.2)

    with scripted_host(script) as host:
        began = time.monotonic()
        with pytest.raises(RemoteUnavailable) as caught:
            client_of(host.url, timeout=0.5, retries=3).manifest("app", "v1")
        took = time.monotonic() - began
        release.set()
    assert caught.value.timed_out
    assert took < 3
    assert len(host.requests) == 1


# fault 6
def test_a_head_that_drips_is_not_waited_for() -> None:
    """Each byte comes in time, the head never ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                try:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                    while True:
                        connection.sendall(b"a")
                        time.sleep(0.05)
                except OSError:
                    return

        threading.Thread(target=drip, daemon=True).start()
        began = time.monotonic()
        with pytest.raises(RemoteUnavailable) as caught:
            client_of(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.6).ping()
    assert caught.value.timed_out
    assert time.monotonic() - began < 3


# fault 6
@pytest.mark.parametrize("pause", [0.05, 5.0], ids=["drips", "stalls"])
def test_a_blob_that_drips_or_stalls_is_given_up(pause: float) -> None:
    slow = Reply(200, {}, b"x" * 1000, pauses=pause)
    with scripted_host(lambda request: slow) as host:
        client = client_of(host.url, timeout=1.0, minimum_rate=1000, rate_grace=0.5)
        began = time.monotonic()
        with pytest.raises(RemoteUnavailable) as caught, client.open_blob("app", DIGEST) as blob:
            list(iter(lambda: blob.read(100), b""))
    assert caught.value.timed_out
    assert time.monotonic() - began < 4


def test_a_slow_reader_does_not_make_a_remote_look_slow() -> None:
    with scripted_host(lambda request: Reply(200, {}, b"x" * 3_000_000)) as host:
        client = client_of(host.url, timeout=1.0, minimum_rate=1 << 40, rate_grace=0.3)
        with client.open_blob("app", DIGEST) as blob:
            blob.read(1)
            time.sleep(0.6)
            assert len(b"".join(iter(lambda: blob.read(1 << 20), b""))) == 2_999_999


def test_nothing_listens() -> None:
    with pytest.raises(RemoteUnavailable) as caught:
        client_of(f"http://127.0.0.1:{unused_port()}").manifest("app", "v1")
    assert caught.value.reason == "no connection to the remote: Connection refused"
