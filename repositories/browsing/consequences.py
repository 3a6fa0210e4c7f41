"""What a deletion takes with it, told before it is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Sum

from repositories.models import Blob, Manifest, ManifestBlob, ManifestChild, Tag

MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class Consequences:
    """Of deleting tags, or a whole image."""

    tags: int
    surviving_twins: tuple[str, ...]
    """Tags of the same manifests that stay, at most `MOST_NAMED`."""
    manifests: int
    """How many are left without a tag."""
    freed: int
    """Bytes that nothing else in the blob store needs then."""


def of_deleting_tags(image_id: int, names: Sequence[str]) -> Consequences:
    """The consequences of deleting the tags. Five queries at most."""
    chosen = list(
        Tag.objects.filter(image_id=image_id, name__in=names).values_list("name", "manifest_id")
    )
    manifest_ids = {manifest_id for _, manifest_id in chosen}
    staying = list(
        Tag.objects.filter(manifest_id__in=manifest_ids)
        .exclude(name__in=names)
        .order_by("name")
        .values_list("name", "manifest_id")
    )
    bare = manifest_ids - {manifest_id for _, manifest_id in staying}
    return Consequences(
        tags=len(chosen),
        surviving_twins=tuple(name for name, _ in staying[:MOST_NAMED]),
        manifests=len(bare),
        freed=freed_bytes(bare),
    )


def of_deleting_image(image_id: int) -> Consequences:
    """The consequences of deleting all manifests and tags of an image."""
    manifest_ids = set(Manifest.objects.filter(image_id=image_id).values_list("pk", flat=True))
    return Consequences(
        tags=Tag.objects.filter(image_id=image_id).count(),
        surviving_twins=(),
        manifests=len(manifest_ids),
        freed=freed_bytes(manifest_ids),
    )


def references_of(image_id: int) -> Iterator[str]:
    """The tags and digests that go with an image. Two queries, none before the first is asked."""
    tags = Tag.objects.filter(image_id=image_id).values_list("name", flat=True)
    digests = Manifest.objects.filter(image_id=image_id).values_list("digest", flat=True)
    yield from tags.iterator()
    yield from digests.iterator()


def freed_bytes(manifest_ids: set[int]) -> int:
    """Bytes of the blobs that only these manifests, and what only they list, need."""
    gone = manifest_ids | _only_children(manifest_ids)
    elsewhere = ManifestBlob.objects.filter(blob=OuterRef("pk")).exclude(manifest_id__in=gone)
    used = ManifestBlob.objects.filter(blob=OuterRef("pk"), manifest_id__in=gone)
    found = Blob.objects.filter(Exists(used), ~Exists(elsewhere)).aggregate(total=Sum("size"))
    return found["total"] or 0


def _only_children(manifest_ids: set[int]) -> set[int]:
    listed = ManifestChild.objects.filter(index_id__in=manifest_ids)
    children = set(listed.values_list("child_id", flat=True))
    kept = set(
        ManifestChild.objects.filter(child_id__in=children)
        .exclude(index_id__in=manifest_ids)
        .values_list("child_id", flat=True)
    )
    kept |= set(Tag.objects.filter(manifest_id__in=children).values_list("manifest_id", flat=True))
    return children - kept
