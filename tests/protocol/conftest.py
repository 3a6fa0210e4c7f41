"""A fresh database in a file for every test, users, and clients of the registry API."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections

from accounts.models import RepositoryPrivileges, SecuritySettings, User
from accounts.passwords import RegistryArgon2Hasher, hash_password
from nexuslite import stamps
from repositories import touches
from repositories.models import BlobStore, GroupMember, Repository
from repositories.records import storage_of
from tests.support.accounts import BOTH_REALMS, add_user
from tests.support.registry import (
    UI_PORT,
    Entrance,
    InProcess,
    RegistryClient,
)


@pytest.fixture(scope="session")
def blob_folder(tmp_path_factory) -> Path:
    """One folder of blobs for all tests: every key in it is new."""
    folder = tmp_path_factory.mktemp("blobs")
    storage_of("File", {"path": str(folder)}).create()
    return folder


@pytest.fixture(scope="session")
def users() -> list[User]:
    """The users of every test, with cheap password hashes; not saved."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RegistryArgon2Hasher, "memory_cost", 64)
        patch.setattr(RegistryArgon2Hasher, "time_cost", 1)
        return [
            User(user_id=name, password=hash_password(f"{name}-password"))
            for name in ("admin", "stranger")
        ]


@pytest.fixture(scope="session")
def empty_database(django_db_blocker, tmp_path_factory) -> bytes:
    """A database file with the tables and nothing else, to be copied for each test."""
    path = tmp_path_factory.mktemp("database") / "empty.sqlite3"
    with django_db_blocker.unblock(), _database_file(path):
        call_command("migrate", verbosity=0, interactive=False)
    return path.read_bytes()


@pytest.fixture
def sqlite_by_default(
    empty_database, django_db_blocker, tmp_path
) -> Callable[[], AbstractContextManager[None]]:
    """Makes a fresh database in a file the default one for as long as a block lasts."""
    path = tmp_path / "test.sqlite3"
    path.write_bytes(empty_database)

    @contextmanager
    def default() -> Iterator[None]:
        with django_db_blocker.unblock(), _database_file(path):
            yield

    return default


@pytest.fixture(autouse=True)
def database(request, users, blob_folder) -> Iterator[None]:
    """A database that several threads can use, with users and a blob store."""
    kind = getattr(request, "param", "sqlite")
    with request.getfixturevalue(f"{kind}_by_default")():
        stamps.begin()
        with stamps.change(stamps.SECURITY, stamps.CONFIGURATION):
            for user in users:
                add_user(user.user_id, user.password)
            SecuritySettings.objects.create(active_realms=BOTH_REALMS)
            BlobStore.objects.create(
                name="default", type="File", configuration={"path": str(blob_folder)}
            )
        yield
        touches.flush()


@contextmanager
def _database_file(path: Path) -> Iterator[None]:
    """Makes the file the default database, for connections of every thread."""
    settings = connections.settings["default"]
    outer, name = connections["default"], settings["NAME"]
    settings["NAME"] = str(path)
    connections["default"] = connections.create_connection("default")
    try:
        yield
    finally:
        connections["default"].close()
        settings["NAME"] = name
        connections["default"] = outer


MakeRepository = Callable[..., RegistryClient]


@pytest.fixture
def hosted() -> MakeRepository:
    """Makes a hosted repository; gives a client of its HTTP port, signed in as admin."""
    ports = itertools.count(5001)

    def make(name: str = "images", **columns: Any) -> RegistryClient:
        port = next(ports)
        values = {"type": "hosted", "http_port": port, "force_basic_auth": False, **columns}
        with stamps.change(stamps.CONFIGURATION):
            row = Repository.objects.create(
                name=name, blob_store=values.pop("blob_store", None) or default_store(), **values
            )
        return RegistryClient(
            InProcess(), Entrance(port, f"{row.pk}:http", f"registry.test:{port}")
        )

    return make


@pytest.fixture
def group() -> MakeRepository:
    """Makes a group of repositories by their names; gives a client of its HTTP port, as admin."""
    ports = itertools.count(7001)

    def make(name: str, *members: str, **columns: Any) -> RegistryClient:
        port = next(ports)
        values = {"http_port": port, "force_basic_auth": False, **columns}
        with stamps.change(stamps.CONFIGURATION, stamps.SECURITY):
            row = Repository.objects.create(
                name=name, type="group", blob_store=default_store(), **values
            )
            for position, member in enumerate(members):
                GroupMember.objects.create(
                    group=row, member=Repository.objects.get(name=member), position=position
                )
            for each in (name, *members):
                RepositoryPrivileges.objects.get_or_create(format="docker", repository=each)
        return RegistryClient(
            InProcess(), Entrance(port, f"{row.pk}:http", f"registry.test:{port}")
        )

    return make


def default_store() -> BlobStore:
    """The blob store that the tests begin with."""
    return BlobStore.objects.get(name="default")


@pytest.fixture
def images(hosted) -> RegistryClient:
    """A client of the repository `images`, with default settings."""
    return hosted()


@pytest.fixture
def main_port() -> Callable[..., RegistryClient]:
    """A client of the web interface's port, by a prefix and a Host header."""

    def client(
        prefix: str = "/v2/", host: str = f"registry.test:{UI_PORT}", token_path: str = "/v2/token"
    ) -> RegistryClient:
        return RegistryClient(
            InProcess(), Entrance(UI_PORT, "", host), prefix, token_path=token_path
        )

    return client


@pytest.fixture
def change_repository() -> Callable[..., None]:
    """Changes the configuration of a repository as REST does."""

    def change(name: str = "images", **columns: Any) -> None:
        with stamps.change(stamps.CONFIGURATION):
            assert Repository.objects.filter(name=name).update(**columns)

    return change


@pytest.fixture
def set_security() -> Callable[..., None]:
    """Changes the security settings."""

    def change(**columns: Any) -> None:
        with stamps.change(stamps.SECURITY):
            SecuritySettings.objects.update_or_create(pk=SecuritySettings.ROW, defaults=columns)

    return change


@pytest.fixture
def contents(blob_folder) -> Callable[[], dict[str, int]]:
    """Counts everything that is stored: rows of every table, and files."""

    def count() -> dict[str, int]:
        from django.apps import apps

        rows = {model.__name__: model._default_manager.count() for model in apps.get_models()}
        files = sum(len(names) for _, _, names in os.walk(blob_folder))
        return {**rows, "files": files}

    return count


@pytest.fixture
def staged(blob_folder) -> Callable[[], int]:
    """Counts the stagings that hold bytes."""
    return lambda: len(os.listdir(blob_folder / "staging"))
