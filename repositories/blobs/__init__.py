"""Where blobs live: the storage contract and its backends. Knows no models and no requests."""

from repositories.blobs.contract import (
    BlobStorage,
    FoundStaging,
    Source,
    StoredBlob,
    StoredObject,
)
from repositories.blobs.errors import (
    AppendInterrupted,
    DigestMismatch,
    InvalidConfiguration,
    ObjectMissing,
    StagingBusy,
    StagingLost,
    StorageError,
    StorageFull,
    StorageUnavailable,
)
from repositories.blobs.registry import FILE, S3, TYPES, open_store
from repositories.blobs.staging import Staging

__all__ = [
    "FILE",
    "S3",
    "TYPES",
    "AppendInterrupted",
    "BlobStorage",
    "DigestMismatch",
    "FoundStaging",
    "InvalidConfiguration",
    "ObjectMissing",
    "Source",
    "Staging",
    "StagingBusy",
    "StagingLost",
    "StorageError",
    "StorageFull",
    "StorageUnavailable",
    "StoredBlob",
    "StoredObject",
    "open_store",
]
