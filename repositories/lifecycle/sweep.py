"""Sweeping what crashes and abandoned uploads leave behind.

Everything here is older than the longest upload session by the database's clock or the store's,
so nothing that is under way can be taken.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models.functions import Now

from repositories.blobs import BlobStorage, Staging, StorageError
from repositories.models import Blob, BlobStore, Upload
from repositories.records import storage_of

logger = logging.getLogger(__name__)

_BATCH = 200


def sweep_uploads() -> int:
    """Ends sessions that nobody has touched for `NEXUSLITE_UPLOAD_LIFETIME`, and frees their bytes.

    Returns how many sessions and stagings were removed.
    """
    lifetime = timedelta(seconds=settings.NEXUSLITE_UPLOAD_LIFETIME)
    removed = 0
    for upload in Upload.objects.filter(updated__lt=Now() - lifetime).select_related(
        "repository__blob_store"
    )[:_BATCH]:
        # The row first: whoever goes on with the session meanwhile finds it gone, not half gone.
        deleted, _ = Upload.objects.filter(pk=upload.pk, updated=upload.updated).delete()
        if deleted:
            store = upload.repository.blob_store
            storage_of(store.type, store.configuration).discard(Staging.from_json(upload.staging))
            removed += 1
    for store in BlobStore.objects.all():
        try:
            removed += _sweep_stagings(storage_of(store.type, store.configuration), lifetime)
        except StorageError as error:
            logger.warning("blob store %s could not be swept: %s", store.name, error)
    return removed


def _sweep_stagings(storage: BlobStorage, lifetime: timedelta) -> int:
    """Discards stagings without a session, left by a crash in a request that had none."""
    removed = 0
    for found in storage.list_stagings():
        if datetime.now(found.modified.tzinfo) - found.modified < lifetime:
            continue
        known = Upload.objects.filter(staging__id=found.staging.id).exists()
        if not known:
            storage.discard(found.staging)
            removed += 1
    return removed


def sweep_orphans(store: BlobStore) -> int:
    """Deletes objects that no row names, left by a crash between rename and commit.

    Returns how many were deleted. Only objects older than the longest upload session count: the
    row of a younger one may be about to be committed.
    """
    storage = storage_of(store.type, store.configuration)
    lifetime = timedelta(seconds=settings.NEXUSLITE_UPLOAD_LIFETIME)
    removed = 0
    batch: list[str] = []
    for stored in storage.list():
        if datetime.now(stored.modified.tzinfo) - stored.modified >= lifetime:
            batch.append(stored.storage_key)
        if len(batch) >= _BATCH:
            removed += _delete_orphans(storage, store, batch)
            batch = []
    return removed + _delete_orphans(storage, store, batch)


def _delete_orphans(storage: BlobStorage, store: BlobStore, keys: list[str]) -> int:
    known = set(
        Blob.objects.filter(blob_store=store, storage_key__in=keys).values_list(
            "storage_key", flat=True
        )
    )
    orphans = [key for key in keys if key not in known]
    for key in orphans:
        storage.delete(key)
    return len(orphans)
