"""Turning staged bytes into a blob that an image links to."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from nexuslite.checkpoints import checkpoint
from nexuslite.database import release_connection
from nexuslite.database.errors import CommitUncertain
from repositories import statements
from repositories.actions import upload_sessions
from repositories.actions.upload_sessions import UploadSession
from repositories.blobs import (
    AppendInterrupted,
    BlobStorage,
    DigestMismatch,
    Source,
    Staging,
    StagingBusy,
    StagingLost,
    StorageError,
    StoredBlob,
)
from repositories.protocol.digest import Digest
from repositories.protocol.errors import ErrorCode, RegistryError
from repositories.records import RepositoryRecord

logger = logging.getLogger(__name__)


def finish_upload(repository: RepositoryRecord, session: UploadSession, digest: Digest) -> None:
    """Verifies, stores and links what a session has staged, and ends the session.

    Order: bytes durable under their final key, then the rows, then the answer. A crash between
    leaves an object without a row, which the sweeper knows, and a session that can be finished
    again; so does a failure of the database. Raises `DIGEST_INVALID`, and the session is over.
    """
    upload_sessions.refuse_when_read_only(repository)
    _store(repository, session.image_name, session.staging, digest, session)


def store_in_one_request(
    repository: RepositoryRecord, image_name: str, source: Source, digest: Digest
) -> None:
    """Stores a blob that came as the body of a single POST; there is no session."""
    upload_sessions.refuse_when_read_only(repository)
    storage = repository.store.storage
    release_connection()
    staging = storage.stage()
    try:
        staging = storage.append(staging, source, hash_with=digest.algorithm)
        _store(repository, image_name, staging, digest, None)
    except AppendInterrupted as interruption:
        _discard(storage, interruption.staging)
        raise
    except Exception:
        _discard(storage, staging)
        raise


def _store(
    repository: RepositoryRecord,
    image_name: str,
    staging: Staging,
    digest: Digest,
    session: UploadSession | None,
) -> None:
    storage = repository.store.storage
    if staging.digest == digest and _link_known(repository, image_name, digest, session):
        _discard(storage, staging)
        return
    release_connection()
    try:
        stored = storage.finish(staging, digest)
    except DigestMismatch as mismatch:
        if session is not None:
            upload_sessions.forget_upload(session)
        raise RegistryError(ErrorCode.DIGEST_INVALID, str(mismatch)) from None
    except StagingLost:
        raise RegistryError(ErrorCode.BLOB_UPLOAD_UNKNOWN) from None
    except StagingBusy:
        raise upload_sessions.busy() from None
    try:
        storage_key = _record(repository, image_name, digest, stored, session)
    except IntegrityError:
        # The repository is gone, perhaps with its blob store: nobody would find the object.
        with _left_to_the_sweeper(stored.storage_key):
            storage.delete(stored.storage_key)
        raise
    except CommitUncertain:
        # The rows may stand: the object stays, and a session without rows can be finished again.
        raise
    except Exception:
        with _left_to_the_sweeper(stored.storage_key):
            storage.withdraw(stored.storage_key)
        raise
    checkpoint("blob.committed")
    with _left_to_the_sweeper(staging.id):
        storage.release(staging)
    if storage_key != stored.storage_key:
        # The same blob was stored by somebody else meanwhile: one object, two links.
        with _left_to_the_sweeper(stored.storage_key):
            storage.delete(stored.storage_key)


def _record(
    repository: RepositoryRecord,
    image_name: str,
    digest: Digest,
    stored: StoredBlob,
    session: UploadSession | None,
) -> str:
    """Commits the rows of a stored blob; returns the key of the one object that they name."""
    with transaction.atomic():
        statements.hold_repository(repository.id)
        blob_id, storage_key = statements.claim_or_insert_blob(
            repository.store.id, str(digest), stored.size, stored.storage_key
        )
        link(repository, image_name, blob_id)
        _end(session)
        checkpoint("blob.before_commit")
    return storage_key


def _discard(storage: BlobStorage, staging: Staging) -> None:
    with _left_to_the_sweeper(staging.id):
        storage.discard(staging)


@contextmanager
def _left_to_the_sweeper(what: str) -> Iterator[None]:
    """Tidying up that fails changes nothing about how the request ends."""
    try:
        yield
    except StorageError as error:
        logger.warning("%s is left to the sweeper: %s", what, error)


def _link_known(
    repository: RepositoryRecord,
    image_name: str,
    digest: Digest,
    session: UploadSession | None,
) -> bool:
    """Links a blob that the store has already; no file needs to be made durable then."""
    if not statements.blob_exists(repository.store.id, str(digest)):
        return False
    with transaction.atomic():
        statements.hold_repository(repository.id)
        claimed = statements.claim_blob(repository.store.id, str(digest))
        if claimed is None:
            return False
        link(repository, image_name, claimed[0])
        _end(session)
    return True


def link(repository: RepositoryRecord, image_name: str, blob_id: int) -> None:
    """Lets the image show the blob; part of the caller's transaction."""
    statements.link_blob(statements.image_id(repository.id, image_name), blob_id)


def was_finished(repository: RepositoryRecord, image_name: str, digest: Digest) -> bool:
    """Whether the image shows the blob: then a session that is no more may have been its upload.

    A client whose answer was lost, or who was told that nobody knows, repeats its closing PUT.
    """
    # In a transaction: it ends when what it has seen is on the disk.
    with transaction.atomic():
        return statements.blob_is_linked(repository.id, image_name, str(digest))


def _end(session: UploadSession | None) -> None:
    # Whoever removes the row has finished the session; a second one finds nothing to finish.
    if session is not None and not statements.delete_upload(session.id):
        raise upload_sessions.unknown(str(session.id))
