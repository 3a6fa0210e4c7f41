"""Finding images over all repositories, by name, tag or digest.

What may not be browsed is never found, not even by its number.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from accounts.content_access import ContentAccess
from accounts.principals import Principal
from repositories.content_permissions import accesses_of, path_of_image, path_of_manifest
from repositories.models import Image, Manifest, ManifestBlob, Tag
from repositories.records import RepositoryRecord, snapshot

MOST_RESULTS = 50
MOST_TAGS = 5
_BATCH = 200
_MOST_LOOKED_AT = 4000
"""Rows that one search reads at most, however few of them the reader may see."""
_LEAST_DIGEST = 6
_DIGEST = re.compile(r"(?:sha(256|512):)?([0-9a-f]{6,128})")


@dataclass(frozen=True, slots=True)
class Found:
    """An image that matches, in the repository through which the reader may see it."""

    repository: RepositoryRecord
    image_name: str
    tags: tuple[str, ...]
    """Tags that match, at most `MOST_TAGS`; the newest where the name alone matches."""
    digests: tuple[str, ...] = ()
    """Digests of manifests that match."""


@dataclass(frozen=True, slots=True)
class _Way:
    """A repository that images of one source may be seen through."""

    record: RepositoryRecord
    access: ContentAccess


def search(principal: Principal, text: str, most: int = MOST_RESULTS) -> tuple[list[Found], bool]:
    """Images that match, by name, and whether there are more.

    Words have to occur in the name; `name:tag` looks for both; a digest, or six characters of one,
    finds the images that hold the manifest or the blob.
    """
    ways = _ways(principal)
    words = text.split()
    if not words or not ways:
        return [], False
    digest = _DIGEST.fullmatch(words[0].lower()) if len(words) == 1 else None
    if digest is not None and (digest[1] or _looks_like_digest(digest[2])):
        matches = _by_digest(ways, digest[1] or "", digest[2])
    else:
        matches = _by_name(ways, words)
    found = list(islice(matches, most + 1))
    return found[:most], len(found) > most


def _ways(principal: Principal) -> dict[int, list[_Way]]:
    """By the id of a source, the repositories that show it; the source itself comes first."""
    records = sorted(
        snapshot().by_name.values(), key=lambda record: (record.sources != (record,), record.name)
    )
    ways: defaultdict[int, list[_Way]] = defaultdict(list)
    for record, access in zip(records, accesses_of(principal, records, "browse"), strict=True):
        if access.to_something:
            for source in record.sources:
                ways[source.id].append(_Way(record, access))
    return ways


def _by_name(ways: dict[int, list[_Way]], words: Sequence[str]) -> Iterator[Found]:
    images = _images(ways)
    tag_words: list[str] = []
    for word in words:
        name, colon, tag = word.partition(":")
        if name:
            images = images.filter(_contains("name", name))
        if colon and tag:
            tag_words.append(tag)
    if tag_words:
        images = images.filter(Exists(_tags_with(tag_words).filter(image=OuterRef("pk"))))
    yield from _visible(images.order_by("name", "pk"), ways, tag_words)


def _visible(
    images: QuerySet[Image], ways: dict[int, list[_Way]], tag_words: Sequence[str]
) -> Iterator[Found]:
    for start in range(0, _MOST_LOOKED_AT, _BATCH):
        rows = list(images.values_list("pk", "name", "repository_id")[start : start + _BATCH])
        seen = [
            (pk, name, way) for pk, name, source in rows if (way := _way_to(ways[source], name))
        ]
        tags = _tags_of([pk for pk, _, _ in seen], tag_words)
        for pk, name, way in seen:
            names = _open_tags(way, name, tags[pk])
            if names or not tag_words:
                yield Found(way.record, name, names)
        if len(rows) < _BATCH:
            return


def _by_digest(ways: dict[int, list[_Way]], algorithm: str, start: str) -> Iterator[Found]:
    beginnings = (
        [f"sha{algorithm}:{start}"] if algorithm else [f"sha256:{start}", f"sha512:{start}"]
    )
    matching = Q()
    blobs = Q()
    for beginning in beginnings:
        matching |= Q(digest__startswith=beginning)
        blobs |= Q(blob__digest__startswith=beginning)
    holding = Exists(ManifestBlob.objects.filter(blobs, manifest=OuterRef("pk")))
    manifests = (
        Manifest.objects.filter(image__repository_id__in=list(ways))
        .filter(matching | Q(holding))
        .order_by("image__name", "image_id", "pk")
        .values_list("image__repository_id", "image__name", "digest", "pk")
    )
    grouped: dict[tuple[int, str], list[tuple[str, int]]] = defaultdict(list)
    for source, name, digest, pk in manifests[:_MOST_LOOKED_AT]:
        grouped[source, name].append((digest, pk))
    for (source, name), held in grouped.items():
        way = _way_to(ways[source], name)
        if way is None:
            continue
        digests = tuple(
            digest for digest, _ in held if way.access.to_path(path_of_manifest(name, digest))
        )
        tags = Tag.objects.filter(manifest_id__in=[pk for _, pk in held[:_BATCH]])
        names = _open_tags(way, name, tags.order_by("-updated").values_list("name", flat=True))
        if digests or names:
            yield Found(way.record, name, names, digests[:MOST_TAGS])


def _images(ways: dict[int, list[_Way]]) -> QuerySet[Image]:
    return Image.objects.filter(
        Exists(Manifest.objects.filter(image=OuterRef("pk"))), repository_id__in=list(ways)
    )


def _way_to(ways: Sequence[_Way], image_name: str) -> _Way | None:
    path = path_of_image(image_name)
    return next((way for way in ways if way.access.to_path(path)), None)


def _open_tags(way: _Way, image_name: str, tags: Iterable[str]) -> tuple[str, ...]:
    opened = (tag for tag in tags if way.access.to_path(path_of_manifest(image_name, tag)))
    return tuple(islice(opened, MOST_TAGS))


def _tags_with(words: Sequence[str]) -> QuerySet[Tag]:
    found = Tag.objects.all()
    for word in words:
        found = found.filter(_contains("name", word))
    return found


def _tags_of(image_ids: Sequence[int], words: Sequence[str]) -> dict[int, list[str]]:
    tags: defaultdict[int, list[str]] = defaultdict(list)
    if not image_ids:
        return tags
    place = Window(RowNumber(), partition_by=F("image_id"), order_by=[F("updated").desc(), "-pk"])
    ranked = _tags_with(words).filter(image_id__in=image_ids).annotate(place=place)
    rows = ranked.filter(place__lte=_BATCH).order_by("image_id", "place")
    for image_id, name in rows.values_list("image_id", "name"):
        tags[image_id].append(name)
    return tags


def _contains(field: str, text: str) -> Q:
    """The text somewhere in the field; `*` stands for anything."""
    wanted = Q()
    for part in text.split("*"):
        if part:
            wanted &= Q(**{f"{field}__icontains": part})
    return wanted


def _looks_like_digest(text: str) -> bool:
    """Whether a bare word is more likely a digest than a name: long, with digits in it."""
    return len(text) >= 2 * _LEAST_DIGEST and any(letter.isdigit() for letter in text)
