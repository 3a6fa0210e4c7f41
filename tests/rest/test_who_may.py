"""Who may use which resource: admin, a local user without rights, and somebody unknown.

What each actor gets is written down here by hand.
"""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts import decisions
from accounts.models import Privilege, Role, SecuritySettings, User, UserRole
from accounts.permissions import PermissionSet
from nexuslite import stamps
from repositories.models import BlobStore, Repository

from .conftest import Rest, hosted_body
from .repository_bodies import PROXY_AND_GROUP_POLICY
from .security_bodies import (
    PRIVILEGES,
    ROLES,
    SECURITY_POLICY,
    SELECTORS,
    USERS,
    privilege_body,
    role_body,
    selector_body,
    user_body,
)
from .test_blob_stores import file_body
from .test_s3_blob_stores import s3_body

CHALLENGE = 'BASIC realm="Sonatype Nexus Repository Manager"'
HOSTED = "repositories/docker/hosted"
BUCKET = {"path": "elsewhere"}

# Resource, method, body, then the status for admin, stranger and anonymous.
POLICY = [
    ("status", "GET", None, 200, 200, 200),
    ("status/writable", "GET", None, 200, 200, 200),
    ("audit", "GET", None, 200, 403, 401),
    ("audit/export", "GET", None, 200, 403, 401),
    ("repositories", "GET", None, 200, 200, 401),
    ("repositories/images", "GET", None, 200, 404, 401),
    ("repositories/images", "DELETE", None, 204, 403, 401),
    ("repositories/images/connectors", "GET", None, 200, 404, 401),
    ("repositorySettings", "GET", None, 200, 200, 401),
    (HOSTED, "POST", hosted_body("new", docker__httpPort=None), 201, 403, 401),
    (f"{HOSTED}/images", "GET", None, 200, 404, 401),
    (f"{HOSTED}/images", "PUT", hosted_body("images"), 204, 403, 401),
    ("blobstores", "GET", None, 200, 403, 401),
    ("blobstores/default/quota-status", "GET", None, 200, 403, 401),
    ("blobstores/spare", "DELETE", None, 204, 403, 401),
    ("blobstores/file", "POST", file_body("new"), 204, 403, 401),
    ("blobstores/file", "DELETE", None, 404, 403, 401),
    ("blobstores/file/spare", "GET", None, 200, 403, 401),
    ("blobstores/file/spare", "PUT", {"path": "moved"}, 204, 403, 401),
    # An S3 store is asked for under a name that is none's: a bucket is not needed to be refused.
    ("blobstores/s3", "POST", s3_body("default"), 400, 403, 401),
    ("blobstores/s3", "DELETE", None, 404, 403, 401),
    ("blobstores/s3/none", "GET", None, 404, 403, 401),
    ("blobstores/s3/none", "PUT", s3_body("none"), 404, 403, 401),
    *SECURITY_POLICY,
    *PROXY_AND_GROUP_POLICY,
]
IDS = [f"{row[1]} {row[0]}" for row in POLICY]


@pytest.fixture
def world(admin, hosted) -> None:
    """A repository `images`, and what is called `spare` and not used: one of each kind."""
    hosted("images")
    assert admin.post(USERS, user_body()).status_code == 200
    assert admin.post(ROLES, role_body()).status_code == 200
    assert admin.post(f"{PRIVILEGES}/application", privilege_body()).status_code == 201
    assert admin.post(SELECTORS, selector_body()).status_code == 204
    assert admin.post("blobstores/file", file_body("spare")).status_code == 204


def _state() -> tuple[object, ...]:
    models = (Repository, BlobStore, User, UserRole, Role, Privilege, SecuritySettings)
    return tuple(list(model._default_manager.values()) for model in models)


@pytest.mark.parametrize(("path", "method", "body", "allowed", "_s", "_a"), POLICY, ids=IDS)
@pytest.mark.parametrize("version", ["v1", "beta"])
def test_admin_may(world, admin, version, path, method, body, allowed, _s, _a):
    answer = admin.send(method, f"/service/rest/{version}/{path}", body)
    assert answer.status_code == allowed, answer.content


@pytest.mark.parametrize(("path", "method", "body", "_1", "refused", "_a"), POLICY, ids=IDS)
def test_a_stranger_may_not(world, stranger, path, method, body, _1, refused, _a):
    before = _state()
    answer = stranger.send(method, path, body)
    assert answer.status_code == refused, answer.content
    assert "WWW-Authenticate" not in answer.headers
    assert b"images" not in answer.content.replace(path.encode(), b"").replace(b"id images", b"")
    assert _state() == before


@pytest.mark.parametrize(("path", "method", "body", "_1", "_s", "refused"), POLICY, ids=IDS)
def test_somebody_unknown_is_asked_to_sign_in(
    world, anonymous, path, method, body, _1, _s, refused
):
    before = _state()
    answer = anonymous.send(method, path, body)
    assert (answer.status_code, answer.content) == (refused, b"")
    assert answer.headers.get("WWW-Authenticate") == (CHALLENGE if refused == 401 else None)
    assert _state() == before


