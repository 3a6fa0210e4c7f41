"""X-Forwarded-* is believed from trusted proxies alone."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.server import RunningServer

FORWARDED = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "registry.example:8443",
    "X-Forwarded-Port": "8443",
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Ssl": "on",
    "X-Real-IP": "203.0.113.8",
    "Forwarded": "for=203.0.113.7;proto=https",
}


def environ(server: RunningServer, headers: dict[str, str], port: int = 0) -> dict[str, Any]:
    return json.loads(server.request("GET", "/environ", headers=headers, port=port).body)


# fault 31
def test_a_stranger_s_forwarded_headers_leave_no_trace(server: RunningServer) -> None:
    port = server.open("a")
    seen = environ(server, FORWARDED, port)
    assert not any("FORWARDED" in key or key == "HTTP_X_REAL_IP" for key in seen)
    assert seen["wsgi.url_scheme"] == "http"
    assert seen["HTTP_HOST"] == f"127.0.0.1:{port}"
    assert seen["REMOTE_ADDR"] == "127.0.0.1"
    assert seen["SERVER_PORT"] == str(port)
    assert seen["nexuslite.connector"] == "a"
    assert "nexuslite.forwarded_port" not in seen


@pytest.fixture
def proxied(start_server: Callable[..., RunningServer]) -> RunningServer:
    return start_server(trusted_proxies=["127.0.0.1", "10.0.0.0/8"])


# fault 31
def test_a_trusted_proxy_is_believed(proxied: RunningServer) -> None:
    port = proxied.open("a")
    seen = environ(proxied, FORWARDED, port)
    assert seen["wsgi.url_scheme"] == "https"
    assert seen["HTTP_HOST"] == "registry.example:8443"
    assert seen["REMOTE_ADDR"] == "203.0.113.9"
    assert seen["nexuslite.forwarded_port"] == "8443"
    # Which repository is asked for is never the proxy's word.
    assert seen["SERVER_PORT"] == str(port)
    assert seen["nexuslite.connector"] == "a"

    # Only what the last untrusted hop says about itself is left out of account.
    chain = environ(proxied, {"X-Forwarded-For": "1.1.1.1, 203.0.113.9, 10.1.2.3"})
    assert chain["REMOTE_ADDR"] == "203.0.113.9"
    spoofed = environ(proxied, {"X-Forwarded-Proto": "https, http", "X-Forwarded-Host": "a, b"})
    assert (spoofed["wsgi.url_scheme"], spoofed["HTTP_HOST"]) == ("http", "b")

    nonsense = {
        "X-Forwarded-Proto": "gopher",
        "X-Forwarded-Host": "a/b@c",
        "X-Forwarded-Port": "99999",
        "X-Forwarded-For": "unknown",
    }
    seen = environ(proxied, nonsense)
    assert seen["wsgi.url_scheme"] == "http"
    assert seen["HTTP_HOST"].startswith("127.0.0.1:")
    assert seen["REMOTE_ADDR"] == "127.0.0.1"
    assert "nexuslite.forwarded_port" not in seen
