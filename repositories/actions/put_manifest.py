"""Storing a manifest and its tags: one transaction, or nothing."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.principals import Principal
from nexuslite import stamps
from nexuslite.checkpoints import checkpoint
from repositories.actions import upload_sessions
from repositories.content.interface import StoredManifest
from repositories.models import (
    Blob,
    Image,
    Manifest,
    ManifestBlob,
    ManifestChild,
    Tag,
)
from repositories.models.repository import WritePolicy
from repositories.protocol.digest import Digest
from repositories.protocol.errors import ErrorCode, RegistryError, redeploy_refused
from repositories.protocol.manifest import ParsedManifest, parse_manifest
from repositories.records import RepositoryRecord

_BATCH = 500


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
    declared = content_type if repository.strict_content_type_validation else None
    parsed = parse_manifest(content, declared or content_type)
    actual = Digest.of(content, digest.algorithm if digest is not None else "sha256")
    if digest is not None and digest != actual:
        raise RegistryError(ErrorCode.DIGEST_INVALID, f"expected {digest}, got {actual}")
    with transaction.atomic():
        image = _lock_image(repository, image_name)
        _refuse_redeploy(repository, image, tags)
        blob_ids, child_ids = _claim_references(image, parsed)
        manifest = _insert(image, parsed, content, str(actual), principal)
        _record_references(manifest, blob_ids, child_ids)
        checkpoint("manifest.before_tags")
        if _point_tags(image, tags, manifest, principal):
            stamps.changed(repository.slot)
        checkpoint("manifest.before_commit")
    checkpoint("manifest.committed")
    stored = StoredManifest(
        manifest.digest, manifest.media_type, content, manifest.created or timezone.now()
    )
    return PutResult(stored, parsed.subject.digest if parsed.subject else "")


def _lock_image(repository: RepositoryRecord, image_name: str) -> Image:
    """The image's row, locked: two pushes of one tag happen one after the other."""
    image, _ = Image.objects.select_for_update().get_or_create(
        repository_id=repository.id, name=image_name
    )
    return image


def _refuse_redeploy(repository: RepositoryRecord, image: Image, tags: list[str]) -> None:
    if repository.write_policy != WritePolicy.ALLOW_ONCE:
        return
    guarded = [tag for tag in tags if not (repository.latest_policy and tag == "latest")]
    taken = Tag.objects.filter(image=image, name__in=guarded).order_by("name").first()
    if taken is not None:
        raise redeploy_refused(repository.name, f"v2/{image.name}/manifests/{taken.name}")


def _claim_references(image: Image, parsed: ParsedManifest) -> tuple[list[int], list[int]]:
    """Ids of the blobs and child manifests, all of them present and claimed."""
    wanted_blobs = [descriptor.digest for descriptor in parsed.required_blobs]
    wanted_children = [descriptor.digest for descriptor in parsed.required_children]
    blobs = _blobs_of(image, wanted_blobs)
    children: dict[str, int] = {}
    for start in range(0, len(wanted_children), _BATCH):
        children.update(
            Manifest.objects.filter(
                image=image, digest__in=wanted_children[start : start + _BATCH]
            ).values_list("digest", "pk")
        )
    # An index may list blobs as well: BuildKit's cache lists its layers that way.
    rest = [digest for digest in wanted_children if digest not in children]
    blobs.update(_blobs_of(image, rest))
    missing = [
        digest
        for digest in (*wanted_blobs, *wanted_children)
        if digest not in blobs and digest not in children
    ]
    if missing:
        raise RegistryError(
            ErrorCode.MANIFEST_BLOB_UNKNOWN, detail=[{"digest": text} for text in missing[:100]]
        )
    blob_ids = sorted(set(blobs.values()))
    for start in range(0, len(blob_ids), _BATCH):
        Blob.objects.filter(pk__in=blob_ids[start : start + _BATCH]).update(last_claimed=Now())
    return blob_ids, sorted(children.values())


def _blobs_of(image: Image, digests: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(digests), _BATCH):
        found.update(
            # Locked in one order over all pushes: two of them never wait for each other.
            Blob.objects.select_for_update(of=("self",))
            .filter(image_links__image=image, digest__in=digests[start : start + _BATCH])
            .order_by("pk")
            .values_list("digest", "pk")
        )
    return found


def _insert(
    image: Image, parsed: ParsedManifest, content: bytes, digest: str, principal: Principal
) -> Manifest:
    manifest, _ = Manifest.objects.get_or_create(
        image=image,
        digest=digest,
        defaults={
            "media_type": parsed.media_type,
            "content": content,
            "size": len(content),
            "artifact_type": parsed.artifact_type,
            "subject": parsed.subject.digest if parsed.subject else "",
            "annotations": dict(parsed.annotations),
            "pushed_by": principal.user_id or "",
            "created": timezone.now(),
        },
    )
    return manifest


def _record_references(manifest: Manifest, blob_ids: list[int], child_ids: list[int]) -> None:
    ManifestBlob.objects.bulk_create(
        [ManifestBlob(manifest=manifest, blob_id=blob_id) for blob_id in blob_ids],
        ignore_conflicts=True,
        batch_size=_BATCH,
    )
    ManifestChild.objects.bulk_create(
        [ManifestChild(index=manifest, child_id=child_id) for child_id in child_ids],
        ignore_conflicts=True,
        batch_size=_BATCH,
    )


def _point_tags(image: Image, tags: list[str], manifest: Manifest, principal: Principal) -> bool:
    """Points the tags at the manifest; tells whether one of them pointed elsewhere before."""
    moved = False
    for name in tags:
        tag, made = Tag.objects.get_or_create(
            image=image,
            name=name,
            defaults={"manifest": manifest, "pushed_by": principal.user_id or ""},
        )
        if not made:
            moved = moved or tag.manifest_id != manifest.pk
            Tag.objects.filter(pk=tag.pk).update(
                manifest=manifest, pushed_by=principal.user_id or "", updated=Now()
            )
    return moved
