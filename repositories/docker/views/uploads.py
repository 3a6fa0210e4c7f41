"""`/v2/<name>/blobs/uploads/...`: every way of pushing a blob."""

from __future__ import annotations

from nexuslite import stamps
from repositories.actions import upload_sessions
from repositories.actions.mount_blob import mount_blob
from repositories.actions.store_blob import finish_upload, store_in_one_request, was_finished
from repositories.actions.upload_sessions import UploadSession
from repositories.docker import door
from repositories.docker.request import RegistryRequest
from repositories.docker.responses import RegistryResponse, empty_response
from repositories.protocol.digest import SHA256, Digest, new_hasher
from repositories.protocol.errors import ErrorCode, RegistryError
from repositories.protocol.names import InvalidName
from repositories.protocol.names import image_name as check_image_name
from repositories.protocol.ranges import parse_content_range, upload_range
from repositories.records import RepositoryRecord, snapshot


def start(request: RegistryRequest) -> RegistryResponse:
    """POST: a mount, a whole blob in one request, or a new session."""
    upload_sessions.refuse_when_read_only(request.repository)
    mount = request.parameter("mount")
    if mount is not None:
        digest = Digest.parse(mount)
        # What is hidden and what is not there then ask the database for the same stamps.
        with stamps.observed(stamps.CONFIGURATION, stamps.SECURITY):
            mounted = _mount(request, digest)
        if mounted:
            return _created(request, digest)
    whole = request.parameter("digest")
    if whole is not None:
        digest = Digest.parse(whole)
        store_in_one_request(request.repository, request.image_name, request.body, digest)
        return _created(request, digest)
    algorithm = request.parameter("digest-algorithm") or SHA256
    new_hasher(algorithm)
    upload = upload_sessions.start_upload(
        request.repository, request.image_name, request.principal, algorithm
    )
    return empty_response(202, *_session_headers(request, upload))


def status(request: RegistryRequest) -> RegistryResponse:
    """GET: how far the session is."""
    upload = _find(request)
    upload_sessions.recover(request.repository, upload)
    return empty_response(204, *_session_headers(request, upload))


def append(request: RegistryRequest) -> RegistryResponse:
    """PATCH: a chunk with its Content-Range, or a stream that goes on where the last ended."""
    upload = _find(request)
    length = _announced_length(request, upload)
    upload_sessions.write(request.repository, upload, request.body, length)
    upload_sessions.record_progress(upload)
    return empty_response(202, *_session_headers(request, upload))


def finish(request: RegistryRequest) -> RegistryResponse:
    """PUT: the rest of the bytes, if any, and the digest of the whole; it may be repeated."""
    text = request.parameter("digest")
    if text is None:
        raise RegistryError(ErrorCode.DIGEST_INVALID, "The parameter digest is missing.")
    digest = Digest.parse(text)
    try:
        _finish(request, digest)
    except RegistryError as error:
        # The same request may have been made twice, and the other one have ended the session.
        if error.code is not ErrorCode.BLOB_UPLOAD_UNKNOWN or not was_finished(
            request.repository, request.image_name, digest
        ):
            raise
    return _created(request, digest)


def _finish(request: RegistryRequest, digest: Digest) -> None:
    upload = _find(request)
    length = _announced_length(request, upload)
    if request.content_length != 0:
        upload_sessions.write(request.repository, upload, request.body, length)
    finish_upload(request.repository, upload, digest)


def cancel(request: RegistryRequest) -> RegistryResponse:
    """DELETE: ends the session."""
    upload_sessions.cancel_upload(request.repository, _find(request))
    return empty_response(204)


def _find(request: RegistryRequest) -> UploadSession:
    return upload_sessions.find_upload(request.repository, request.image_name, request.target)


def _announced_length(request: RegistryRequest, upload: UploadSession) -> int | None:
    """Bytes of the chunk by its Content-Range, None without one; raises for one out of order."""
    header = request.header("CONTENT_RANGE")
    if header is None:
        return None
    chunk = parse_content_range(header)
    if chunk.start != upload.offset:
        raise RegistryError(
            ErrorCode.RANGE_INVALID,
            f"The upload goes on at byte {upload.offset}.",
            headers=dict(_session_headers(request, upload)),
        )
    declared = request.content_length
    if declared is not None and declared != chunk.length:
        raise RegistryError(
            ErrorCode.SIZE_INVALID, "Content-Range and Content-Length do not agree."
        )
    return chunk.length


def _mount(request: RegistryRequest, digest: Digest) -> bool:
    source, source_image = _mount_source(request)
    if source is None:
        return False
    return mount_blob(
        request.repository,
        request.image_name,
        digest,
        source=source,
        source_image=source_image,
        may_read=lambda name: door.may_read_blob(request, source, name, str(digest)),
    )


def _mount_source(request: RegistryRequest) -> tuple[RepositoryRecord | None, str | None]:
    """The repository and image that `from` names; no image at all leaves the choice open."""
    name = request.parameter("from")
    repository = request.repository
    if name is None:
        return repository, None
    if request.address.host_level:
        # With path-based routing the names that clients know begin with the repository's.
        first, _, name = name.partition("/")
        found = snapshot().by_name.get(first)
        if found is None or not found.path_enabled or not found.online:
            return None, None
        repository = found
    try:
        return repository, check_image_name(name)
    except InvalidName:
        return None, None


def _session_headers(request: RegistryRequest, upload: UploadSession) -> list[tuple[str, str]]:
    return [
        ("Location", request.path_to("blobs/uploads", str(upload.id))),
        ("Range", upload_range(upload.offset)),
        ("Docker-Upload-UUID", str(upload.id)),
    ]


def _created(request: RegistryRequest, digest: Digest) -> RegistryResponse:
    return empty_response(
        201,
        ("Location", request.path_to("blobs", str(digest))),
        ("Docker-Content-Digest", str(digest)),
    )
