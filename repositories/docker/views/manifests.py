"""`/v2/<name>/manifests/<reference>`."""

from __future__ import annotations

from email.utils import format_datetime

from repositories.actions.delete_content import delete_manifest, delete_tag
from repositories.actions.put_manifest import put_manifest
from repositories.content import StoredManifest
from repositories.docker import door
from repositories.docker.namespaces import content_for
from repositories.docker.request import RegistryRequest
from repositories.docker.responses import RegistryResponse, empty_response
from repositories.protocol.digest import Digest
from repositories.protocol.errors import ErrorCode, RegistryError
from repositories.protocol.manifest import MAX_MANIFEST_SIZE
from repositories.protocol.names import InvalidTag, parse_reference, tag_name
from repositories.protocol.ranges import etag, etag_matches
from repositories.records import snapshot

MOST_TAGS = 100


def get(request: RegistryRequest) -> RegistryResponse:
    """The manifest byte for byte as pushed, whatever `Accept` says: nothing is converted."""
    reference = _existing(request)
    manifest = content_for(request).manifest(request.image_name, reference)
    if manifest is None:
        raise _unknown(request)
    tag = etag(manifest.digest)
    headers = _headers(manifest)
    if etag_matches(request.header("IF_NONE_MATCH"), manifest.digest):
        return empty_response(304, ("ETag", tag), ("Docker-Content-Digest", manifest.digest))
    response = RegistryResponse(200, headers, manifest.content)
    response.fresh_seconds = manifest.fresh_seconds
    return response


def put(request: RegistryRequest) -> RegistryResponse:
    """Stores a manifest under its digest and, by a tag or `?tag=`, under names.

    Answers 201 with the manifest as its body, as Nexus does.
    """
    reference = parse_reference(request.target)
    content = _read_manifest(request)
    tags, digest = _names(request, reference)
    if digest is not None:
        for tag in tags:
            door.admit_to_tag(snapshot(), request, tag)
    stored = put_manifest(
        request.repository,
        request.image_name,
        content,
        content_type=request.content_type or None,
        digest=digest,
        tags=tags,
        principal=request.principal,
    )
    headers = _headers(stored.manifest)
    headers.append(("Location", request.path_to("manifests", stored.manifest.digest)))
    if stored.subject:
        headers.append(("OCI-Subject", stored.subject))
    if digest is not None:
        # A line for each: the conformance suite does not split one.
        headers.extend(("OCI-Tag", tag) for tag in tags)
    return RegistryResponse(201, headers, stored.manifest.content)


def delete(request: RegistryRequest) -> RegistryResponse:
    """By tag: only that tag. By digest: the manifest and every tag that points at it."""
    reference = _existing(request)
    if isinstance(reference, Digest):
        delete_manifest(request.repository, request.image_name, reference, request.principal)
    else:
        delete_tag(request.repository, request.image_name, reference, request.principal)
    return empty_response(202)


def _existing(request: RegistryRequest) -> Digest | str:
    """The reference of something that should be there.

    What cannot be a tag is the name of nothing: 404, as the conformance suites want it. An invalid
    digest is 400.
    """
    try:
        return parse_reference(request.target)
    except InvalidTag:
        raise _unknown(request) from None


def _unknown(request: RegistryRequest) -> RegistryError:
    return RegistryError(
        ErrorCode.MANIFEST_UNKNOWN,
        detail={"name": request.image_name, "reference": request.target},
    )


def _names(request: RegistryRequest, reference: Digest | str) -> tuple[list[str], Digest | None]:
    if not isinstance(reference, Digest):
        return [reference], None
    tags = list(dict.fromkeys(request.query.get("tag", [])))
    if len(tags) > MOST_TAGS:
        raise RegistryError(
            ErrorCode.TAG_INVALID, f"More than {MOST_TAGS} tags at once.", status=414
        )
    return [tag_name(tag) for tag in tags], reference


def _read_manifest(request: RegistryRequest) -> bytes:
    declared = request.content_length
    if declared is not None and declared > MAX_MANIFEST_SIZE:
        raise _too_large()
    parts: list[bytes] = []
    size = 0
    while part := request.body.read(min(256 * 1024, MAX_MANIFEST_SIZE + 1 - size)):
        parts.append(part)
        size += len(part)
        if size > MAX_MANIFEST_SIZE:
            raise _too_large()
    return b"".join(parts)


def _too_large() -> RegistryError:
    return RegistryError(
        ErrorCode.MANIFEST_INVALID, f"A manifest may have {MAX_MANIFEST_SIZE} bytes.", status=413
    )


def _headers(manifest: StoredManifest) -> list[tuple[str, str]]:
    return [
        ("Content-Type", manifest.media_type),
        ("Content-Length", str(len(manifest.content))),
        ("Docker-Content-Digest", manifest.digest),
        ("ETag", etag(manifest.digest)),
        ("Last-Modified", format_datetime(manifest.created, usegmt=True)),
    ]
