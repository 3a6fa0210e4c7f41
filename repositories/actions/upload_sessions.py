"""Upload sessions: start, append, status, cancel (distribution-spec, "Pushing blobs").

The row says how far the upload is; the bytes lie in the blob store's staging. Any worker, and any
node that shares database and store, can go on with a session.
"""

from __future__ import annotations

import uuid

from django.db.models.functions import Now

from accounts.principals import Principal
from nexuslite.database import relaxed_transaction
from repositories.blobs import AppendInterrupted, Source, Staging, StagingBusy, StagingLost
from repositories.models import Upload
from repositories.models.repository import WritePolicy
from repositories.protocol.digest import SHA256
from repositories.protocol.errors import ErrorCode, RegistryError, read_only
from repositories.records import RepositoryRecord


def refuse_when_read_only(repository: RepositoryRecord) -> None:
    """Raises `DENIED` where the deployment policy is read-only."""
    if repository.write_policy == WritePolicy.DENY:
        raise read_only(repository.name)


def start_upload(
    repository: RepositoryRecord, image_name: str, principal: Principal, algorithm: str = SHA256
) -> Upload:
    """Begins a session; nothing is written to the blob store yet."""
    refuse_when_read_only(repository)
    upload = Upload(
        repository_id=repository.id,
        image_name=image_name,
        algorithm=algorithm,
        staging=repository.store.storage.stage().to_json(),
        started_by=principal.user_id or "",
    )
    with relaxed_transaction():
        upload.save(force_insert=True)
    return upload


def find_upload(repository: RepositoryRecord, image_name: str, upload_id: str) -> Upload:
    """The session of this image; raises `BLOB_UPLOAD_UNKNOWN`."""
    try:
        key = uuid.UUID(upload_id)
    except ValueError:
        raise _unknown(upload_id) from None
    upload = Upload.objects.filter(
        pk=key, repository_id=repository.id, image_name=image_name
    ).first()
    if upload is None:
        raise _unknown(upload_id)
    return upload


def append_to_upload(repository: RepositoryRecord, upload: Upload, source: Source) -> Staging:
    """Writes the source behind what has arrived and records how far the upload is.

    Bytes that arrived before the source failed are recorded too, so that the client can resume;
    the failure is raised again. Raises `BLOB_UPLOAD_UNKNOWN`, `StorageFull`.
    """
    refuse_when_read_only(repository)
    staging = Staging.from_json(upload.staging)
    try:
        grown = repository.store.storage.append(staging, source, hash_with=upload.algorithm)
    except AppendInterrupted as interruption:
        record_progress(upload, interruption.staging)
        raise
    except StagingLost:
        forget_upload(upload)
        raise _unknown(str(upload.pk)) from None
    except StagingBusy:
        raise busy() from None
    return grown


def record_progress(upload: Upload, staging: Staging) -> None:
    """Commits the new offset without waiting for the disk: a session may die with a power cut."""
    with relaxed_transaction():
        recorded = Upload.objects.filter(pk=upload.pk, offset=upload.offset).update(
            offset=staging.size, staging=staging.to_json(), updated=Now()
        )
    if not recorded:
        # Another request finished or moved the session while this one wrote.
        raise _unknown(str(upload.pk))
    upload.offset = staging.size
    upload.staging = staging.to_json()


def cancel_upload(repository: RepositoryRecord, upload: Upload) -> None:
    """Ends a session and frees its bytes."""
    forget_upload(upload)
    repository.store.storage.discard(Staging.from_json(upload.staging))


def forget_upload(upload: Upload) -> None:
    """Removes the row of a session."""
    with relaxed_transaction():
        Upload.objects.filter(pk=upload.pk).delete()


def busy() -> RegistryError:
    """409: another request is writing to the same session at this moment."""
    return RegistryError(
        ErrorCode.BLOB_UPLOAD_INVALID, "Another request is writing to this upload.", status=409
    )


def _unknown(upload_id: str) -> RegistryError:
    return RegistryError(ErrorCode.BLOB_UPLOAD_UNKNOWN, detail={"uuid": upload_id[:80]})
