"""Repositories as every request sees them: values, remembered until a configuration change.

A request needs the configuration of its repository and nothing else of it, so it reads a record
from a snapshot of all repositories instead of a row. The snapshot is remembered by each worker
under the configuration stamp: once a change is answered, the next request on any worker sees it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from django.conf import settings

from nexuslite import stamps
from nexuslite.secrets import SecretUnreadable
from repositories.blob_store_secrets import reveal
from repositories.blobs import BlobStorage, StorageUnavailable, open_store
from repositories.models import GroupMember, Repository
from repositories.models.repository import RepositoryType
from repositories.proxy_records import ProxyRecord, proxy_record
from repositories.remote.settings import AddressPolicy
from repositories.ssrf_protection import read_ssrf_protection


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
    v1_enabled: bool
    force_basic_auth: bool
    read_only_mirror: bool
    proxy: ProxyRecord | None = None
    """The remote; None for a repository that is no proxy."""
    members: tuple[RepositoryRecord, ...] = ()
    """The members of a group in the order in which they are asked, nested groups as such."""
    opened: tuple[RepositoryRecord, ...] = ()
    """The hosted and proxy repositories of a group in that order, each once, from nested groups
    too. What is offline is left out."""

    @property
    def service(self) -> str:
        """Audience of the repository's tokens: stable, and never used again by another one."""
        return f"repository-{self.id}"

    @property
    def slot(self) -> int:
        """Stamp slot of what the repository itself holds."""
        return stamps.of_repository(self.id)

    @property
    def slots(self) -> tuple[int, ...]:
        """Stamp slots of all that is read from the repository: its own, or those of its sources."""
        return tuple({source.slot: None for source in self.sources})

    @property
    def sources(self) -> tuple[RepositoryRecord, ...]:
        """The repositories that content comes from: itself, or what a group is made of."""
        return self.opened if self.type == RepositoryType.GROUP else (self,)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All repositories at one moment, by everything that leads to one."""

    by_name: dict[str, RepositoryRecord]
    by_id: dict[int, RepositoryRecord]
    by_port: dict[int, RepositoryRecord]
    by_subdomain: dict[str, RepositoryRecord]
    grouped: frozenset[int]
    """Ids of the hosted and proxy repositories that some group reads from."""

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


def tag_is_remembered(repository: RepositoryRecord, before: int | None, now: int) -> bool:
    """Whether a worker may remember something else of a tag than it means now.

    `before` and `now` are ids of the manifests that it pointed and points at. To be asked within
    the transaction that points it, when no change of the configuration can be under way.
    """
    if before is None:
        # A new tag is in no cache of its repository. But a group may have found another one of
        # that name in a later member.
        return not stamps.shared_by_nodes() and repository.id in snapshot().grouped
    return before != now


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
    # Three queries at most, however many repositories there are.
    rows = {
        row.pk: row
        for row in Repository.objects.select_related(
            "blob_store", "proxy", "proxy__routing_rule"
        ).order_by("name")
    }
    by_id = _Records(rows, _members_of(rows.values()), _policy_for(rows.values())).all()
    records = list(by_id.values())
    return Snapshot(
        by_name={record.name: record for record in records},
        by_id=by_id,
        by_port={
            port: record
            for record in records
            for port in (record.http_port, record.https_port)
            if port is not None
        },
        by_subdomain={record.subdomain.lower(): record for record in records if record.subdomain},
        grouped=frozenset(source.id for record in records for source in record.opened),
    )


def _members_of(rows: Iterable[Repository]) -> dict[int, list[int]]:
    """The ids of members by the id of their group, in order."""
    members: dict[int, list[int]] = {}
    if any(row.type == RepositoryType.GROUP for row in rows):
        pairs = GroupMember.objects.order_by("position", "pk").values_list("group_id", "member_id")
        for group_id, member_id in pairs:
            members.setdefault(group_id, []).append(member_id)
    return members


def _policy_for(rows: Iterable[Repository]) -> AddressPolicy:
    if any(row.type == RepositoryType.PROXY for row in rows):
        return read_ssrf_protection().policy()
    return AddressPolicy()


class _Records:
    """The records of rows, members before the groups that hold them."""

    def __init__(
        self,
        rows: dict[int, Repository],
        members: dict[int, list[int]],
        addresses: AddressPolicy,
    ) -> None:
        self._rows = rows
        self._addresses = addresses
        self._members = members
        self._stores: dict[int, StoreRecord] = {}
        self._made: dict[int, RepositoryRecord] = {}
        self._waiting: set[int] = set()

    def all(self) -> dict[int, RepositoryRecord]:
        """All records by id, in the order of the rows."""
        return {pk: self._record(pk) for pk in self._rows}

    def _record(self, pk: int) -> RepositoryRecord:
        if pk not in self._made:
            self._waiting.add(pk)
            # Saving refuses cycles; one that got into the rows all the same ends here.
            members = [self._record(each) for each in self._known(pk) if each not in self._waiting]
            self._waiting.discard(pk)
            row = self._rows[pk]
            self._made[pk] = record_of(row, self._store(row), self._addresses, tuple(members))
        return self._made[pk]

    def _known(self, pk: int) -> list[int]:
        # A repository that came between the two queries is in the next snapshot.
        return [each for each in self._members.get(pk, ()) if each in self._rows]

    def _store(self, row: Repository) -> StoreRecord:
        store = self._stores.get(row.blob_store_id)
        if store is None:
            store = self._stores[row.blob_store_id] = StoreRecord(
                row.blob_store_id,
                row.blob_store.name,
                row.blob_store.type,
                row.blob_store.configuration,
            )
        return store


def record_of(
    row: Repository,
    store: StoreRecord,
    addresses: AddressPolicy,
    members: tuple[RepositoryRecord, ...] = (),
) -> RepositoryRecord:
    """The record of a row whose proxy settings, if any, have been selected with it."""
    remote = getattr(row, "proxy", None)
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
        v1_enabled=row.v1_enabled,
        force_basic_auth=row.force_basic_auth,
        read_only_mirror=row.read_only_mirror,
        proxy=None if remote is None else proxy_record(remote, addresses),
        members=members,
        opened=_opened(members),
    )


def _opened(members: tuple[RepositoryRecord, ...]) -> tuple[RepositoryRecord, ...]:
    found: dict[int, RepositoryRecord] = {}
    for member in members:
        if member.online:
            found.update((source.id, source) for source in member.sources)
    return tuple(found.values())
