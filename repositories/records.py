"""Repositories as every request sees them: values, remembered until a configuration change.

A request needs the configuration of its repository and nothing else of it, so it reads a record
from a snapshot of all repositories instead of a row. The snapshot is remembered by each worker
under the configuration stamp: once a change is answered, the next request on any worker sees it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from django.conf import settings

from nexuslite import stamps
from nexuslite.secrets import SecretUnreadable
from repositories.blob_store_secrets import reveal
from repositories.blobs import BlobStorage, StorageUnavailable, open_store
from repositories.models import Repository


def storage_of(type_name: str, configuration: dict[str, Any]) -> BlobStorage:
    """The backend of a blob store; relative paths lie under `<data>/blobs`.

    Secrets are decrypted here and nowhere else. Raises `InvalidConfiguration`, and
    `StorageUnavailable` for a secret that cannot be read.
    """
    try:
        readable = reveal(configuration)
    except SecretUnreadable as error:
        raise StorageUnavailable(str(error)) from None
    return open_store(type_name, readable, relative_to=Path(settings.NEXUSLITE_DATA_DIR) / "blobs")


@dataclass(frozen=True)
class StoreRecord:
    """A blob store that repositories use."""

    id: int
    name: str
    type: str
    configuration: dict[str, Any]

    @cached_property
    def storage(self) -> BlobStorage:
        """The opened backend; one per process and configuration."""
        return storage_of(self.type, self.configuration)


@dataclass(frozen=True, slots=True)
class RepositoryRecord:
    """The configuration of one repository."""

    id: int
    name: str
    format: str
    type: str
    online: bool
    store: StoreRecord
    strict_content_type_validation: bool
    write_policy: str
    latest_policy: bool
    http_port: int | None
    https_port: int | None
    connector_host: str
    subdomain: str | None
    path_enabled: bool
    force_basic_auth: bool

    @property
    def service(self) -> str:
        """Audience of the repository's tokens: stable, and never used again by another one."""
        return f"repository-{self.id}"

    @property
    def slot(self) -> int:
        """Stamp slot of what the repository holds."""
        return stamps.of_repository(self.id)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All repositories at one moment, by everything that leads to one."""

    by_name: dict[str, RepositoryRecord]
    by_id: dict[int, RepositoryRecord]
    by_port: dict[int, RepositoryRecord]
    by_subdomain: dict[str, RepositoryRecord]

    @property
    def path_enabled(self) -> list[RepositoryRecord]:
        """Repositories that answer under the first path segment of the main port."""
        return [record for record in self.by_name.values() if record.path_enabled]


_remembered: tuple[int, Snapshot] | None = None
_loading = threading.Lock()


def snapshot() -> Snapshot:
    """The configuration as of now; a query only after a change."""
    stamp = stamps.read(stamps.CONFIGURATION)[0]
    remembered = _remembered
    if remembered is not None and remembered[0] == stamp and stamp != stamps.CHANGING:
        return remembered[1]
    return _reload(stamp)


def _reload(stamp: int) -> Snapshot:
    global _remembered  # noqa: PLW0603
    with _loading:
        remembered = _remembered
        if remembered is not None and remembered[0] == stamp and stamp != stamps.CHANGING:
            return remembered[1]
        # Read after the stamp: rows newer than the stamp do no harm, older ones would.
        loaded = _load()
        _remembered = (stamp, loaded)
        return loaded


def _load() -> Snapshot:
    stores: dict[int, StoreRecord] = {}
    records = []
    for row in Repository.objects.select_related("blob_store").order_by("name"):
        store = stores.get(row.blob_store_id)
        if store is None:
            store = stores[row.blob_store_id] = StoreRecord(
                row.blob_store_id,
                row.blob_store.name,
                row.blob_store.type,
                row.blob_store.configuration,
            )
        records.append(record_of(row, store))
    return Snapshot(
        by_name={record.name: record for record in records},
        by_id={record.id: record for record in records},
        by_port={
            port: record
            for record in records
            for port in (record.http_port, record.https_port)
            if port is not None
        },
        by_subdomain={record.subdomain.lower(): record for record in records if record.subdomain},
    )


def record_of(row: Repository, store: StoreRecord) -> RepositoryRecord:
    """The record of a row."""
    return RepositoryRecord(
        id=row.pk,
        name=row.name,
        format=row.FORMAT,
        type=row.type,
        online=row.online,
        store=store,
        strict_content_type_validation=row.strict_content_type_validation,
        write_policy=row.write_policy,
        latest_policy=bool(row.latest_policy),
        http_port=row.http_port,
        https_port=row.https_port,
        connector_host=row.connector_host,
        subdomain=row.subdomain,
        path_enabled=bool(row.path_enabled),
        force_basic_auth=row.force_basic_auth,
    )
