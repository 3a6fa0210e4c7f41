"""What has to stand before the server opens its doors: database, users, the default blob store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from accounts import audit
from accounts.actions.first_users import ensure_first_users
from accounts.audit import Domain, EventType
from nexuslite import stamps
from repositories.connectors import publish_wanted_connectors
from repositories.models import BlobStore
from repositories.records import storage_of

DEFAULT_BLOB_STORE = "default"
_MIGRATION_LOCK = 0x6E657875


def prepare() -> None:
    """Brings everything to where a server can start; does little on a second start."""
    keep_database_private()
    migrate()
    stamps.begin()
    ensure_first_users()
    ensure_default_blob_store()
    publish_wanted_connectors()
    _let_go_of_database()


def _let_go_of_database() -> None:
    """Closes the connection, and the pool with its threads: neither survives a fork."""
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()  # type: ignore[attr-defined]


def keep_database_private() -> None:
    """Makes the embedded database a file that no other user of the machine can read.

    The files beside it take over its mode (SQLite, "Temporary Files").
    """
    if connection.vendor != "sqlite":
        return
    path = Path(connection.settings_dict["NAME"])
    if not path.is_absolute():
        # In memory, or named by who started the program.
        return
    path.touch(mode=0o600)
    # One of an earlier version may be open to all; that of somebody else stays as it is.
    with suppress(PermissionError):
        path.chmod(0o600)


def migrate() -> None:
    """Applies what is missing of the migrations; no more than a look when nothing is."""
    with _alone():
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", verbosity=0, interactive=False)


@contextmanager
def _alone() -> Iterator[None]:
    """Keeps several nodes that start at the same moment from migrating side by side."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_MIGRATION_LOCK])


def ensure_default_blob_store() -> None:
    """Makes the blob store `default` (type File, path `default`) when there is none at all."""
    if BlobStore.objects.exists():
        return
    configuration = {"path": DEFAULT_BLOB_STORE}
    storage_of("File", configuration).create()
    try:
        with transaction.atomic():
            BlobStore.objects.create(
                name=DEFAULT_BLOB_STORE, type="File", configuration=configuration
            )
            after = audit.created({"type": "File", "configuration": configuration})
            audit.record(
                audit.SYSTEM, Domain.BLOB_STORE, EventType.CREATED, DEFAULT_BLOB_STORE, after
            )
    except IntegrityError:
        # Another node of the same database was first.
        return
