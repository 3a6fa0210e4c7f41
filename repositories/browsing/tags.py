"""The tags of an image, and its manifests without one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, F, OuterRef, QuerySet, Window
from django.db.models.functions import RowNumber

from repositories.models import Manifest, ManifestChild, Tag
from repositories.protocol.manifest import ManifestInvalid, ParsedManifest, parse_manifest

SORTS = ("newest", "version", "name")
MOST_TWINS = 6
MOST_WILDCARDS = 4
"""In one word of a filter; each more multiplies the work of matching."""
_NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list says of a manifest. Sizes are compressed, in bytes."""

    digest: str
    media_type: str
    is_index: bool
    platforms: tuple[str, ...]
    """Without the attestations that BuildKit lists as unknown/unknown."""
    smallest: int
    largest: int
    """Of the platforms of an index; both the same for a single image."""


@dataclass(frozen=True, slots=True)
class TagRow:
    """A tag in a list."""

    name: str
    manifest: Summary
    pushed: datetime
    pushed_by: str
    twins: tuple[str, ...]
    """Other tags of the same manifest, at most `MOST_TWINS`."""


@dataclass(frozen=True, slots=True)
class UntaggedRow:
    """A manifest that no tag points at."""

    manifest: Summary
    pushed: datetime
    pushed_by: str
    is_child: bool
    """Whether an index lists it."""
    subject: str
    """The digest that it is about, empty for none: a signature, an SBOM."""


def list_tags(
    image_id: int, *, text: str = "", sort: str = "newest", page: int = 1, size: int = 50
) -> tuple[list[TagRow], int]:
    """A page of tags and how many match in all. At most five queries.

    `text` may hold `*` as a wildcard. `version` sorts 1.2 before 1.10.
    """
    matching = _matching(image_id, text)
    total = matching.count()
    start = (page - 1) * size
    # Only narrow rows are sorted; of the manifests, no more is read than one page shows.
    if sort == "version":
        names = sorted(
            matching.values_list("name", "pk"), key=lambda row: natural(row[0]), reverse=True
        )
        wanted = [pk for _, pk in names[start : start + size]]
    else:
        order = ("name",) if sort == "name" else ("-updated", "-pk")
        wanted = list(matching.order_by(*order).values_list("pk", flat=True)[start : start + size])
    found = Tag.objects.select_related("manifest").in_bulk(wanted)
    tags = [found[pk] for pk in wanted if pk in found]
    summaries = summarise([tag.manifest for tag in tags])
    twins = _twins({tag.manifest_id for tag in tags})
    rows = [
        TagRow(
            name=tag.name,
            manifest=summaries[tag.manifest_id],
            pushed=tag.updated,
            pushed_by=tag.pushed_by,
            twins=tuple(twin for twin in twins[tag.manifest_id] if twin != tag.name)[:MOST_TWINS],
        )
        for tag in tags
    ]
    return rows, total


def list_untagged(image_id: int, *, page: int = 1, size: int = 50) -> tuple[list[UntaggedRow], int]:
    """Manifests without a tag, the newest first, and how many there are. Four queries."""
    found = Manifest.objects.filter(
        ~Exists(Tag.objects.filter(manifest=OuterRef("pk"))), image_id=image_id
    ).annotate(is_child=Exists(ManifestChild.objects.filter(child=OuterRef("pk"))))
    start = (page - 1) * size
    manifests = list(found.order_by("-created", "-pk")[start : start + size])
    summaries = summarise(manifests)
    rows = [
        UntaggedRow(
            manifest=summaries[manifest.pk],
            pushed=manifest.created,
            pushed_by=manifest.pushed_by,
            is_child=manifest.is_child,
            subject=manifest.subject,
        )
        for manifest in manifests
    ]
    return rows, found.count()


def summarise(manifests: Sequence[Manifest]) -> dict[int, Summary]:
    """What lists say of the manifests, by their ids. One query."""
    parsed = {manifest.pk: _parsed(manifest) for manifest in manifests}
    indexes = [pk for pk, each in parsed.items() if each is not None and each.is_index]
    children: defaultdict[int, list[int]] = defaultdict(list)
    rows = ManifestChild.objects.filter(index_id__in=indexes).select_related("child")
    for link in rows:
        child = _parsed(link.child)
        if child is not None and not child.is_index and link.child.subject == "":
            children[link.index_id].append(child.content_size)
    return {
        manifest.pk: _summary(manifest, parsed[manifest.pk], children[manifest.pk])
        for manifest in manifests
    }


def natural(name: str) -> list[tuple[int, int | str]]:
    """A key that sorts names as people do: 1.2 before 1.10."""
    return [
        (1, int(part)) if part.isdigit() else (0, part.lower())
        for part in _NUMBER.split(name)
        if part
    ]


def _summary(manifest: Manifest, parsed: ParsedManifest | None, children: list[int]) -> Summary:
    own = 0 if parsed is None else parsed.content_size
    sizes = children or [own]
    return Summary(
        digest=manifest.digest,
        media_type=manifest.media_type,
        is_index=parsed is not None and parsed.is_index,
        platforms=() if parsed is None else platforms_of(parsed),
        smallest=min(sizes),
        largest=max(sizes),
    )


def platforms_of(parsed: ParsedManifest) -> tuple[str, ...]:
    """The platforms that an index offers."""
    found = (str(child.platform) for child in parsed.children if child.platform is not None)
    return tuple(dict.fromkeys(name for name in found if name != "unknown/unknown"))


def _parsed(manifest: Manifest) -> ParsedManifest | None:
    try:
        return parse_manifest(bytes(manifest.content), manifest.media_type)
    except ManifestInvalid:
        return None


def _matching(image_id: int, text: str) -> QuerySet[Tag]:
    found = Tag.objects.filter(image_id=image_id)
    for word in text.split():
        if 0 < word.count("*") <= MOST_WILDCARDS:
            pattern = ".*".join(re.escape(part) for part in word.split("*"))
            found = found.filter(name__regex=f"^{pattern}$")
        else:
            found = found.filter(name__icontains=word)
    return found


def _twins(manifest_ids: set[int]) -> dict[int, list[str]]:
    found: defaultdict[int, list[str]] = defaultdict(list)
    place = Window(
        RowNumber(), partition_by=F("manifest_id"), order_by=[F("updated").desc(), "-pk"]
    )
    ranked = Tag.objects.filter(manifest_id__in=manifest_ids).annotate(place=place)
    rows = ranked.filter(place__lte=MOST_TWINS + 1).order_by("manifest_id", "place")
    for manifest_id, name in rows.values_list("manifest_id", "name"):
        found[manifest_id].append(name)
    return found
