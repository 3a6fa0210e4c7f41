"""A fresh data folder, cheap password hashes and empty memories for every test of accounts."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import passwords
from accounts.models import SecuritySettings, User, UserStatus
from accounts.passwords import RegistryArgon2Hasher
from nexuslite import stamps
from tests.support.accounts import BOTH_REALMS, add_user


@pytest.fixture(autouse=True)
def fresh_accounts(request, settings, tmp_path, monkeypatch):
    settings.NEXUSLITE_DATA_DIR = tmp_path
    settings.NEXUSLITE_ADMIN_PASSWORD = None
    if "real_argon2" not in request.fixturenames:
        monkeypatch.setattr(RegistryArgon2Hasher, "memory_cost", 64)
        monkeypatch.setattr(RegistryArgon2Hasher, "time_cost", 1)
    passwords.forget_verified()
    stamps.begin()


@pytest.fixture
def real_argon2() -> None:
    """For tests of the real parameters."""


@pytest.fixture
def make_user(db) -> Callable[..., User]:
    def make(user_id="alice", password="secret", status=UserStatus.ACTIVE) -> User:
        password_hash = passwords.hash_password(password)
        with stamps.change(stamps.SECURITY):
            return add_user(user_id, password_hash, status=status)

    return make


@pytest.fixture
def set_security(db) -> Callable[..., None]:
    def change(**values) -> None:
        with stamps.change(stamps.SECURITY):
            SecuritySettings.objects.update_or_create(pk=SecuritySettings.ROW, defaults=values)

    return change


@pytest.fixture
def docker_tokens(set_security) -> None:
    """The Docker Bearer Token Realm is active."""
    set_security(active_realms=BOTH_REALMS)


@pytest.fixture
def basic() -> Callable[[str, str], str]:
    def header(user_id: str, password: str) -> str:
        return "Basic " + base64.b64encode(f"{user_id}:{password}".encode()).decode()

    return header


@pytest.fixture
def queries() -> Callable[[], object]:
    """Counts the queries of a block, apart from those that read a shared stamp."""

    @contextmanager
    def count() -> Iterator[list[str]]:
        seen: list[str] = []
        with CaptureQueriesContext(connection) as captured:
            yield seen
        seen += [q["sql"] for q in captured if "nexuslite_stamp" not in q["sql"]]

    return count
