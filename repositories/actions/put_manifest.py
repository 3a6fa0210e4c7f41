"""Storing a manifest and its tags: one transaction, or nothing."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Domain, EventType
from accounts.principals import Principal
from nexuslite import stamps
from nexuslite.checkpoints import checkpoint
from repositories import statements
from repositories.actions import upload_sessions
from repositories.content.interface import StoredManifest
from repositories.models import Manifest, Tag
from repositories.models.repository import WritePolicy
from repositories.protocol.digest import Digest
from repositories.protocol.errors import ErrorCode, RegistryError, redeploy_refused
from repositories.protocol.manifest import ManifestInvalid, ParsedManifest, parse_manifest
from repositories.records import RepositoryRecord, tag_is_remembered


@dataclass(frozen=True, slots=True)
class PutResult:
    """What was stored, and the digest of its subject if it has one."""

    manifest: StoredManifest
    subject: str


def put_manifest(
    repository: RepositoryRecord,
    image_name: str,
    content: bytes,
    *,
    content_type: str | None,
    digest: Digest | None,
    tags: list[str],
    principal: Principal,
) -> PutResult:
    """Stores the bytes exactly as they came.

    Every blob and child that it names must be linked to the image; they are claimed in the
    transaction that inserts the manifest, so that no collector can pass in between. Raises
    `ManifestInvalid`, `DIGEST_INVALID`, `MANIFEST_BLOB_UNKNOWN`, and the refusals of the
    deployment policy.
    """
    upload_sessions.refuse_when_read_only(repository)
    parsed = _parse(content, content_type, strict=repository.strict_content_type_validation)
    actual = Digest.of(content, digest.algorithm if digest is not None else "sha256")
    if digest is not None and digest != actual:
        raise RegistryError(ErrorCode.DIGEST_INVALID, f"expected {digest}, got {actual}")
    pushed_by = principal.user_id or ""
    with transaction.atomic():
        statements.hold_repository(repository.id)
        # Locked: two pushes to one image happen one after the other.
        image_id = statements.image_id(repository.id, image_name, lock=True)
        _refuse_redeploy(repository, image_id, image_name, tags)
        blob_ids, child_ids = _claim_references(image_id, parsed)
        manifest_id, stored = _insert(image_id, parsed, content, str(actual), pushed_by)
        statements.insert_references(manifest_id, blob_ids, child_ids)
        checkpoint("manifest.before_tags")
        before = [statements.point_tag(image_id, tag, manifest_id, pushed_by) for tag in tags]
        moved = {
            tag: pointed
            for tag, pointed in zip(tags, before, strict=True)
            if pointed is not None and pointed != manifest_id
        }
        _record(principal, repository, image_name, stored, tags, moved)
        if any(tag_is_remembered(repository, pointed, manifest_id) for pointed in before):
            stamps.changed(repository.slot)
        checkpoint("manifest.before_commit")
    checkpoint("manifest.committed")
    return PutResult(stored, parsed.subject.digest if parsed.subject else "")


def _record(
    principal: Principal,
    repository: RepositoryRecord,
    image_name: str,
    stored: StoredManifest,
    tags: list[str],
    moved: dict[str, int],
) -> None:
    """One event for the manifest and its tags; of a tag that has moved, where it pointed before."""
    attributes: dict[str, object] = {
        "repository": repository.name,
        "image": image_name,
        "tags": tags,
        "digest": stored.digest,
        "mediaType": stored.media_type,
        "size": len(stored.content),
    }
    if moved:
        digests = statements.manifest_digests(moved.values())
        attributes["before"] = {tag: digests.get(pointed) for tag, pointed in moved.items()}
    reference = tags[0] if len(tags) == 1 else stored.digest
    event_type = EventType.UPDATED if moved else EventType.CREATED
    path = f"v2/{image_name}/manifests/{reference}"
    audit.record(principal, Domain.ASSET, event_type, path, attributes)


def _parse(content: bytes, content_type: str | None, *, strict: bool) -> ParsedManifest:
    """The manifest; where validation is not strict, what it says of itself outweighs the header."""
    try:
        return parse_manifest(content, content_type)
    except ManifestInvalid:
        if strict:
            raise
        return parse_manifest(content, None)


def _refuse_redeploy(
    repository: RepositoryRecord, image_id: int, image_name: str, tags: list[str]
) -> None:
    if repository.write_policy != WritePolicy.ALLOW_ONCE:
        return
    guarded = [tag for tag in tags if not (repository.latest_policy and tag == "latest")]
    taken = Tag.objects.filter(image_id=image_id, name__in=guarded).order_by("name").first()
    if taken is not None:
        raise redeploy_refused(repository.name, f"v2/{image_name}/manifests/{taken.name}")


def _claim_references(image_id: int, parsed: ParsedManifest) -> tuple[list[int], list[int]]:
    """Ids of the blobs and child manifests, all of them present and claimed."""
    wanted_children = [descriptor.digest for descriptor in parsed.required_children]
    children = statements.manifest_ids(image_id, wanted_children)
    # An index may list blobs as well: BuildKit's cache lists its layers that way.
    wanted_blobs = [descriptor.digest for descriptor in parsed.required_blobs]
    wanted_blobs += [digest for digest in wanted_children if digest not in children]
    blobs = statements.claim_blobs_of_image(image_id, dict.fromkeys(wanted_blobs))
    missing = [digest for digest in wanted_blobs if digest not in blobs]
    if missing:
        raise RegistryError(
            ErrorCode.MANIFEST_BLOB_UNKNOWN, detail=[{"digest": text} for text in missing[:100]]
        )
    return list(blobs.values()), list(children.values())


def _insert(
    image_id: int, parsed: ParsedManifest, content: bytes, digest: str, pushed_by: str
) -> tuple[int, StoredManifest]:
    created = timezone.now()
    manifest_id = statements.insert_manifest(
        image_id,
        statements.NewManifest(
            digest=digest,
            media_type=parsed.media_type,
            content=content,
            artifact_type=parsed.artifact_type,
            subject=parsed.subject.digest if parsed.subject else "",
            annotations=parsed.annotations,
            pushed_by=pushed_by,
            created=created,
        ),
    )
    if manifest_id is not None:
        return manifest_id, StoredManifest(digest, parsed.media_type, content, created)
    known = Manifest.objects.only("media_type", "created").get(image_id=image_id, digest=digest)
    return known.pk, StoredManifest(digest, known.media_type, content, known.created)