def test_every_route_is_in_the_policy():
    patterns = {_shape(path) for path, *_ in POLICY}
    routes = {
        re.sub("<[^>]*>", "*", route.removeprefix("service/rest/v1/"))
        for route in _routes(get_resolver(), "")
        if route.startswith("service/rest/v1/")
    }
    assert routes == patterns


def _shape(path: str) -> str:
    names = {"images", "default", "spare", "none", "stranger", "application"}
    return "/".join("*" if part in names else part for part in path.partition("?")[0].split("/"))


def _routes(resolver: URLResolver, prefix: str) -> list[str]:
    found = []
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            found.append(route)
        else:
            found += _routes(pattern, route)
    return found


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "repositories/{}", None),
        ("GET", "repositories/{}/connectors", None),
        ("GET", f"{HOSTED}/{{}}", None),
        ("DELETE", "repositories/{}", None),
        ("PUT", f"{HOSTED}/{{}}", "hosted"),
        ("GET", "blobstores/file/{}", None),
        ("DELETE", "blobstores/{}", None),
    ],
)
@pytest.mark.parametrize("actor", ["stranger", "anonymous"])
def test_hidden_and_unknown_answer_alike(world, request, actor, method, path, body):
    rest: Rest = request.getfixturevalue(actor)
    answers = []
    for name in ("images", "unknown"):
        sent = hosted_body(name) if body else None
        answer = rest.send(method, path.format(name), sent)
        headers = {key: value for key, value in answer.headers.items() if key != "Content-Length"}
        answers.append((answer.status_code, answer.content.replace(name.encode(), b"*"), headers))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("name", ["*", "a,b", "a:b", "%2A", "..", "_x", "a%00b", "a%0A"])
@pytest.mark.parametrize(("actor", "status"), [("admin", 404), ("stranger", 403)])
def test_a_name_is_never_read_as_a_permission(world, request, name, actor, status):
    answer = request.getfixturevalue(actor).delete(f"repositories/{name}")
    assert answer.status_code == status
    assert Repository.objects.count() == 1


def test_a_bad_body_is_told_before_the_permission_is_looked_at(anonymous, stranger):
    for rest in (anonymous, stranger):
        assert rest.post(HOSTED, hosted_body("_bad")).status_code == 400
        assert rest.post("blobstores/file", {"name": "x"}).status_code == 400


def test_other_rows_are_not_told_of_before_the_permission(world, stranger):
    assert stranger.post(HOSTED, hosted_body("images")).status_code == 403
    assert stranger.post("blobstores/file", file_body("spare")).status_code == 403


def test_wrong_credentials_are_refused_everywhere(world):
    wrong = Rest("Basic YWRtaW46d3Jvbmc=")
    for path in ("repositories", "blobstores", "nothing"):
        answer = wrong.get(path)
        assert (answer.status_code, answer.content) == (401, b"")
        assert answer.headers["WWW-Authenticate"] == CHALLENGE


def test_with_anonymous_access_somebody_unknown_is_refused_like_a_user(
    world, anonymous, set_security
):
    set_security(anonymous_enabled=True)
    assert anonymous.get("repositories").json() == []
    assert anonymous.get("blobstores").status_code == 403
    assert anonymous.post(HOSTED, hosted_body("new")).status_code == 403


def test_a_port_of_a_hidden_repository_is_refused_without_its_name(world, stranger, monkeypatch):
    only_new = PermissionSet(["nexus:repository-admin:docker:new:add"])
    monkeypatch.setattr(decisions, "permissions_of", lambda principal: only_new)
    answer = stranger.post(HOSTED, hosted_body("new"))
    assert answer.json() == [
        {"id": "docker.httpPort", "message": "Port 5000 is already used by another repository"}
    ]


def test_a_disabled_user_is_somebody_unknown_at_once(world, admin):
    assert admin.get("blobstores").status_code == 200
    with stamps.change(stamps.SECURITY):
        User.objects.filter(user_id="admin").update(status="disabled")
    assert admin.get("blobstores").status_code == 401


class Browser:
    """A browser that has signed in to the web UI."""

    def __init__(self) -> None:
        from django.test import RequestFactory

        from accounts.sessions import authenticate_session

        self.client = Client(enforce_csrf_checks=True)
        request = RequestFactory().post("/")
        request.session = self.client.session
        authenticate_session(request, "admin", "admin-password", "127.0.0.1")
        request.session.save()
        self.client.cookies["NXSESSIONID"] = request.session.session_key
        self.token = request.META["CSRF_COOKIE"]

    def delete(self, path: str, **headers: str):
        return self.client.delete(f"/service/rest/v1/{path}", **headers)


def test_a_browser_session_reads_without_a_token(world):
    assert Browser().client.get("/service/rest/v1/blobstores").status_code == 200


def test_a_browser_session_changes_nothing_without_the_csrf_token(world):
    answer = Browser().delete("repositories/images")
    assert answer.status_code == 401
    assert Repository.objects.count() == 1


def test_a_browser_session_changes_with_the_csrf_token(world):
    browser = Browser()
    browser.client.cookies["csrftoken"] = browser.token
    answer = browser.delete("repositories/images", HTTP_X_CSRFTOKEN=browser.token)
    assert answer.status_code == 204
