"""Blob stores as an administrator sees them: their figures and whether they can be used."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Sum

from nexuslite.errors import NotFound, OperationRefused
from repositories.blobs import StorageError
from repositories.models import Blob, BlobStore
from repositories.models.blob_store import QuotaType
from repositories.names import is_name
from repositories.records import storage_of

logger = logging.getLogger(__name__)

PROBE_SECONDS = 5.0
UNLIMITED = 2**63 - 1
"""Available bytes where there is no limit, as Nexus writes it."""

_UNITS = ("B", "KB", "MB", "GB", "TB", "PB", "EB")


@dataclass(frozen=True, slots=True)
class StoreFigures:
    """What is in a store, and what may still be. Sizes are bytes."""

    blob_count: int
    total_size: int
    available_space: int
    failure: str | None
    """Why the store cannot be used; None when it can."""


@dataclass(frozen=True, slots=True)
class QuotaStatus:
    """Whether a soft quota is violated, and the sentence about it."""

    is_violation: bool
    message: str


def find_blob_store(name: str, type_name: str | None = None) -> BlobStore:
    """The blob store, of the type if one is given. Raises `NotFound`, `OperationRefused`."""
    store = BlobStore.objects.filter(name=name).first() if is_name(name) else None
    if store is None:
        kind = f"{type_name} '{name}' blobstore" if type_name else f"blobstore '{name}'"
        raise NotFound(f"Unable to find {kind}")
    if type_name is not None and store.type != type_name:
        raise OperationRefused(
            f"Unable to read non-{type_name.lower()} blob store configuration "
            f"(type was {store.type})"
        )
    return store


def figures_of(stores: Iterable[BlobStore]) -> dict[int, StoreFigures]:
    """The figures of the stores by their primary keys; one query, all storages tried at once."""
    probes = {store.pk: _Probe(store) for store in stores}
    counted = {
        row["blob_store_id"]: (row["count"], row["total"])
        for row in Blob.objects.filter(blob_store_id__in=list(probes))
        .values("blob_store_id")
        .annotate(count=Count("pk"), total=Sum("size"))
    }
    deadline = time.monotonic() + PROBE_SECONDS
    figures = {}
    for key, probe in probes.items():
        available, failure = probe.result(deadline)
        figures[key] = StoreFigures(*counted.get(key, (0, 0)), available, failure)
    return figures


def failures_of(stores: Iterable[BlobStore]) -> dict[int, str | None]:
    """Why each store cannot be used, None if it can, by primary key; all are tried at once."""
    probes = {store.pk: _Probe(store) for store in stores}
    deadline = time.monotonic() + PROBE_SECONDS
    return {key: probe.result(deadline)[1] for key, probe in probes.items()}


def quota_status(store: BlobStore) -> QuotaStatus:
    """How the store stands to its soft quota; the sentences are Nexus's."""
    if not store.quota_type:
        return QuotaStatus(False, f"Blob store {store.name} has no quota")
    figures = figures_of([store])[store.pk]
    limit = store.quota_limit
    if store.quota_type == QuotaType.SPACE_USED:
        message = (
            f"Blob store {store.name} is using {format_size(figures.total_size)} space "
            f"and has a limit of {format_size(limit)}"
        )
    else:
        message = (
            f"Blob store {store.name} is limited to having {format_size(limit)} available space, "
            f"and has {format_size(figures.available_space)} space remaining"
        )
    return QuotaStatus(is_quota_violated(store, figures), message)


def is_quota_violated(store: BlobStore, figures: StoreFigures) -> bool:
    """Whether the store's figures exceed its soft quota."""
    if not store.quota_type:
        return False
    if store.quota_type == QuotaType.SPACE_USED:
        return figures.total_size > store.quota_limit
    return figures.available_space < store.quota_limit


def format_size(size: int) -> str:
    """Bytes in decimal units, as Nexus shows them."""
    value = float(size)
    for unit in _UNITS:
        if value < 1000 or unit == _UNITS[-1]:
            break
        value /= 1000
    return f"{size} B" if unit == "B" else f"{value:.2f} {unit}"


class _Probe:
    """One look at a storage, in a thread: a disk or bucket that hangs must not hang the answer."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._found: tuple[int, str | None] = (0, "The blob store does not answer")
        # A daemon, so that one which hangs does not keep the worker from ending.
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def result(self, deadline: float) -> tuple[int, str | None]:
        """Available bytes and the failure, if any; waits until the deadline (monotonic)."""
        self._thread.join(max(0.0, deadline - time.monotonic()))
        return self._found

    def _look(self) -> None:
        try:
            storage = storage_of(self._store.type, self._store.configuration)
            storage.check()
            available = storage.available_space()
        except (StorageError, ValueError) as error:
            self._found = (0, str(error) or "The blob store cannot be used")
        except Exception:
            logger.exception("blob store %s could not be tried", self._store.name)
        else:
            self._found = (UNLIMITED if available is None else available, None)
