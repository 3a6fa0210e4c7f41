"""A group repository: what its members hold, each asked in its turn.

Permissions of the members are not looked at: whoever may read the group may read, through the
group, what is in it (Nexus's generic handler).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from django.db.models import QuerySet

from repositories.content.index_search import merged
from repositories.content.interface import (
    Blob,
    Content,
    FoundImage,
    Referrer,
    RemoteBlobSize,
    RemoteNeeded,
    RoutingBlocked,
    StoredBlob,
    StoredManifest,
)
from repositories.content.name_filter import NameFilter
from repositories.content.search import Search, all_of, at_hand, first_of
from repositories.models import AwaitedContent, ImageBlob, Manifest, Tag
from repositories.protocol.digest import Digest
from repositories.protocol.pagination import Page
from repositories.records import RepositoryRecord
from repositories.remote.errors import RemoteError

T = TypeVar("T")

MOST_ORIGINS = 4096


class GroupContent:
    """Reads of a group.

    What a digest names is the same in every member, so whoever holds it is as good as any other,
    and remotes are asked only when nobody does. What a tag names is for the first member to say.
    """

    def __init__(self, repository: RepositoryRecord) -> None:
        self._group = repository
        self._sources = repository.sources

    # ---- manifests and blobs

    def manifest(self, image_name: str, reference: Digest | str) -> StoredManifest | None:
        def read(content: Content) -> StoredManifest | None:
            return content.manifest(image_name, reference)

        if isinstance(reference, Digest):
            text = str(reference)
            found: StoredManifest | None = self._by_digest(
                image_name,
                reference,
                read,
                lambda: Manifest.objects.filter(image__name=image_name, digest=text),
            )
            return found
        return self._by_tag(image_name, reference, read)

    def blob(self, image_name: str, digest: Digest, *, head: bool = False) -> Blob | None:
        def read(content: Content) -> Blob | None:
            return content.blob(image_name, digest, head=head)

        def rows() -> QuerySet[Any]:
            return ImageBlob.objects.filter(image__name=image_name, blob__digest=str(digest))

        try:
            found: Blob | None = self._by_digest(image_name, digest, read, rows, _let_go)
        except RemoteError:
            # Clients look for a blob by HEAD before they push it. Told that there is none they go
            # on to the refusal and show its sentence; at 502 they would stop with that.
            if head:
                return None
            raise
        return found

    def _by_tag(
        self, image_name: str, tag: str, read: Callable[[Content], StoredManifest | None]
    ) -> StoredManifest | None:
        holders = self._ids(Tag.objects.filter(image__name=image_name, name=tag), "image")
        # A remote may always have it; what a hosted member has, its rows say.
        asked = [each for each in self._sources if each.proxy is not None or each.id in holders]
        search = Search(self._group, f"{image_name}:{tag}", read, is_shared=True)
        found = first_of(search, asked)
        _note_origin(self._group, image_name, search.answered_by)
        if found is not None and search.passed_over:
            return replace(found, fresh_seconds=0.0)
        return found

    def _by_digest(
        self,
        image_name: str,
        digest: Digest,
        read: Callable[[Content], Any],
        rows: Callable[[], QuerySet[Any]],
        discard: Callable[[Any], None] = lambda _: None,
    ) -> Any:
        origin = self._origin(image_name)
        found = None if origin is None else _at_hand(origin, read)
        if found is not None:
            return found
        holders = self._ids(rows(), "image")
        for source in self._sources:
            if source.id in holders and (found := _at_hand(source, read)) is not None:
                _note_origin(self._group, image_name, source)
                return found
        search = Search(self._group, f"{image_name}@{digest}", read, discard)
        found = first_of(search, self._remotes(image_name, digest, origin))
        _note_origin(self._group, image_name, search.answered_by)
        return found

    def _remotes(
        self, image_name: str, digest: Digest, origin: RepositoryRecord | None
    ) -> list[RepositoryRecord]:
        """The proxies, first those of whose manifests one names the digest."""
        proxies = [each for each in self._sources if each.proxy is not None]
        if len(proxies) < 2:
            return proxies
        rows = AwaitedContent.objects.filter(manifest__image__name=image_name, digest=str(digest))
        awaiting = self._ids(rows, "manifest__image")
        return sorted(proxies, key=lambda each: (each.id not in awaiting, each is not origin))

    def _ids(self, rows: QuerySet[Any], image: str) -> set[int]:
        """The members that the rows belong to; `image` is the rows' way to their image."""
        column = f"{image}__repository_id"
        ids = [source.id for source in self._sources]
        return set(rows.filter(**{f"{column}__in": ids}).values_list(column, flat=True))

    def _origin(self, image_name: str) -> RepositoryRecord | None:
        """The member that the image's content came from last; a good place to look first."""
        source_id = _origins.get((self._group.id, image_name))
        return next((each for each in self._sources if each.id == source_id), None)

    # ---- lists

    def tags(self, image_name: str, page: Page) -> tuple[list[str], bool] | None:
        pages = self._pages(
            f"the tags of {image_name}", lambda content: content.tags(image_name, page)
        )
        return _merged(pages, page, str) if pages else None

    def image_names(self, page: Page, visible: NameFilter | None = None) -> tuple[list[str], bool]:
        pages = self._pages("the images", lambda content: content.image_names(page, visible))
        return _merged(pages, page, str)

    def search(self, query: str, most: int, visible: NameFilter | None = None) -> list[FoundImage]:
        search: Search[list[FoundImage]] = Search(
            self._group, "a search", lambda content: content.search(query, most, visible)
        )
        return merged(all_of(search, self._sources), most)

    def referrers(
        self, image_name: str, subject: str, artifact_type: str | None, page: Page
    ) -> tuple[list[Referrer], bool]:
        pages = self._pages(
            f"the referrers of {image_name}@{subject}",
            lambda content: content.referrers(image_name, subject, artifact_type, page),
        )
        return _merged(pages, page, lambda referrer: referrer.digest)

    def _pages(
        self, what: str, read: Callable[[Content], tuple[list[T], bool] | None]
    ) -> list[tuple[list[T], bool]]:
        return all_of(Search(self._group, what, read), self._sources)


def _merged(
    pages: list[tuple[list[T], bool]], page: Page, key: Callable[[T], str]
) -> tuple[list[T], bool]:
    """The first entries of all members, each once; of equal ones that of the first member.

    A member whose own page is full has nothing more that would come before its last entry.
    """
    entries = {key(entry): entry for found, _ in reversed(pages) for entry in found}
    more = len(entries) > page.size or any(more for _, more in pages)
    return [entries[each] for each in sorted(entries)[: page.size]], more


def _at_hand(source: RepositoryRecord, read: Callable[[Content], T | None]) -> T | None:
    with suppress(RemoteNeeded, RoutingBlocked):
        return read(at_hand(source))
    return None


def _let_go(blob: Blob) -> None:
    if not isinstance(blob, (StoredBlob, RemoteBlobSize)):
        blob.close()


_origins: dict[tuple[int, str], int] = {}
_noting = threading.Lock()


def _note_origin(group: RepositoryRecord, image_name: str, source: RepositoryRecord | None) -> None:
    """Notes where the blobs of an image should be looked for first. No more than a hint."""
    if source is None:
        return
    with _noting:
        _origins.pop((group.id, image_name), None)
        while len(_origins) >= MOST_ORIGINS:
            del _origins[next(iter(_origins))]
        _origins[group.id, image_name] = source.id
