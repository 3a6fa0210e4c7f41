"""Deleting a blob store."""

from __future__ import annotations

import logging

from django.db import connection

from accounts import audit
from accounts.audit import Domain, EventType
from accounts.decisions import application
from accounts.principals import Principal
from nexuslite.errors import OperationRefused
from repositories.actions.configuration import change_configuration, require
from repositories.actions.described import blob_store_values
from repositories.blob_stores import find_blob_store
from repositories.blobs import StorageError
from repositories.models import Blob, BlobStore, Repository
from repositories.records import storage_of

logger = logging.getLogger(__name__)


def delete_blob_store(actor: Principal, name: str) -> None:
    """Removes a blob store that no repository uses, and the objects it still holds.

    Needs `nexus:blobstores:delete`. Raises `NotPermitted`, `NotFound`, and `OperationRefused`
    while it is in use.
    """
    require(actor, application("blobstores", "delete"))
    store, storage_keys = change_configuration(lambda: _delete_rows(actor, name))
    logger.info("%s deleted blob store %s", actor, name)
    _delete_objects(store, storage_keys)


def _delete_rows(actor: Principal, name: str) -> tuple[BlobStore, list[str]]:
    store = find_blob_store(name)
    if Repository.objects.filter(blob_store=store).exists():
        raise OperationRefused(f"BlobStore {name} is in use and cannot be deleted")
    blobs = Blob.objects.filter(blob_store=store)
    storage_keys = list(blobs.values_list("storage_key", flat=True))
    blobs._raw_delete(connection.alias)
    attributes = audit.deleted(blob_store_values(store.pk))
    BlobStore.objects.filter(pk=store.pk)._raw_delete(connection.alias)
    attributes["removed"] = {"blobs": len(storage_keys)}
    audit.record(actor, Domain.BLOB_STORE, EventType.DELETED, name, attributes)
    return store, storage_keys


def _delete_objects(store: BlobStore, storage_keys: list[str]) -> None:
    """Deletes exactly what the rows named: the place may belong to a new store already."""
    try:
        storage = storage_of(store.type, store.configuration)
        for storage_key in storage_keys:
            storage.delete(storage_key)
    except (StorageError, ValueError) as error:
        logger.warning("objects of the deleted blob store %s are left: %s", store.name, error)
