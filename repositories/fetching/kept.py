"""The rows of what was fetched: the same as those of a push, but in the order of arrival.

A pushed manifest finds its blobs there; a fetched one comes before them. What it names and the
image does not hold yet is noted as awaited, and linked when it arrives.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from nexuslite import stamps
from nexuslite.checkpoints import checkpoint
from nexuslite.database import relaxed_transaction
from repositories import statements
from repositories.blobs import StoredBlob
from repositories.fetching import absences
from repositories.models import AwaitedContent, ImageBlob, Tag
from repositories.protocol.descriptor import Descriptor
from repositories.protocol.digest import Digest, InvalidDigest
from repositories.protocol.manifest import ParsedManifest
from repositories.records import RepositoryRecord, tag_is_remembered


@dataclass(frozen=True, slots=True)
class Awaited:
    """What a cached manifest says of content that has not arrived: its bytes, its other places."""

    size: int
    urls: tuple[str, ...]


def awaited(repository: RepositoryRecord, image_name: str, digest: Digest) -> Awaited | None:
    """What a manifest of the image says of the digest; None when none names it."""
    row = (
        AwaitedContent.objects.filter(
            digest=str(digest),
            manifest__image__repository_id=repository.id,
            manifest__image__name=image_name,
        )
        .values_list("size", "urls")
        .first()
    )
    return None if row is None else Awaited(row[0], tuple(row[1]))


def shows_blob(repository: RepositoryRecord, image_name: str, digest: Digest) -> bool:
    """Whether the image shows the blob at this moment."""
    return ImageBlob.objects.filter(
        image__repository_id=repository.id, image__name=image_name, blob__digest=str(digest)
    ).exists()


def keep_blob(
    repository: RepositoryRecord, image_names: Iterable[str], digest: Digest, stored: StoredBlob
) -> str:
    """Commits the rows of a blob that the remote showed under these names.

    Returns the key of the one object that the rows name: another than `stored` has if somebody
    stored the same blob meanwhile.
    """
    with transaction.atomic():
        images = _lock_images(repository, image_names)
        blob_id, storage_key = statements.claim_or_insert_blob(
            repository.store.id, str(digest), stored.size, stored.storage_key
        )
        _show_blob(images, digest, blob_id)
        checkpoint("fetch.before_commit")
    checkpoint("fetch.committed")
    return storage_key


def show_known_blob(repository: RepositoryRecord, image_name: str, digest: Digest) -> bool:
    """Lets the image show a blob that the store holds; False if it does not, any more."""
    with transaction.atomic():
        images = _lock_images(repository, [image_name])
        claimed = statements.claim_blob(repository.store.id, str(digest))
        if claimed is None:
            return False
        _show_blob(images, digest, claimed[0])
    return True


def _lock_images(repository: RepositoryRecord, image_names: Iterable[str]) -> list[int]:
    """Ids of the images, locked before anything else and in one order.

    A manifest that is kept at the same time locks its image and then the blobs that it names.
    """
    statements.hold_repository(repository.id)
    return [
        statements.image_id(repository.id, name, lock=True) for name in sorted(set(image_names))
    ]


def _show_blob(images: Iterable[int], digest: Digest, blob_id: int) -> None:
    for image_id in images:
        statements.link_blob(image_id, blob_id)
        _link_awaiting(image_id, str(digest), blob_id=blob_id)


def keep_manifest(
    repository: RepositoryRecord,
    image_name: str,
    parsed: ParsedManifest,
    content: bytes,
    digest: Digest,
    tag: str | None,
) -> None:
    """Commits a manifest as the remote gave it and, by the tag, a name that was checked now."""
    with transaction.atomic():
        statements.hold_repository(repository.id)
        image_id = statements.image_id(repository.id, image_name, lock=True)
        manifest_id = statements.insert_manifest(
            image_id,
            statements.NewManifest(
                digest=str(digest),
                media_type=parsed.media_type,
                content=content,
                artifact_type=parsed.artifact_type,
                subject=parsed.subject.digest if parsed.subject else "",
                annotations=parsed.annotations,
                pushed_by="",
                created=timezone.now(),
            ),
        )
        if manifest_id is None:
            manifest_id = statements.manifest_ids(image_id, [str(digest)])[str(digest)]
        else:
            _refer(image_id, manifest_id, parsed)
            _link_awaiting(image_id, str(digest), child_id=manifest_id)
        if tag is not None:
            _point_tag(repository, image_id, tag, manifest_id)
        absences.forget_named(repository, image_name, parsed)
        checkpoint("fetch.before_commit")


def keep_tag(repository: RepositoryRecord, image_name: str, tag: str, digest: str) -> bool:
    """Points the tag at a manifest that the image holds, checked now; False if it holds none."""
    with transaction.atomic():
        statements.hold_repository(repository.id)
        image_id = statements.image_id(repository.id, image_name, lock=True)
        found = statements.manifest_ids(image_id, [digest])
        if not found:
            return False
        _point_tag(repository, image_id, tag, found[digest])
    return True


def when_checked(repository: RepositoryRecord, image_name: str, tag: str) -> datetime | None:
    """When the remote last said what the tag means; None for a tag that is to be asked for."""
    return (
        Tag.objects.filter(image__repository_id=repository.id, image__name=image_name, name=tag)
        .values_list("checked", flat=True)
        .first()
    )


def note_checked(repository: RepositoryRecord, image_name: str, tag: str, digest: str) -> None:
    """Notes that the remote's tag still is what is held; need not survive a power cut."""
    with relaxed_transaction():
        Tag.objects.filter(
            image__repository_id=repository.id,
            image__name=image_name,
            name=tag,
            manifest__digest=digest,
        ).update(checked=Now())


