"""Upload sessions: start, append, status, cancel (distribution-spec, "Pushing blobs").

The row says how far the upload is; the bytes lie in the blob store's staging. Any worker, and any
node that shares database and store, can go on with a session.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from uuid import UUID, uuid4

from accounts.principals import Principal
from nexuslite.database import relaxed_transaction, release_connection
from repositories import statements
from repositories.blobs import AppendInterrupted, Source, Staging, StagingBusy, StagingLost
from repositories.models.repository import WritePolicy
from repositories.protocol.digest import SHA256
from repositories.protocol.errors import ErrorCode, RegistryError, read_only
from repositories.records import RepositoryRecord


def refuse_when_read_only(repository: RepositoryRecord) -> None:
    """Raises `DENIED` where the deployment policy is read-only."""
    if repository.write_policy == WritePolicy.DENY:
        raise read_only(repository.name)


@dataclass(slots=True)
class UploadSession:
    """A session as a request works on it: its row, with what is staged so far."""

    id: UUID
    image_name: str
    algorithm: str
    offset: int
    staging: Staging


def start_upload(
    repository: RepositoryRecord, image_name: str, principal: Principal, algorithm: str = SHA256
) -> UploadSession:
    """Begins a session; nothing is written to the blob store yet."""
    refuse_when_read_only(repository)
    staging = repository.store.storage.stage()
    session = UploadSession(uuid4(), image_name, algorithm, 0, staging)
    with relaxed_transaction():
        statements.hold_repository(repository.id)
        statements.insert_upload(
            session.id,
            repository.id,
            image_name,
            algorithm,
            staging.to_json(),
            principal.user_id or "",
        )
    return session


def find_upload(repository: RepositoryRecord, image_name: str, upload_id: str) -> UploadSession:
    """The session of this image; raises `BLOB_UPLOAD_UNKNOWN`."""
    try:
        key = UUID(upload_id)
    except ValueError:
        raise unknown(upload_id) from None
    found = statements.find_upload(key, repository.id, image_name)
    if found is None:
        raise unknown(upload_id)
    algorithm, offset, staging = found
    return UploadSession(key, image_name, algorithm, offset, Staging.from_json(staging))


def recover(repository: RepositoryRecord, session: UploadSession) -> None:
    """Sets the session to what a killed worker left of it, so that the client can go on there.

    While somebody writes to it, and where the store cannot tell, the recorded offset counts.
    Raises `BLOB_UPLOAD_UNKNOWN` if nothing is left.
    """
    storage = repository.store.storage
    if not storage.sees_writers:
        return
    try:
        found = storage.recover(session.staging)
    except StagingBusy:
        return
    except StagingLost:
        forget_upload(session)
        raise unknown(str(session.id)) from None
    if found != session.staging:
        session.staging = found
        record_progress(session)


def write(
    repository: RepositoryRecord,
    session: UploadSession,
    source: Source,
    length: int | None = None,
) -> None:
    """Writes the source behind what has arrived; what the row says follows from the caller.

    `length` is the number of bytes that the client has announced. Bytes that arrived before the
    source failed are recorded, so that the client can resume; the failure is raised again. Raises
    `BLOB_UPLOAD_UNKNOWN`, `StorageFull`, and `SIZE_INVALID`, and then nothing of it counts.
    """
    refuse_when_read_only(repository)
    release_connection()
    before = session.staging
    try:
        session.staging = _append(repository, session, source)
        if length is not None and session.staging.size - before.size != length:
            # Cut off again: bytes behind the recorded ones count as rescued from a crash.
            session.staging = before
            _append(repository, session, BytesIO())
            raise RegistryError(
                ErrorCode.SIZE_INVALID, "The chunk is not as long as its Content-Range says."
            )
    except AppendInterrupted as interruption:
        session.staging = interruption.staging
        record_progress(session)
        raise
    except StagingLost:
        forget_upload(session)
        raise unknown(str(session.id)) from None
    except StagingBusy:
        raise busy() from None


def _append(repository: RepositoryRecord, session: UploadSession, source: Source) -> Staging:
    storage = repository.store.storage
    return storage.append(session.staging, source, hash_with=session.algorithm)


def record_progress(session: UploadSession) -> None:
    """Commits the new offset without waiting for the disk: a session may die with a power cut."""
    staging = session.staging
    with relaxed_transaction():
        recorded = statements.move_upload(
            session.id, session.offset, staging.size, staging.to_json()
        )
    if not recorded:
        # Another request finished or moved the session while this one wrote.
        raise unknown(str(session.id))
    session.offset = staging.size


def cancel_upload(repository: RepositoryRecord, session: UploadSession) -> None:
    """Ends a session and frees its bytes."""
    forget_upload(session)
    repository.store.storage.discard(session.staging)


def forget_upload(session: UploadSession) -> None:
    """Removes the row of a session."""
    with relaxed_transaction():
        statements.delete_upload(session.id)


def busy() -> RegistryError:
    """409: another request is writing to the same session at this moment."""
    return RegistryError(
        ErrorCode.BLOB_UPLOAD_INVALID, "Another request is writing to this upload.", status=409
    )


def unknown(upload_id: str) -> RegistryError:
    """404: there is no such session, or there is none any more."""
    return RegistryError(ErrorCode.BLOB_UPLOAD_UNKNOWN, detail={"uuid": upload_id[:80]})
