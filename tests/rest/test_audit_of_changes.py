"""Every change by REST has exactly one row in the audit: who, what, before and after, no secret."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import DatabaseError
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.actions import users as user_actions
from accounts.models import AuditEvent, User

from .conftest import hosted_body
from .repository_bodies import GROUPS, PROXIES, RULES, full_proxy_body, group_body, rule_body
from .security_bodies import (
    ANONYMOUS_SETTING,
    PRIVILEGES,
    ROLES,
    SELECTORS,
    USERS,
    changed_user,
    privilege_body,
    role_body,
    selector_body,
    user_body,
)
from .test_blob_stores import file_body
from .test_s3_blob_stores import s3_body

HOSTED = "repositories/docker/hosted"
SECRETS = ("geheim", "the secret of the bucket", "another-secret", "-password")
"""Parts of every secret that the bodies below hold."""


@dataclass(frozen=True)
class Change:
    """A request that changes something, and what the audit must say of it."""

    method: str
    path: str
    body: Any
    event: str
    """Domain, type and context."""
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    """Fields that must be among those that are told."""


def _s3(secret: str) -> dict[str, Any]:
    security = {"accessKeyId": "key", "secretAccessKey": secret, "sessionToken": secret}
    return s3_body("bucket", bucketSecurity=security)


# In this order: one line finds what another has made.
CHANGES = [
    Change("POST", USERS, user_body("mina"), "security.user created mina",
           after={"roles": ["nx-anonymous"], "status": "active"}),
    Change("PUT", f"{USERS}/mina", changed_user("mina", status="disabled", roles=["nx-admin"]),
           "security.user updated mina",
           before={"status": "active", "roles": ["nx-anonymous"]},
           after={"status": "disabled", "roles": ["nx-admin"]}),
    Change("PUT", f"{USERS}/mina/change-password", "another-secret",
           "security.user passwordChanged mina"),
    Change("POST", ROLES, role_body("child"), "security.role created child",
           after={"privileges": ["nx-search-read"]}),
    Change("PUT", f"{ROLES}/child", role_body("child", privileges=[]),
           "security.role updated child",
           before={"privileges": ["nx-search-read"]}, after={"privileges": []}),
    Change("POST", f"{PRIVILEGES}/application", privilege_body("spare"),
           "security.privilege created spare",
           after={"properties": {"domain": "blobstores", "actions": ["read"]}}),
    Change("PUT", f"{PRIVILEGES}/application/spare", privilege_body("spare", domain="roles"),
           "security.privilege updated spare",
           before={"properties": {"domain": "blobstores"}},
           after={"properties": {"domain": "roles"}}),
    Change("DELETE", f"{PRIVILEGES}/spare", None, "security.privilege deleted spare",
           before={"type": "application"}),
    Change("DELETE", f"{ROLES}/child", None, "security.role deleted child",
           before={"name": "Child"}),
    Change("DELETE", f"{USERS}/mina", None, "security.user deleted mina",
           before={"roles": ["nx-admin"]}),
    Change("POST", SELECTORS, selector_body("spare"), "ContentSelector created spare"),
    Change("PUT", f"{SELECTORS}/spare", selector_body("spare", expression='path =^ "/v2/x/"'),
           "ContentSelector updated spare", after={"expression": 'path =^ "/v2/x/"'}),
    Change("DELETE", f"{SELECTORS}/spare", None, "ContentSelector deleted spare",
           before={"description": "A selector"}),
    Change("PUT", "security/realms/active", ["NexusAuthenticatingRealm"],
           "security.realm changed active realms",
           before={"active_realms": ["NexusAuthenticatingRealm", "DockerToken"]},
           after={"active_realms": ["NexusAuthenticatingRealm"]}),
    Change("PUT", "security/anonymous", ANONYMOUS_SETTING,
           "security.anonymous changed anonymous access",
           before={"anonymous_enabled": False}, after={"anonymous_enabled": True}),
    Change("PUT", "security/ssrf-protection",
           {"enabled": True, "allowedIPs": ["10.0.0.0/8"], "allowedDomains": []},
           "security.ssrfprotection changed SSRF protection",
           before={"allowed_ips": []}, after={"allowed_ips": ["10.0.0.0/8"]}),
    Change("POST", "blobstores/file", file_body("file"), "blobstore created file",
           after={"configuration": {"path": "file"}}),
    Change("PUT", "blobstores/file/file", {"path": "moved"}, "blobstore updated file",
           before={"configuration": {"path": "file"}},
           after={"configuration": {"path": "moved"}}),
    Change("DELETE", "blobstores/file", None, "blobstore deleted file",
           before={"configuration": {"path": "moved"}}),
    Change("POST", "blobstores/s3", _s3("the secret of the bucket"), "blobstore created bucket",
           after={"type": "S3"}),
    Change("PUT", "blobstores/s3/bucket", _s3("another-secret"), "blobstore updated bucket"),
    Change("DELETE", "blobstores/bucket", None, "blobstore deleted bucket"),
    Change("POST", "blobstores/s3", {**_s3("geheim"), "name": "s3"}, "blobstore created s3"),
    Change("DELETE", "blobstores/s3", None, "blobstore deleted s3"),
    Change("POST", RULES, rule_body("rule"), "RoutingRule created rule",
           after={"mode": "BLOCK"}),
    Change("PUT", f"{RULES}/rule", rule_body("rule", mode="ALLOW"), "RoutingRule updated rule",
           before={"mode": "BLOCK"}, after={"mode": "ALLOW"}),
    Change("DELETE", f"{RULES}/rule", None, "RoutingRule deleted rule", before={"mode": "ALLOW"}),
    Change("POST", HOSTED, hosted_body("images"), "repository created images",
           after={"http_port": 5000, "blob_store": "default"}),
    Change("PUT", f"{HOSTED}/images", hosted_body("images", docker__httpPort=5001),
           "repository updated images", before={"http_port": 5000}, after={"http_port": 5001}),
    Change("POST", PROXIES, full_proxy_body("mirror"), "repository created mirror",
           after={"type": "proxy"}),
    Change("PUT", f"{PROXIES}/mirror", full_proxy_body("mirror"), "repository updated mirror"),
    Change("POST", GROUPS, group_body("all", "images"), "repository created all",
           after={"members": ["images"]}),
    Change("PUT", f"{GROUPS}/all", group_body("all", "images", "mirror"), "repository updated all",
           before={"members": ["images"]}, after={"members": ["images", "mirror"]}),
    Change("POST", "repositories/mirror/invalidate-cache", None,
           "repository cacheInvalidated mirror"),
    Change("DELETE", "repositories/images", None, "repository deleted images",
           before={"http_port": 5001}),
]  # fmt: skip


def _events() -> list[AuditEvent]:
    return list(AuditEvent.objects.order_by("pk"))


def test_every_change_is_told_once_with_who_and_what(admin, log_lines):
    for change in CHANGES:
        before = len(_events())
        answer = admin.send(change.method, change.path, change.body)
        assert answer.status_code < 300, (change, answer.content)
        (event,) = _events()[before:]
        assert f"{event.domain} {event.type} {event.context}" == change.event
        assert (event.initiator, event.source, event.address) == ("admin", "default", "127.0.0.1")
        assert (event.realm, event.credential) == ("NexusAuthenticatingRealm", "basic")
        for name in ("before", "after"):
            told, expected = event.attributes.get(name, {}), getattr(change, name) or {}
            assert {key: told.get(key) for key in expected} == expected, change
    text = json.dumps([event.attributes for event in _events()])
    for secret in SECRETS:
        assert secret not in text
        assert all(secret not in line for line in log_lines())
    # Each row has its line.
    told = [
        f"{line['domain']} {line['type']} {line['context']}"
        for line in map(json.loads, log_lines())
    ]
    assert told == [change.event for change in CHANGES]


TESTED_WITH_CONTENT = {("DELETE", "components/*")}
"""In `test_components`: there has to be something pushed."""


def test_no_route_that_changes_something_is_forgotten():
    tested = TESTED_WITH_CONTENT | {(change.method, _shape(change.path)) for change in CHANGES}
    assert {(method, route) for method, route in _writing_routes()} == tested


def _shape(path: str) -> str:
    names = {"mina", "child", "spare", "file", "bucket", "rule", "images", "mirror", "all"}
    parts = path.split("/")
    # `file` is a store and a part of two routes; `application` a type of privileges.
    shaped = ["*" if part in names | {"application"} else part for part in parts]
    if parts[:2] == ["blobstores", "file"]:
        shaped[1] = "file"
    return "/".join(shaped)


def _writing_routes() -> list[tuple[str, str]]:
    found = []
    for route, view in _routes(get_resolver(), ""):
        if not route.startswith("service/rest/v1/"):
            continue
        path = re.sub("<[^>]*>", "*", route.removeprefix("service/rest/v1/"))
        methods = ("post", "put", "patch", "delete")
        found += [(method.upper(), path) for method in methods if hasattr(view, method)]
    return found


def _routes(resolver: URLResolver, prefix: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            found.append((route, getattr(pattern.callback, "view_class", None)))
        else:
            found += _routes(pattern, route)
    return found


def test_a_changed_secret_is_told_without_it(admin):
    admin.post("blobstores/s3", _s3("geheim"))
    assert admin.put("blobstores/s3/bucket", _s3("another-secret")).status_code == 204
    changes = _events()[-1].attributes
    masked = {
        "configuration": {
            "bucketConfiguration": {
                "bucketSecurity": {"secretAccessKey": "********", "sessionToken": "********"}
            }
        }
    }
    assert changes == {"before": masked, "after": masked}


def test_what_goes_with_it_is_told(admin):
    admin.post(ROLES, role_body("child"))
    admin.post(ROLES, role_body("parent", roles=["child"]))
    admin.post(USERS, user_body("mina", roles=["child"]))
    admin.delete(f"{ROLES}/child")
    attributes = _events()[-1].attributes
    assert attributes["removedFromRoles"] == ["parent"]
    assert attributes["removedFromUsers"] == ["mina"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", USERS, user_body("admin")),
        ("DELETE", f"{USERS}/none", None),
        ("DELETE", f"{USERS}/admin", None),
        ("PUT", f"{ROLES}/none", role_body("none")),
        ("POST", HOSTED, hosted_body("images", storage__blobStoreName="none")),
    ],
)
def test_a_refused_change_leaves_no_row(admin, log_lines, method, path, body):
    assert admin.send(method, path, body).status_code >= 400
    assert _events() == []
    assert log_lines() == []


def test_a_change_that_is_rolled_back_leaves_no_row(admin, log_lines, monkeypatch):
    def fail(*_: object) -> None:
        # After the event has been recorded, within its transaction.
        record(*_)
        raise DatabaseError("the disk is full")

    record = user_actions.record_new_user
    monkeypatch.setattr(user_actions, "record_new_user", fail)
    assert admin.post(USERS, user_body("mina")).status_code == 503
    assert not User.objects.filter(user_id="mina").exists()
    assert _events() == []
    assert log_lines() == []


def test_pushes_and_deletes_are_told_once_for_each_manifest(hosted):
    images = hosted("images")
    pushed = images.push_image("team/app", "v1")
    other = images.push_image("team/app", "v1", seed="other")
    images.delete("team/app/manifests/v1").expect(202)
    images.put_manifest("team/app", "v2", other.content).expect(201)
    images.delete(f"team/app/manifests/{other.digest}").expect(202)
    images.delete(f"team/app/blobs/{other.descriptor['digest']}")
    told = [
        (event.type, event.context, event.attributes)
        for event in AuditEvent.objects.filter(domain="repository.asset").order_by("pk")
    ]
    pushes = {"repository": "images", "image": "team/app", "tags": ["v1"]}
    shape = {"mediaType": "application/vnd.oci.image.manifest.v1+json"}
    first = {**pushes, **shape, "digest": pushed.digest, "size": len(pushed.content)}
    second = {**pushes, **shape, "digest": other.digest, "size": len(other.content)}
    removed = {"image": "team/app", "digest": other.digest}
    v1, by_digest = "v2/team/app/manifests/v1", f"v2/team/app/manifests/{other.digest}"
    assert told == [
        ("created", v1, first),
        ("updated", v1, {**second, "before": {"v1": pushed.digest}}),
        ("deleted", v1, {"repository": "images", "before": {**removed, "tag": "v1"}}),
        ("created", "v2/team/app/manifests/v2", {**second, "tags": ["v2"]}),
        ("deleted", by_digest, {"repository": "images", "before": {**removed, "tags": ["v2"]}}),
    ]


def test_a_push_names_the_token_it_was_made_with(hosted):
    images = hosted("images")
    images.push_image("team/app", "v1")
    by_token = images.with_token("repository:team/app:pull,push")
    manifest = images.get("team/app/manifests/v1").body
    by_token.put_manifest("team/app", "v2", manifest).expect(201)
    event = AuditEvent.objects.get(context="v2/team/app/manifests/v2")
    assert (event.initiator, event.credential, event.realm) == ("admin", "token", "DockerToken")
    assert re.fullmatch(r"[\w\-]{8,100}", event.token_id)
    assert event.token_id not in by_token.authorization
