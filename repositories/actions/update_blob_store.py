"""Changing the settings of a blob store."""

from __future__ import annotations

import logging
from typing import Any

from accounts import audit
from accounts.audit import Domain, EventType
from accounts.decisions import application
from accounts.principals import Principal
from nexuslite.errors import FieldError, ValidationError
from repositories.actions.blob_store_settings import (
    BlobStoreSettings,
    check_values,
    place,
    prepare_storage,
    refuse_shared_place,
)
from repositories.actions.configuration import change_configuration, require
from repositories.actions.described import blob_store_values
from repositories.blob_store_secrets import conceal
from repositories.blob_stores import find_blob_store
from repositories.blobs import StorageError
from repositories.models import Blob, BlobStore, Repository
from repositories.models.blob_store import BlobStoreType
from repositories.records import storage_of

logger = logging.getLogger(__name__)

PLACE_IS_FIXED = "The place of a blob store cannot be changed while it is in use"
BLOBS_MISSING = "The blobs of this blob store cannot be found there"


def update_blob_store(actor: Principal, settings: BlobStoreSettings) -> None:
    """Sets everything of the blob store of that name and type anew.

    Needs `nexus:blobstores:update`. Raises `ValidationError`, `NotPermitted`, `NotFound`,
    `OperationRefused` for a store of another type.
    """
    errors = list(check_values(settings))
    if errors:
        raise ValidationError(errors)
    require(actor, application("blobstores", "update"))
    store = find_blob_store(settings.name, settings.type)
    configuration = conceal(settings.configuration, store.configuration)
    moved = _is_moved(store, configuration)
    if configuration != store.configuration:
        if moved:
            _refuse_when_used(settings, store)
            refuse_shared_place(settings, store.pk, follow_links=True)
        prepare_storage(settings, configuration, new=moved)
        _look_for_blobs(settings, store, configuration)

    def change() -> None:
        found = find_blob_store(settings.name, settings.type)
        if _is_moved(found, configuration):
            _refuse_when_used(settings, found)
        refuse_shared_place(settings, found.pk)
        before = blob_store_values(found.pk)
        BlobStore.objects.filter(pk=found.pk).update(
            configuration=configuration, **settings.quota_columns()
        )
        changes = audit.changes(before, blob_store_values(found.pk))
        audit.record(actor, Domain.BLOB_STORE, EventType.UPDATED, settings.name, changes)

    change_configuration(change)
    logger.info("%s changed blob store %s", actor, settings.name)


def _is_moved(store: BlobStore, configuration: dict[str, Any]) -> bool:
    """Whether the objects would lie elsewhere. A bucket may be reached by another endpoint."""
    before = place(store.type, store.configuration)
    after = place(store.type, configuration)
    if store.type == BlobStoreType.S3:
        return before[2:] != after[2:]
    return before != after


def _refuse_when_used(settings: BlobStoreSettings, store: BlobStore) -> None:
    # Pushes under way would end in the old place, and rows would name objects that are not there.
    used = (
        Repository.objects.filter(blob_store=store).exists()
        or Blob.objects.filter(blob_store=store).exists()
    )
    if used:
        raise ValidationError([FieldError(settings.field_id, PLACE_IS_FIXED)])


def _look_for_blobs(
    settings: BlobStoreSettings, store: BlobStore, configuration: dict[str, Any]
) -> None:
    """Raises `ValidationError` when the newest blob is not where it should be."""
    newest = Blob.objects.filter(blob_store=store).order_by("-pk").first()
    if newest is None:
        return
    try:
        size = storage_of(store.type, configuration).size(newest.storage_key)
    except StorageError:
        size = -1
    if size != newest.size:
        raise ValidationError([FieldError(settings.field_id, BLOBS_MISSING)])
