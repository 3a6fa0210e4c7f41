"""What a client claims about itself changes nothing, unless a trusted proxy says it.

Fault 31.
"""

from __future__ import annotations

import re

import pytest

from tests.support.process import ADMIN, ADMIN_PASSWORD, ProgramProcess
from tests.support.registry import RegistryClient, basic

EVIL = "evil.example"
CLAIMS = [
    {"X-Forwarded-Host": EVIL},
    {"X-Forwarded-Proto": "https"},
    {"X-Forwarded-Port": "443"},
    {"X-Forwarded-Server": EVIL, "X-Forwarded-Prefix": "/evil"},
    {"X-Forwarded-Scheme": "https", "X-Forwarded-Ssl": "on", "Front-End-Https": "on"},
    {"Forwarded": f"for=192.0.2.1;host={EVIL};proto=https"},
    {"X-Original-URL": "/v2/_catalog", "X-Rewrite-URL": "/v2/_catalog"},
    {"X-HTTP-Method-Override": "DELETE", "X-Script-Name": "/evil", "Script-Name": "/evil"},
    {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", "X-Forwarded-User": "admin"},
]
ids = [" ".join(claim) for claim in CLAIMS]
RIGHT = basic(ADMIN, ADMIN_PASSWORD)
# What is another one in every answer anyway.
_CHANGING = re.compile(
    rb"uploads/[^/\s?]+[^\s]*|[A-Za-z0-9_-]{20,}|\"(issued_at|expires_in)\":[^,}]*"
)


def seen_by(client: RegistryClient, claim: dict[str, str]) -> list[object]:
    """What the registry answers with its address in it."""
    seen: list[object] = []
    for method, path, authorization in (
        ("GET", "/v2/", None),
        ("GET", "app/manifests/none", None),
        ("GET", "/v2/token?service=x", RIGHT),
        ("POST", "app/blobs/uploads/", RIGHT),
        ("GET", "_catalog", RIGHT),
        ("GET", "app/tags/list?n=1", RIGHT),
    ):
        answer = client.as_(authorization).request(method, path, headers=claim)
        fields = [(name, _steady(value.encode())) for name, value in answer.headers]
        seen.append((answer.status, [each for each in fields if "length" not in each[0].lower()]))
        seen.append(_steady(answer.body))
    return seen


def _steady(text: bytes) -> bytes:
    return _CHANGING.sub(b"*", text)


@pytest.mark.parametrize("claim", CLAIMS, ids=ids)
def test_a_claim_changes_neither_location_nor_realm_nor_content(images, claim):
    # fault 31
    images.push_image("app", "1")
    images.push_image("app", "2")
    assert seen_by(images, claim) == seen_by(images, {})


@pytest.mark.parametrize("claim", CLAIMS, ids=ids)
def test_a_claim_changes_neither_pages_nor_rest(program: ProgramProcess, images, claim):
    # fault 31
    for path, headers in (
        ("/service/rest/v1/repositories", {"Authorization": RIGHT}),
        ("/service/rest/v1/security/users", {}),
        ("/admin/repository/repositories/", {}),
        ("/", {"Authorization": RIGHT}),
    ):
        plain = program.request("GET", path, headers=headers)
        claimed = program.request("GET", path, headers={**headers, **claim})
        assert claimed.status == plain.status
        assert claimed.headers.get("location") == plain.headers.get("location")
        assert _steady(claimed.body) == _steady(plain.body)
        assert EVIL not in claimed.body.decode()


def test_which_repository_is_asked_is_told_by_the_port_alone(images, program: ProgramProcess):
    # fault 31
    other = program.create_hosted("other-port", force_basic_auth=False)
    images.push_image("app", "1")
    own = images.entrance.port
    for claim in (
        {"Host": other.http},
        {"X-Forwarded-Port": str(other.http_port)},
        {"X-Forwarded-Host": other.http},
        {"Host": f"other-port.{EVIL}"},
    ):
        answer = images.request("GET", "app/manifests/1", headers=claim)
        answer.expect(200)
        refused = program.request(
            "GET",
            "/v2/app/manifests/1",
            headers={"Host": f"127.0.0.1:{own}", **claim, "Authorization": RIGHT},
            port=other.http_port,
        )
        assert refused.status == 404
    assert program.rest("DELETE", "/repositories/other-port").status == 204


def test_a_token_is_for_the_repository_whatever_host_was_claimed(images):
    # faults 26 and 31
    images.push_image("app", "1")
    answer = images.get("/v2/token?service=x&scope=repository:app:pull", Host=EVIL).expect(200)
    token = f"Bearer {answer.json()['token']}"
    images.as_(token).get("app/manifests/1").expect(200)
    images.as_(token).get("app/manifests/1", Host="another.example").expect(200)
