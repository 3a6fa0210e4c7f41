"""Sweeping what crashes and abandoned uploads leave behind.

Nothing that is under way can be taken: a session counts as abandoned when nobody has touched it
for `NEXUSLITE_UPLOAD_LIFETIME`; an object or a staging without a row only when it is older than
that and older than every session there is. Times are the database's and the store's, never this
machine's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.conf import settings
from django.db.models import Min
from django.db.models.functions import Now

from nexuslite.database import relaxed_transaction
from repositories.blobs import BlobStorage, Staging, StorageError
from repositories.fetching.leftovers import sweep_fetches
from repositories.models import Blob, BlobStore, Upload
from repositories.records import storage_of

logger = logging.getLogger(__name__)

_BATCH = 200


@dataclass(frozen=True, slots=True)
class Swept:
    """How much was removed."""

    sessions: int = 0
    stagings: int = 0
    objects: int = 0

    def __add__(self, other: Swept) -> Swept:
        return Swept(
            self.sessions + other.sessions,
            self.stagings + other.stagings,
            self.objects + other.objects,
        )

    def __str__(self) -> str:
        return f"{self.sessions} sessions, {self.stagings} stagings, {self.objects} objects"


def sweep_uploads() -> Swept:
    """Ends abandoned sessions and fetches, and discards stagings that belong to none."""
    fetches = Swept(stagings=sweep_fetches())
    return Swept(sessions=_end_abandoned_sessions()) + fetches + _in_every_store(_discard_stagings)


def sweep_orphans() -> Swept:
    """Deletes objects that no row names, left by a crash between rename and commit."""
    return _in_every_store(_delete_orphans)


def _end_abandoned_sessions() -> int:
    abandoned = Upload.objects.filter(updated__lt=Now() - _lifetime())
    ended = 0
    while uploads := list(abandoned.select_related("repository__blob_store")[:_BATCH]):
        for upload in uploads:
            # The row first, if it still is as old: whoever goes on with the session meanwhile
            # finds it gone, not half gone.
            with relaxed_transaction():
                deleted, _ = abandoned.filter(pk=upload.pk).delete()
            if deleted:
                ended += 1
                _discard(upload)
    return ended


def _discard(upload: Upload) -> None:
    store = upload.repository.blob_store
    try:
        storage_of(store.type, store.configuration).discard(Staging.from_json(upload.staging))
    except StorageError as error:
        # What is left has no session any more and is found by its age.
        logger.warning("staging of %s could not be discarded: %s", upload.pk, error)


def _in_every_store(sweep: Callable[[BlobStore, BlobStorage, datetime], Swept]) -> Swept:
    """Sums up what `sweep` removes of things older than the time given to it."""
    swept = Swept()
    oldest_session = Upload.objects.aggregate(oldest=Min("created"))["oldest"]
    for store in BlobStore.objects.annotate(now=Now()).order_by("pk"):
        before = store.now - _lifetime()
        if oldest_session is not None:
            # Some stores date an object by the start of its upload.
            before = min(before, oldest_session)
        try:
            swept += sweep(store, storage_of(store.type, store.configuration), before)
        except StorageError as error:
            logger.warning("blob store %s could not be swept: %s", store.name, error)
    return swept


def _discard_stagings(store: BlobStore, storage: BlobStorage, before: datetime) -> Swept:
    """Discards stagings without a session, left by a crash in a request that had none."""
    discarded = 0
    for found in storage.list_stagings():
        if found.modified >= before:
            continue
        if not Upload.objects.filter(staging__id=found.staging.id).exists():
            storage.discard(found.staging)
            discarded += 1
    return Swept(stagings=discarded)


def _delete_orphans(store: BlobStore, storage: BlobStorage, before: datetime) -> Swept:
    deleted = 0
    old = (stored.storage_key for stored in storage.list() if stored.modified < before)
    while keys := list(islice(old, _BATCH)):
        known = set(
            Blob.objects.filter(blob_store=store, storage_key__in=keys).values_list(
                "storage_key", flat=True
            )
        )
        for key in keys:
            if key not in known:
                storage.delete(key)
                deleted += 1
    return Swept(objects=deleted)


def _lifetime() -> timedelta:
    return timedelta(seconds=settings.NEXUSLITE_UPLOAD_LIFETIME)
