"""Repositories, users and a signed-in browser, without a server."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from nexuslite import stamps
from nexuslite.server.connectors import ConnectorState, write_states
from repositories.connectors import connector_id
from repositories.models import BlobStore, Repository
from tests.unit.accounts.conftest import fresh_accounts, make_user, queries, set_security

__all__ = ["fresh_accounts", "make_user", "queries", "set_security"]


@pytest.fixture(autouse=True)
def run_folder(fresh_accounts, settings, tmp_path):
    settings.NEXUSLITE_RUN_DIR = tmp_path
    return tmp_path


@pytest.fixture
def make_repository(db) -> Callable[..., Repository]:
    def make(name: str = "docker-hosted", **values: object) -> Repository:
        with stamps.change(stamps.CONFIGURATION):
            store, _ = BlobStore.objects.get_or_create(
                name="default", type="File", configuration={"path": "default"}
            )
            return Repository.objects.create(
                name=name, type=values.pop("type", "hosted"), blob_store=store, **values
            )

    return make


@pytest.fixture
def set_states(run_folder) -> Callable[..., None]:
    """Says what the server would say: `set_states((repository, scheme, port, reason), ...)`."""

    def write(*states: tuple[Repository, str, int, str]) -> None:
        write_states(
            run_folder,
            {
                connector_id(repository.pk, scheme): ConnectorState(
                    port, scheme == "https", "failed" if reason else "open", reason
                )
                for repository, scheme, port, reason in states
            },
        )

    return write


@pytest.fixture
def admin(make_user) -> Client:
    """The browser of the signed-in administrator."""
    make_user("admin", "secret")
    return signed_in("admin", "secret")


@pytest.fixture
def nobody(make_user) -> Client:
    """The browser of a signed-in user without any role."""
    make_user("nobody", "secret")
    return signed_in("nobody", "secret")


def signed_in(user_id: str, password: str) -> Client:
    browser = Client(headers={"host": "registry.example:8081"})
    answer = browser.post("/sign-in/", {"username": user_id, "password": password})
    assert answer.status_code == 302
    return browser
