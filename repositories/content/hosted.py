"""A hosted repository: what was pushed to it."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from repositories import touches
from repositories.content import remembered
from repositories.content.interface import FoundImage, Referrer, StoredBlob, StoredManifest
from repositories.content.name_filter import NameFilter, page_of_allowed
from repositories.models import Image, ImageBlob, Manifest, Tag
from repositories.protocol.digest import Digest
from repositories.protocol.pagination import Page
from repositories.records import RepositoryRecord

_MANIFEST_COLUMNS = ("digest", "media_type", "content", "created")
_ENTRY_OVERHEAD = 500


class HostedContent:
    """Reads of a hosted repository; a manifest or a blob is one query at most."""

    def __init__(self, repository: RepositoryRecord) -> None:
        self._repository = repository

    def manifest(self, image_name: str, reference: Digest | str) -> StoredManifest | None:
        by_digest = isinstance(reference, Digest)
        text = str(reference)

        def load() -> StoredManifest | None:
            columns: dict[str, Any]
            if by_digest:
                columns = {"digest": text}
            else:
                columns = {"tags__name": text, "tags__image__name": image_name}
            row = (
                Manifest.objects.filter(
                    image__repository_id=self._repository.id, image__name=image_name, **columns
                )
                .values_list(*_MANIFEST_COLUMNS)
                .first()
            )
            if row is None:
                return None
            return StoredManifest(row[0], row[1], bytes(row[2]), row[3])

        key = ("manifest", image_name, text)
        return remembered.lookup(self._repository, key, load, lambda found: len(found.content))

    def blob(self, image_name: str, digest: Digest, *, head: bool = False) -> StoredBlob | None:
        def load() -> StoredBlob | None:
            row = (
                ImageBlob.objects.filter(
                    image__repository_id=self._repository.id,
                    image__name=image_name,
                    blob__digest=str(digest),
                )
                .values_list("blob_id", "blob__digest", "blob__size", "blob__storage_key")
                .first()
            )
            return None if row is None else StoredBlob(*row, self._repository.store)

        key = ("blob", image_name, str(digest))
        found = remembered.lookup(self._repository, key, load, lambda _: _ENTRY_OVERHEAD)
        if found is not None:
            # Somebody counts on it from now on: a push is about to refer to it.
            touches.touch(found.id)
        return found

    def tags(self, image_name: str, page: Page) -> tuple[list[str], bool] | None:
        image = self._image(image_name)
        if image is None:
            return None
        found = Tag.objects.filter(image=image)
        if page.last is not None:
            found = found.filter(name__gt=page.last)
        return _page(found.order_by("name").values_list("name", flat=True), page.size)

    def image_names(self, page: Page, visible: NameFilter | None = None) -> tuple[list[str], bool]:
        if visible is None:
            return _page(self._names_after(page.last), page.size)

        def fetch(last: str | None, size: int) -> list[str]:
            return list(self._names_after(last).filter(visible.condition())[:size])

        return page_of_allowed(fetch, page, visible.allows)

    def search(self, query: str, most: int, visible: NameFilter | None = None) -> list[FoundImage]:
        def fetch(last: str | None, size: int) -> list[str]:
            names = self._names_after(last).filter(name__contains=query.lower())
            return list((names if visible is None else names.filter(visible.condition()))[:size])

        allows = (lambda _: True) if visible is None else visible.allows
        names, _ = page_of_allowed(fetch, Page(most, None), allows)
        return [FoundImage(name) for name in names]

    def _names_after(self, last: str | None) -> QuerySet[Image, str]:
        found = Image.objects.filter(
            Exists(Manifest.objects.filter(image=OuterRef("pk"))),
            repository_id=self._repository.id,
        )
        if last is not None:
            found = found.filter(name__gt=last)
        return found.order_by("name").values_list("name", flat=True)

    def referrers(
        self, image_name: str, subject: str, artifact_type: str | None, page: Page
    ) -> tuple[list[Referrer], bool]:
        found = Manifest.objects.filter(
            image__repository_id=self._repository.id, image__name=image_name, subject=subject
        )
        if artifact_type:
            found = found.filter(artifact_type=artifact_type)
        if page.last is not None:
            found = found.filter(digest__gt=page.last)
        rows, more = _page(
            found.order_by("digest").values_list(
                "media_type", "digest", "size", "artifact_type", "annotations"
            ),
            page.size,
        )
        return [Referrer(*row) for row in rows], more

    def _image(self, image_name: str) -> Image | None:
        return Image.objects.filter(repository_id=self._repository.id, name=image_name).first()


def _page(rows: QuerySet[Any, Any], size: int) -> tuple[list[Any], bool]:
    if size == 0:
        return [], False
    found = list(rows[: size + 1])
    return found[:size], len(found) > size
