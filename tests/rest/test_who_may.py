"""Refusals of REST that depend on more than who asks for what.

Who may ask for what is the policy of `tests/matrix/policy.py`.
"""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import decisions
from accounts.models import User
from accounts.permissions import PermissionSet
from nexuslite import stamps
from repositories.models import Repository

from .conftest import Rest, hosted_body
from .test_blob_stores import file_body

CHALLENGE = 'BASIC realm="Sonatype Nexus Repository Manager"'
HOSTED = "repositories/docker/hosted"


@pytest.fixture
def world(hosted, admin) -> None:
    """A repository `images` and a blob store `spare`."""
    hosted("images")
    assert admin.post("blobstores/file", file_body("spare")).status_code == 204


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