def doubt_tags(repository_id: int) -> None:
    """Lets every tag be asked for again; part of a change of the repository's stamp."""
    Tag.objects.filter(image__repository_id=repository_id).update(checked=None)


def _point_tag(repository: RepositoryRecord, image_id: int, tag: str, manifest_id: int) -> None:
    before = statements.point_tag(image_id, tag, manifest_id, "")
    Tag.objects.filter(image_id=image_id, name=tag).update(checked=Now())
    if tag_is_remembered(repository, before, manifest_id):
        stamps.changed(repository.slot)


def _refer(image_id: int, manifest_id: int, parsed: ParsedManifest) -> None:
    """Links what the image holds of what the manifest names, and awaits the rest."""
    named = {each.digest: each for each in _named(parsed)}
    blobs = statements.claim_blobs_of_image(image_id, named)
    children = statements.manifest_ids(image_id, [each.digest for each in parsed.children])
    statements.insert_references(manifest_id, blobs.values(), children.values())
    AwaitedContent.objects.bulk_create(
        (
            AwaitedContent(
                manifest_id=manifest_id, digest=digest, size=each.size, urls=list(each.urls)
            )
            for digest, each in named.items()
            if digest not in blobs and digest not in children
        ),
        batch_size=500,
        ignore_conflicts=True,
    )


def _named(parsed: ParsedManifest) -> Iterable[Descriptor]:
    config = (parsed.config,) if parsed.config else ()
    for descriptor in (*config, *parsed.layers, *parsed.children):
        try:
            Digest.parse(descriptor.digest)
        except InvalidDigest:
            # Of an algorithm that nothing can be asked for by.
            continue
        yield descriptor


def _link_awaiting(
    image_id: int, digest: str, *, blob_id: int | None = None, child_id: int | None = None
) -> None:
    """Links what arrived to the manifests that await it."""
    rows = AwaitedContent.objects.filter(manifest__image_id=image_id, digest=digest)
    waiting = list(rows.values_list("pk", "manifest_id"))
    for _, manifest_id in waiting:
        if blob_id is not None:
            statements.insert_references(manifest_id, [blob_id], [])
        if child_id is not None:
            statements.insert_references(manifest_id, [], [child_id])
    AwaitedContent.objects.filter(pk__in=[pk for pk, _ in waiting]).delete()
