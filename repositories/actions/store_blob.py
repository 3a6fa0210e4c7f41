"""Turning staged bytes into a blob that an image links to."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from nexuslite.checkpoints import checkpoint
from repositories.actions import upload_sessions
from repositories.blobs import DigestMismatch, Source, Staging, StagingBusy, StagingLost
from repositories.models import Blob, Image, ImageBlob, Upload
from repositories.protocol.digest import Digest
from repositories.protocol.errors import ErrorCode, RegistryError
from repositories.records import RepositoryRecord


def finish_upload(repository: RepositoryRecord, upload: Upload, digest: Digest) -> None:
    """Verifies, stores and links what a session has staged, and ends the session.

    Order: bytes durable under their final key, then the rows, then the answer. A crash between
    leaves an object without a row, which the sweeper knows. Raises `DIGEST_INVALID`, and the
    session is over.
    """
    upload_sessions.refuse_when_read_only(repository)
    staging = Staging.from_json(upload.staging)
    _store(repository, upload.image_name, staging, digest, upload)


def store_in_one_request(
    repository: RepositoryRecord, image_name: str, source: Source, digest: Digest
) -> None:
    """Stores a blob that came as the body of a single POST; there is no session."""
    upload_sessions.refuse_when_read_only(repository)
    storage = repository.store.storage
    staging = storage.append(storage.stage(), source, hash_with=digest.algorithm)
    _store(repository, image_name, staging, digest, None)


def _store(
    repository: RepositoryRecord,
    image_name: str,
    staging: Staging,
    digest: Digest,
    upload: Upload | None,
) -> None:
    storage = repository.store.storage
    if staging.digest == digest and _link_known(repository, image_name, digest, upload):
        storage.discard(staging)
        return
    try:
        stored = storage.finish(staging, digest)
    except DigestMismatch as mismatch:
        if upload is not None:
            upload_sessions.forget_upload(upload)
        raise RegistryError(ErrorCode.DIGEST_INVALID, str(mismatch)) from None
    except StagingLost:
        raise RegistryError(ErrorCode.BLOB_UPLOAD_UNKNOWN) from None
    except StagingBusy:
        raise upload_sessions.busy() from None
    with transaction.atomic():
        blob = _claim_or_create(repository, digest, stored.size, stored.storage_key)
        link(repository, image_name, blob)
        _end(upload)
        checkpoint("blob.before_commit")
    checkpoint("blob.committed")
    if blob.storage_key != stored.storage_key:
        # The same blob was stored by somebody else meanwhile: one object, two links.
        storage.delete(stored.storage_key)


def _link_known(
    repository: RepositoryRecord,
    image_name: str,
    digest: Digest,
    upload: Upload | None,
) -> bool:
    """Links a blob that the store has already; no file needs to be made durable then."""
    if not Blob.objects.filter(blob_store_id=repository.store.id, digest=str(digest)).exists():
        return False
    with transaction.atomic():
        blob = _claim(repository, digest)
        if blob is None:
            return False
        link(repository, image_name, blob)
        _end(upload)
    return True


def _claim(repository: RepositoryRecord, digest: Digest) -> Blob | None:
    """The blob's row, locked and claimed, so that no collector takes it before the commit."""
    blob = (
        Blob.objects.select_for_update()
        .filter(blob_store_id=repository.store.id, digest=str(digest))
        .first()
    )
    if blob is not None:
        Blob.objects.filter(pk=blob.pk).update(last_claimed=Now())
    return blob


def _claim_or_create(
    repository: RepositoryRecord, digest: Digest, size: int, storage_key: str
) -> Blob:
    Blob.objects.bulk_create(
        [
            Blob(
                blob_store_id=repository.store.id,
                digest=str(digest),
                size=size,
                storage_key=storage_key,
            )
        ],
        ignore_conflicts=True,
    )
    blob = _claim(repository, digest)
    if blob is None:
        # A collector took the other row between the two statements: the next try stores anew.
        raise RegistryError(ErrorCode.UNAVAILABLE, headers={"Retry-After": "1"})
    return blob


def link(repository: RepositoryRecord, image_name: str, blob: Blob) -> None:
    """Lets the image show the blob; part of the caller's transaction."""
    image, _ = Image.objects.get_or_create(repository_id=repository.id, name=image_name)
    ImageBlob.objects.bulk_create([ImageBlob(image=image, blob=blob)], ignore_conflicts=True)


def _end(upload: Upload | None) -> None:
    if upload is not None:
        Upload.objects.filter(pk=upload.pk).delete()
