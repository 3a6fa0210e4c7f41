"""`/v2/<name>/blobs/<digest>`."""

from __future__ import annotations

from nexuslite.server.files import GrowingSlice
from repositories.actions.delete_content import delete_blob
from repositories.blobs import ObjectMissing
from repositories.content import Blob, RemoteBlobSize, StoredBlob
from repositories.docker.namespaces import content_for
from repositories.docker.request import RegistryRequest
from repositories.docker.responses import RegistryResponse, empty_response
from repositories.docker.views.downloads import download
from repositories.protocol.digest import Digest
from repositories.protocol.errors import ErrorCode, RegistryError
from repositories.protocol.ranges import (
    ByteRange,
    etag,
    etag_matches,
    if_range_matches,
    parse_range,
)

CACHE_CONTROL = "max-age=31536000"
"""A blob never changes; a year, in seconds."""


def get(request: RegistryRequest) -> RegistryResponse:
    """A blob or a range of it; HEAD opens no file, and keeps the blob from being collected."""
    digest = Digest.parse(request.target)
    is_head = request.method == "HEAD"
    blob = content_for(request).blob(request.image_name, digest, head=is_head)
    if blob is None:
        raise RegistryError(ErrorCode.BLOB_UNKNOWN, detail={"digest": str(digest)})
    try:
        response = _answer(request, blob)
    except BaseException:
        _let_go(blob)
        raise
    if not isinstance(response.body, GrowingSlice):
        _let_go(blob)
    return response


def _let_go(blob: Blob) -> None:
    if not isinstance(blob, (StoredBlob, RemoteBlobSize)):
        blob.close()


def _answer(request: RegistryRequest, blob: Blob) -> RegistryResponse:
    if etag_matches(request.header("IF_NONE_MATCH"), blob.digest):
        return empty_response(
            304,
            ("ETag", etag(blob.digest)),
            ("Docker-Content-Digest", blob.digest),
            ("Cache-Control", CACHE_CONTROL),
        )
    wanted = _range(request, blob)
    status = 200 if wanted is None else 206
    part = wanted or ByteRange(0, blob.size)
    headers = [
        ("Content-Type", "application/octet-stream"),
        ("Content-Length", str(part.length)),
        ("Docker-Content-Digest", blob.digest),
        ("ETag", etag(blob.digest)),
        ("Accept-Ranges", "bytes"),
        ("Cache-Control", CACHE_CONTROL),
    ]
    if wanted is not None:
        headers.append(("Content-Range", wanted.content_range(blob.size)))
    if isinstance(blob, RemoteBlobSize):
        return RegistryResponse(status, headers)
    if request.method == "HEAD":
        blob_id = blob.id if isinstance(blob, StoredBlob) else None
        return RegistryResponse(status, headers, blob_id=blob_id)
    try:
        return RegistryResponse(status, headers, download(blob, part))
    except ObjectMissing:
        raise RegistryError(ErrorCode.BLOB_UNKNOWN, detail={"digest": blob.digest}) from None


def delete(request: RegistryRequest) -> RegistryResponse:
    """Takes the blob out of the image; one that a manifest still needs stays."""
    digest = Digest.parse(request.target)
    delete_blob(request.repository, request.image_name, digest, request.principal)
    return empty_response(202)


def _range(request: RegistryRequest, blob: Blob) -> ByteRange | None:
    # Range has a meaning for GET alone (RFC 9110 section 14.2).
    if request.method == "HEAD":
        return None
    if not if_range_matches(request.header("IF_RANGE"), blob.digest):
        return None
    return parse_range(request.header("RANGE"), blob.size)
