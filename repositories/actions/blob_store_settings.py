"""What an administrator sets of a blob store, and which values are accepted."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from django.conf import settings as django_settings

from nexuslite.errors import FieldError, ValidationError
from repositories.blobs import InvalidConfiguration, StorageError
from repositories.blobs.s3_configuration import S3Configuration
from repositories.models import BlobStore
from repositories.models.blob_store import BlobStoreType, QuotaType
from repositories.names import NAME_IS_USED
from repositories.records import storage_of

_LARGEST = 2**63 - 1
_QUOTA_NAMES = {QuotaType.SPACE_REMAINING: "Space Remaining", QuotaType.SPACE_USED: "Space Used"}


@dataclass(frozen=True, slots=True)
class SoftQuota:
    """A limit that is told about, not enforced. `limit` is in bytes."""

    type: str
    limit: int


@dataclass(frozen=True, slots=True)
class BlobStoreSettings:
    """All settings of a blob store; `configuration` is what its backend opens.

    `{"path": ...}` for File, `{"bucketConfiguration": {...}}` for S3, in REST's shape.
    """

    name: str
    type: str
    configuration: dict[str, Any]
    quota: SoftQuota | None = None

    @property
    def field_id(self) -> str:
        """The field that errors of the backend are told under."""
        return "path" if self.type == BlobStoreType.FILE else "bucketConfiguration"

    def quota_columns(self) -> dict[str, Any]:
        """The soft quota as columns of the row."""
        quota = self.quota
        if quota is None:
            return {"quota_type": "", "quota_limit": 0}
        return {"quota_type": quota.type, "quota_limit": quota.limit}


def check_values(settings: BlobStoreSettings) -> Iterator[FieldError]:
    """What is wrong with the values alone, apart from the name."""
    yield from _check_quota(settings.quota)
    try:
        if settings.type == BlobStoreType.S3:
            S3Configuration.parse(settings.configuration)
        else:
            _check_path(settings.configuration)
    except InvalidConfiguration as error:
        yield FieldError(settings.field_id, str(error))


def refuse_used_name(name: str) -> None:
    """Raises `ValidationError` when a blob store has the name."""
    if BlobStore.objects.filter(name__iexact=name).exists():
        raise ValidationError([FieldError("name", NAME_IS_USED)])


def refuse_shared_place(
    settings: BlobStoreSettings, store_id: int | None, *, follow_links: bool = False
) -> None:
    """Raises `ValidationError` when another store lies in the same place, or one in the other.

    What sweeps one store would take the other's objects for garbage. `follow_links` looks at the
    file system, so not within a transaction.
    """
    wanted = place(settings.type, settings.configuration, follow_links=follow_links)
    for other in BlobStore.objects.all():
        if other.pk == store_id:
            continue
        taken = place(other.type, other.configuration, follow_links=follow_links)
        shared = min(len(wanted), len(taken))
        if wanted[:shared] == taken[:shared]:
            message = f"The place is already used by blob store {other.name}"
            raise ValidationError([FieldError(settings.field_id, message)])


def place(
    type_name: str, configuration: Mapping[str, Any], *, follow_links: bool = False
) -> tuple[str, ...]:
    """Where a store's objects lie; one place is within another when it begins with the other.

    The parts are the type and the folders of a path, or the type, endpoint, bucket and prefix.
    """
    if type_name == BlobStoreType.FILE:
        path = Path(django_settings.NEXUSLITE_DATA_DIR) / "blobs" / configuration["path"]
        found = os.path.realpath(path) if follow_links else os.path.abspath(path)
        return (type_name, *PurePath(found).parts)
    parsed = S3Configuration.parse(configuration)
    prefix = parsed.prefix.split("/") if parsed.prefix else []
    return (type_name, (parsed.endpoint or "").rstrip("/"), parsed.bucket, *prefix)


def prepare_storage(settings: BlobStoreSettings, concealed: dict[str, Any], *, new: bool) -> None:
    """Tries the storage, and makes its folders or bucket where the place is new.

    Raises `ValidationError` with the reason when it cannot be used.
    """
    try:
        storage = storage_of(settings.type, concealed)
        if new:
            storage.create()
        storage.check()
    except (StorageError, ValueError) as error:
        raise ValidationError([FieldError(settings.field_id, str(error))]) from None


def _check_quota(quota: SoftQuota | None) -> Iterator[FieldError]:
    if quota is None:
        return
    if quota.type not in QuotaType.values:
        allowed = ", ".join(QuotaType.values)
        yield FieldError("softQuota.type", f"must be one of {allowed}")
    elif quota.limit <= 0:
        name = _QUOTA_NAMES[QuotaType(quota.type)]
        yield FieldError("softQuota.limit", f"{name} quotas must have a Quota Limit greater than 0")
    elif quota.limit > _LARGEST:
        yield FieldError("softQuota.limit", f"must not be greater than {_LARGEST}")


def _check_path(configuration: Mapping[str, Any]) -> None:
    storage_of(BlobStoreType.FILE, dict(configuration))
    path = configuration["path"]
    if path.strip() != path or ".." in PurePath(path).parts:
        raise InvalidConfiguration("path must not begin or end with a space or contain ..")
    if not PurePath(path).parts:
        # The folder of all blob stores.
        raise InvalidConfiguration("path must be the name of a folder")
