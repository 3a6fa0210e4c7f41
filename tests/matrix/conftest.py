"""One database and one world for all cells of a file."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from accounts import passwords
from accounts.models import SecuritySettings
from accounts.passwords import RegistryArgon2Hasher
from nexuslite import first_start, stamps
from repositories import touches
from repositories.models import Repository
from tests.matrix import world as worlds
from tests.matrix.policy import Settings
from tests.matrix.world import World
from tests.support.databases import database_file
from tests.support.registry import ADMIN, UI_PORT, Entrance, InProcess

LIMITS = (
    "FAILURES_PER_USER_AND_ADDRESS",
    "FAILURES_PER_ADDRESS",
    "FAILURES_PER_USER",
    "FAILURES_FROM_KNOWN_ADDRESS",
    "FORGED_TOKENS_PER_ADDRESS",
)
"""Of the back-off, which is none of the matrix's affairs."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Ten thousand refused passwords are nothing to be told of."""
    logging.disable(logging.INFO)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def world(django_db_blocker, tmp_path_factory) -> Iterator[World]:
    """A server of its own within this process."""
    with django_db_blocker.unblock(), server(tmp_path_factory.mktemp("matrix")) as world:
        yield world


@contextmanager
def server(folder: Path, database: AbstractContextManager[None] | None = None) -> Iterator[World]:
    """A server whose data are in the folder, with everything that the matrix asks for.

    Its database is a file there, or the one that `database` makes the default one.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(django_settings, "NEXUSLITE_DATA_DIR", folder)
        patch.setattr(django_settings, "NEXUSLITE_ADMIN_PASSWORD", "admin-password")
        for limit in LIMITS:
            patch.setattr(django_settings, limit, None)
        patch.setattr(RegistryArgon2Hasher, "memory_cost", 64)
        patch.setattr(RegistryArgon2Hasher, "time_cost", 1)
        with database or database_file(folder / "matrix.sqlite3"):
            first_start.migrate()
            stamps.begin()
            passwords.forget_verified()
            first_start.ensure_first_users()
            first_start.ensure_default_blob_store()
            main = Entrance(UI_PORT, "", f"registry.test:{UI_PORT}")
            yield worlds.build(World(InProcess(), main, ADMIN), _creator())
            touches.flush()
    stamps.begin()


def _creator() -> worlds.CreateRepository:
    ports = itertools.count(5001)

    def create(name: str, forced: bool) -> tuple[Entrance, Entrance]:
        http, https = next(ports), next(ports)
        world = World(InProcess(), Entrance(UI_PORT, "", f"registry.test:{UI_PORT}"), ADMIN)
        body = worlds.hosted(name, forced=forced, ports=(http, https))
        world.rest("POST", "repositories/docker/hosted", body)
        row_id = Repository.objects.get(name=name).pk
        return (
            Entrance(http, f"{row_id}:http", f"registry.test:{http}"),
            Entrance(https, f"{row_id}:https", f"registry.test:{https}", "https"),
        )

    return create


@pytest.fixture
def configure(world) -> Callable[[Settings], None]:
    """Puts settings in force, also those that would lock REST out."""

    def change(settings: Settings) -> None:
        with stamps.change(stamps.SECURITY):
            columns = {
                "active_realms": settings.realms,
                "anonymous_enabled": settings.anonymous,
                "anonymous_user_id": "anonymous",
            }
            SecuritySettings.objects.update_or_create(pk=SecuritySettings.ROW, defaults=columns)
        world.settings = settings

    return change
