"""Bodies and paths that nobody should send: always a clear 4xx, and nothing is written."""

from __future__ import annotations

import copy
import io
import json
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Privilege, Role, User
from repositories.models import BlobStore, Repository
from tests.support.registry import ADMIN

from .conftest import BASE, errors_of, hosted_body
from .repository_bodies import GROUPS, PROXIES, RULES, full_proxy_body, group_body, rule_body
from .security_bodies import PRIVILEGES, ROLES, USERS, privilege_body, role_body, user_body
from .test_blob_stores import file_body
from .test_s3_blob_stores import s3_body

HOSTED = "repositories/docker/hosted"
BODIES = {
    HOSTED: hosted_body("new"),
    PROXIES: full_proxy_body("new"),
    RULES: rule_body("new"),
    GROUPS: group_body("new", "none", group__writableMember="none"),
    "blobstores/file": file_body("new", softQuota={"type": "spaceUsedQuota", "limit": 1}),
    "blobstores/s3": s3_body("new"),
    USERS: user_body("new"),
    ROLES: role_body("new"),
    f"{PRIVILEGES}/application": privilege_body("new"),
    f"{PRIVILEGES}/repository-view": {
        "name": "new",
        "format": "docker",
        "repository": "*",
        "actions": ["READ"],
    },
}


@pytest.fixture(autouse=True)
def nothing_written(fresh_server):
    yield
    assert Repository.objects.count() == 0
    assert [store.name for store in BlobStore.objects.all()] == ["default"]
    assert User.objects.count() == 2
    assert (Role.objects.count(), Privilege.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b'{"name": }',
        b"\xff\xfe",
        b'{"name": "\xff"}',
        b'{"name": NaN}',
        b'{"name": Infinity}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"limit": ' + b"9" * 5000 + b"}",
        b'{"name": "a"} trailing',
        b"\x00",
        b'{"name": "a\x00b"}',
    ],
    ids=lambda raw: repr(raw[:14]),
)
@pytest.mark.parametrize("path", BODIES)
def test_what_cannot_be_read_is_told_as_one_object(admin, path, raw):
    answer = admin.send("POST", path, raw=raw)
    assert answer.status_code == 400
    assert answer.json()["id"] == "*"
    assert answer.json()["message"].startswith("Could not process the input: ")


@pytest.mark.parametrize("document", [[], [1], "text", 1, True, None, {}])
@pytest.mark.parametrize("path", BODIES)
def test_a_document_without_the_fields_is_told_as_an_array(admin, path, document):
    raw = json.dumps(document).encode()
    assert errors_of(admin.send("POST", path, raw=raw))


def test_an_empty_body_lacks_every_field(admin):
    assert errors_of(admin.send("POST", HOSTED, raw=b"")) == dict.fromkeys(
        ("name", "online", "storage", "docker"), "must not be null"
    )


def _paths(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(value, dict):
        return [path]
    below = [found for key, nested in value.items() for found in _paths(nested, (*path, key))]
    return [path, *below] if path else below


WRONG = {
    "object": {"a": {"b": []}},
    "array": [[], {}],
    "NUL": "a\x00b",
    "surrogate": "\ud800",
    "huge": 10**4200,
    "deep": [[[[[[[[[[[[]]]]]]]]]]]],
    "long": "x" * 100_000,
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(
    ("path", "field"),
    [(path, field) for path, body in BODIES.items() for field in _paths(body)],
    ids=lambda value: ".".join(value) if isinstance(value, tuple) else value,
)
def test_a_wrong_value_is_told_with_its_field(admin, path, field, wrong):
    body = copy.deepcopy(BODIES[path])
    section = body
    for name in field[:-1]:
        section = section[name]
    belongs_there = wrong == "object" and isinstance(section[field[-1]], dict)
    section[field[-1]] = "no object" if belongs_there else WRONG[wrong]
    found = errors_of(admin.post(path, body))
    assert all(each.startswith(field[0]) for each in found), found


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "nonsense", ""]
)
def test_only_json_is_read(admin, kind):
    answer = admin.send("POST", HOSTED, hosted_body("new"), content_type=kind)
    assert (answer.status_code, answer.content) == (415, b"")


def test_a_charset_beside_the_type_is_fine(stranger):
    kind = "Application/JSON; charset=utf-8"
    answer = stranger.send("POST", HOSTED, hosted_body("new"), content_type=kind)
    assert answer.status_code == 403


def test_a_body_without_end_is_refused(admin, settings):
    body = hosted_body("new", padding="x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    assert admin.post(HOSTED, body).status_code == 413


def _chunked(content: bytes) -> Any:
    return Client().generic(
        "POST",
        BASE + HOSTED,
        CONTENT_TYPE="application/json",
        HTTP_AUTHORIZATION=ADMIN,
        HTTP_TRANSFER_ENCODING="chunked",
        **{"wsgi.input": io.BytesIO(content)},
    )


def test_a_chunked_body_is_read():
    assert set(errors_of(_chunked(json.dumps(hosted_body("_bad")).encode()))) == {"name"}


def test_a_chunked_body_without_end_is_refused(settings):
    assert _chunked(b" " * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 2)).status_code == 413


@pytest.mark.parametrize(
    "name",
    ["%00", "a%00b", "..", "%2e%2e", "a%2Fb", "x" * 300, "%ff", "%F0%9F%92%A9", "'--", "%25"],
)
@pytest.mark.parametrize(
    "path",
    [
        "repositories/{}",
        "repositories/{}/connectors",
        HOSTED + "/{}",
        PROXIES + "/{}",
        GROUPS + "/{}",
        RULES + "/{}",
        "blobstores/file/{}",
        "blobstores/s3/{}",
        "blobstores/{}/quota-status",
    ],
)
def test_a_name_that_cannot_be_is_not_found(admin, path, name):
    assert admin.get(path.format(name)).status_code == 404


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("path", BODIES)
def test_any_values_in_the_fields_are_refused_by_the_same_rules(stranger, path):
    sections = [key for key, value in BODIES[path].items() if isinstance(value, dict)]

    @settings(
        max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
    )
    @given(data=st.data())
    def check(data):
        body = copy.deepcopy(BODIES[path])
        section = data.draw(st.sampled_from([body, *(body[name] for name in sections)]))
        section[data.draw(st.sampled_from(sorted(section)))] = data.draw(JSON)
        answer = stranger.post(path, body)
        assert answer.status_code in {400, 403}, answer.content

    check()


def test_a_host_that_is_none_is_told_so_and_fills_no_log(db, caplog):
    for path in ("/", f"{BASE}security/users"):
        assert Client().get(path, HTTP_HOST="a b").status_code == 400
    assert caplog.records == []
