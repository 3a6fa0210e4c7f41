"""A copy of the database, an answer or a log line gives no secret away.

Fault 28.
"""

from __future__ import annotations

import json
import logging

import pytest
from django.db import connection
from django.test import Client

from accounts import audit
from nexuslite import first_start
from tests.support.registry import ADMIN, basic

from .repository_bodies import PROXIES, password, proxy_body
from .security_bodies import user_body
from .test_browser_sessions import SESSION, sign_in
from .test_s3_blob_stores import S3, s3_body

SECRETS = {
    "bucket": "the-secret-key-of-the-bucket",
    "session token": "the-session-token-of-the-bucket",
    "remote": "the-password-at-the-remote",
    "remote token": "the-token-at-the-remote",
    "user": "the-password-of-alice",
    "new password": "the-new-password-of-alice",
    "guess": "the-wrong-password-of-bob",
}


def everything_in_the_database() -> str:
    rows: list[object] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            rows += cursor.fetchall()
    return json.dumps(rows, default=str)


@pytest.fixture
def session_key(admin, caplog) -> str:
    """Everything that has a secret, set up by REST; and somebody who has signed in and guessed."""
    caplog.set_level(logging.DEBUG)
    security = {
        "accessKeyId": "key",
        "secretAccessKey": SECRETS["bucket"],
        "sessionToken": SECRETS["session token"],
    }
    assert admin.post(S3, s3_body("bucket", bucketSecurity=security)).status_code == 201
    bearer = {"type": "bearerToken", "bearerToken": SECRETS["remote token"]}
    for name, authentication in (
        ("one", password("robot", SECRETS["remote"])),
        ("two", bearer),
    ):
        body = proxy_body(name, httpClient__authentication=authentication)
        answer = admin.post(PROXIES, body)
        assert answer.status_code == 201, answer.content
    alice = user_body("alice", password=SECRETS["user"])
    assert admin.post("security/users", alice).status_code == 200
    changed = admin.put("security/users/alice/change-password", SECRETS["new password"])
    assert changed.status_code == 204
    assert Client().get("/", HTTP_AUTHORIZATION=basic("bob", SECRETS["guess"])).status_code == 401
    key: str = sign_in(Client()).cookies[SESSION].value
    audit.flush()
    return key


def test_no_secret_is_in_the_database_as_it_is(session_key):
    # fault 28
    held = everything_in_the_database()
    assert "alice" in held
    assert "robot" in held
    for what, secret in {**SECRETS, "session": session_key}.items():
        assert secret not in held, what


def test_no_secret_is_in_a_log_line(session_key, caplog):
    for what, secret in {**SECRETS, "session": session_key, "header": ADMIN}.items():
        assert secret not in caplog.text, what


def test_no_answer_gives_a_secret_back(session_key, admin):
    # fault 28
    answers = [
        admin.get(path).text
        for path in (
            "blobstores",
            f"{S3}/bucket",
            "repositories",
            "repositorySettings",
            f"{PROXIES}/one",
            f"{PROXIES}/two",
            "security/users",
            "audit",
        )
    ]
    assert "robot" in "".join(answers)
    for what, secret in {**SECRETS, "session": session_key}.items():
        assert secret not in "".join(answers), what


def test_the_embedded_database_is_for_its_user_alone(tmp_path, monkeypatch):
    path = tmp_path / "nexuslite.sqlite3"
    # Put back before the test's own database is cleared: that one is in memory, and would be lost.
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "NAME", str(path))
        first_start.keep_database_private()
        assert path.stat().st_mode & 0o777 == 0o600
        path.chmod(0o644)
        first_start.keep_database_private()
        assert path.stat().st_mode & 0o777 == 0o600
