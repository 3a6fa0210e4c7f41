"""How much there is in repositories."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from repositories.models import Image, Tag
from repositories.records import RepositoryRecord


@dataclass(frozen=True, slots=True)
class Content:
    """Numbers of images and tags."""

    images: int
    tags: int


def count_content(records: Iterable[RepositoryRecord]) -> Content:
    """Counts what the repositories hold, each of them once. Two queries."""
    ids = {source.id for record in records for source in record.sources}
    return Content(
        images=Image.objects.filter(repository_id__in=ids).count(),
        tags=Tag.objects.filter(image__repository_id__in=ids).count(),
    )
