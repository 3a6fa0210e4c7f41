"""Where remotes may lead, as administrators set it."""

from __future__ import annotations

import pytest

from accounts.models import AuditEvent
from repositories import records
from repositories.remote.blocking import contact
from repositories.remote.errors import AddressRefused
from tests.rest.conftest import errors_of
from tests.rest.repository_bodies import PROXIES, SSRF, proxy_body
from tests.support.scripted_host import Reply, scripted_host

FRESH = {"enabled": True, "allowedIPs": [], "allowedDomains": []}
OPENED = {
    "enabled": True,
    "allowedIPs": ["10.0.0.0/8", "192.168.1.5", "fd00::/8"],
    "allowedDomains": ["cdn.example.org", "*.intern.example.org"],
}


def test_a_fresh_server_is_protected(admin):
    assert admin.get(SSRF).json() == FRESH


def test_the_setting_comes_back_as_it_was_written(admin):
    answer = admin.put(SSRF, OPENED)
    assert (answer.status_code, answer.json()) == (200, OPENED)
    assert admin.get(SSRF).json() == OPENED
    assert admin.put(SSRF, {"enabled": False, "allowedIPs": None}).status_code == 200
    assert admin.get(SSRF).json() == {**FRESH, "enabled": False}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"allowedIPs": ["10.0.0.256"]}, "allowedIPs"),
        ({"allowedIPs": ["intern"]}, "allowedIPs"),
        ({"allowedIPs": ["10.0.0.0/33"]}, "allowedIPs"),
        ({"allowedDomains": ["http://a"]}, "allowedDomains"),
        ({"allowedDomains": ["*"]}, "allowedDomains"),
        ({"allowedDomains": ["a.*.b"]}, "allowedDomains"),
        ({"allowedDomains": ["a" * 64 + ".b"]}, "allowedDomains"),
        ({"allowedDomains": ["a\u0000b"]}, "allowedDomains[0]"),
    ],
)
def test_what_is_no_address_and_no_domain_is_refused(admin, change, field):
    assert field in errors_of(admin.put(SSRF, {"enabled": True, **change}))
    assert admin.get(SSRF).json() == FRESH


@pytest.mark.parametrize(
    "body", [{}, [], None, "text", {"enabled": None}, {"enabled": True, "allowedIPs": "10.0.0.1"}]
)
def test_another_shape_is_refused(admin, body):
    answer = admin.send("PUT", SSRF, body, content_type="application/json")
    assert answer.status_code == 400
    assert admin.get(SSRF).json() == FRESH


def test_a_change_is_in_the_audit(admin):
    admin.put(SSRF, OPENED)
    event = AuditEvent.objects.get(domain="security.ssrfprotection")
    assert (event.type, event.initiator) == ("changed", "admin")
    assert "cdn.example.org" in str(event.attributes)


# fault 23
def test_the_next_request_to_a_remote_is_judged_by_the_new_setting(admin):
    with scripted_host(lambda request: Reply(200, {}, b"layer")) as intern:
        away = Reply(307, {"Location": f"http://localhost:{intern.port}/layer"})
        with scripted_host(lambda request: away) as remote:
            body = proxy_body("mirror", proxy__remoteUrl=remote.url)
            assert admin.post(PROXIES, body).status_code == 201

            def read() -> bytes:
                with contact(records.snapshot().by_name["mirror"]) as registry:
                    with registry.open_blob("app", "sha256:" + "a" * 64) as blob:
                        return blob.read(100)

            with pytest.raises(AddressRefused):
                read()
            admin.put(SSRF, {"enabled": True, "allowedIPs": ["127.0.0.0/8", "::1"]})
            assert read() == b"layer"
            admin.put(SSRF, FRESH)
            with pytest.raises(AddressRefused):
                read()
            admin.put(SSRF, {"enabled": False})
            assert read() == b"layer"
