"""The images of a repository."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Exists, F, Max, OuterRef, QuerySet, Sum, Window
from django.db.models.functions import RowNumber

from repositories.content.name_filter import NameFilter, page_of_allowed
from repositories.models import Image, ImageBlob, Manifest, Tag
from repositories.protocol.pagination import Page
from repositories.records import RepositoryRecord

NEWEST_TAGS = 3


@dataclass(frozen=True, slots=True)
class ImageRow:
    """An image in a list. `size` is what its blobs take, each counted once, in bytes."""

    id: int
    name: str
    repository: RepositoryRecord
    tags: int = 0
    size: int = 0
    pushed: datetime | None = None
    newest: tuple[str, ...] = field(default=())

    @property
    def namespace(self) -> str:
        """All of the name before its last part, with the slash."""
        return self.name[: len(self.name) - len(self.short_name)]

    @property
    def short_name(self) -> str:
        """The last part of the name."""
        return self.name.rpartition("/")[2]


def list_images(
    repository: RepositoryRecord,
    *,
    text: str = "",
    after: str = "",
    size: int = 50,
    visible: NameFilter | None = None,
) -> tuple[list[ImageRow], bool]:
    """Images that hold a manifest and may be seen, by name, and whether more follow.

    Four queries, a few more where not all may be seen. The images of a group are its members';
    of one name, that of the first member counts. `visible` is as for `Content.image_names`.
    """
    sources = {source.id: source for source in repository.sources}
    found = Image.objects.filter(
        Exists(Manifest.objects.filter(image=OuterRef("pk"))), repository_id__in=list(sources)
    )
    for word in text.split():
        found = found.filter(name__icontains=word)
    if visible is not None:
        names = _visible_names(found, Page(size + 1, after or None), visible)
        found = found.filter(name__in=names)
    elif after:
        found = found.filter(name__gt=after)
    most = (size + 1) * len(sources)
    rows = list(found.order_by("name").values_list("pk", "name", "repository_id")[:most])
    first = _first_of_each_name(rows, list(sources))
    shown = first[:size]
    return _described(shown, sources), len(first) > size


def _visible_names(images: QuerySet[Image], page: Page, visible: NameFilter) -> list[str]:
    names = images.filter(visible.condition()).order_by("name").values_list("name", flat=True)

    def fetch(last: str | None, size: int) -> list[str]:
        following = names if last is None else names.filter(name__gt=last)
        return list(following.distinct()[:size])

    return page_of_allowed(fetch, page, visible.allows)[0]


def get_image(repository: RepositoryRecord, name: str) -> ImageRow | None:
    """One image with its figures; None when no member holds a manifest of it."""
    sources = {source.id: source for source in repository.sources}
    found = Image.objects.filter(
        Exists(Manifest.objects.filter(image=OuterRef("pk"))),
        repository_id__in=list(sources),
        name=name,
    )
    rows = list(found.values_list("pk", "name", "repository_id"))
    described = _described(_first_of_each_name(rows, list(sources)), sources)
    return described[0] if described else None


def count_images(repository: RepositoryRecord) -> int:
    """How many images there are by name."""
    sources = [source.id for source in repository.sources]
    holding = Exists(Manifest.objects.filter(image=OuterRef("pk")))
    found = Image.objects.filter(holding, repository_id__in=sources)
    return found.values("name").distinct().count()


def _first_of_each_name(
    rows: Sequence[tuple[int, str, int]], order: Sequence[int]
) -> list[tuple[int, str, int]]:
    places = {source: place for place, source in enumerate(order)}
    best: dict[str, tuple[int, str, int]] = {}
    for row in sorted(rows, key=lambda row: places[row[2]]):
        best.setdefault(row[1], row)
    return sorted(best.values(), key=lambda row: row[1])


def _described(
    rows: Sequence[tuple[int, str, int]], sources: dict[int, RepositoryRecord]
) -> list[ImageRow]:
    ids = [row[0] for row in rows]
    tags = {
        image: (count, pushed)
        for image, count, pushed in Tag.objects.filter(image_id__in=ids)
        .values_list("image_id")
        .annotate(Count("pk"), Max("updated"))
        .order_by()
    }
    sizes = dict(
        ImageBlob.objects.filter(image_id__in=ids)
        .values_list("image_id")
        .annotate(Sum("blob__size"))
        .order_by()
    )
    newest = _newest_tags(ids)
    return [
        ImageRow(
            id=pk,
            name=name,
            repository=sources[repository_id],
            tags=tags.get(pk, (0, None))[0],
            size=sizes.get(pk) or 0,
            pushed=tags.get(pk, (0, None))[1],
            newest=tuple(newest[pk]),
        )
        for pk, name, repository_id in rows
    ]


def _newest_tags(image_ids: Sequence[int]) -> dict[int, list[str]]:
    if len(image_ids) == 1:
        # A window numbers every tag of an image before it leaves out all but a few.
        newest = Tag.objects.filter(image_id=image_ids[0]).order_by("-updated", "-pk")
        return {image_ids[0]: list(newest.values_list("name", flat=True)[:NEWEST_TAGS])}
    place = Window(RowNumber(), partition_by=F("image_id"), order_by=[F("updated").desc(), "-pk"])
    ranked = Tag.objects.filter(image_id__in=image_ids).annotate(place=place)
    found: defaultdict[int, list[str]] = defaultdict(list)
    rows = ranked.filter(place__lte=NEWEST_TAGS).order_by("image_id", "place")
    for image, name in rows.values_list("image_id", "name"):
        found[image].append(name)
    return found
