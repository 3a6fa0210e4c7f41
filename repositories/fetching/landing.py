"""Where the bytes of a fetch land while they arrive: a file that others can read meanwhile."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import cast

from django.conf import settings

from repositories.blobs import BlobStorage, Source, Staging, StoredBlob, paths
from repositories.blobs.file import FileStorage
from repositories.protocol.digest import Digest
from repositories.records import StoreRecord

SPOOL = "spool"
"""The folder below the data folder."""


def landing_of(store: StoreRecord) -> BlobStorage:
    """The storage in which a blob of the store is staged.

    The store itself if it stages in files, else a folder of this node, from which the whole blob
    goes into the store once it is verified.
    """
    storage = store.storage
    return storage if storage.stages_in_files else spool()


def store_landed(store: StoreRecord, staging: Staging, digest: Digest) -> StoredBlob:
    """Makes a verified staging of `landing_of` a blob of the store.

    Raises what `BlobStorage.finish` raises.
    """
    landing, storage = landing_of(store), store.storage
    if landing is storage:
        stored = storage.finish(staging, digest)
        # Should its rows not be committed, it is fetched anew.
        storage.release(staging)
        return stored
    with landing.open_staged(staging) as file:
        copied = storage.append(storage.stage(), cast("Source", file), hash_with=digest.algorithm)
    stored = storage.finish(copied, digest)
    storage.release(copied)
    landing.discard(staging)
    return stored


def spool() -> FileStorage:
    """The folder of this node for blobs on their way to a store that stages in no files."""
    return _spool(Path(settings.NEXUSLITE_DATA_DIR))


def has_spool() -> bool:
    """Whether anything was ever brought by way of the spool."""
    return (Path(settings.NEXUSLITE_DATA_DIR) / SPOOL).is_dir()


@cache
def _spool(data: Path) -> FileStorage:
    storage = FileStorage(data / SPOOL)
    (storage.root / paths.STAGING).mkdir(parents=True, exist_ok=True)
    return storage
