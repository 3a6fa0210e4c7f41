"""A proxy repository: what was asked of its remote before, and what is asked of it now.

Blobs, and manifests by digest, never change and are cached for good. A tag is believed for the
metadata age and then asked for again; whatever goes wrong then, what is held is served.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Iterable
from functools import partial
from typing import TypeVar

from django.db import DatabaseError

from nexuslite import regex, stamps
from repositories import statements
from repositories.content.held_tags import HeldTag, HeldTags
from repositories.content.hosted import HostedContent
from repositories.content.index_search import merged, search_index
from repositories.content.interface import (
    Blob,
    FoundImage,
    Referrer,
    RemoteBlobSize,
    RemoteNeeded,
    RoutingBlocked,
    StoredManifest,
)
from repositories.content.name_filter import NameFilter
from repositories.content.remote_referrers import fallback_tag, of_descriptors, of_index
from repositories.fetching import absences, kept
from repositories.fetching.following import follow
from repositories.fetching.kept import Awaited
from repositories.fetching.leading import BlobWanted
from repositories.fetching.listings import remote_referrers, remote_tags
from repositories.fetching.manifests import ManifestFetcher
from repositories.fetching.patience import is_postponed, postpone, within
from repositories.fetching.remote_names import remote_name
from repositories.fetching.sources import blob_wanted, foreign_layer_wanted
from repositories.protocol.digest import Digest
from repositories.protocol.pagination import MAX_PAGE_SIZE, Page
from repositories.proxy_records import ProxyRecord
from repositories.records import RepositoryRecord
from repositories.remote.blocking import contact
from repositories.remote.errors import RemoteError, RemoteNotFound, RemoteUnavailable

logger = logging.getLogger(__name__)

_MOST_LOOKS = 10
PATIENCE_SECONDS = 3.0
"""How long a pull of a tag that is held waits for the remote; asking goes on."""
POSTPONED_SECONDS = 10.0
"""How long a worker serves what it holds before it asks again after a failure."""


T = TypeVar("T")


class ProxyContent:
    """Reads of a proxy repository; what is held and fresh costs no more than in a hosted one.

    With `at_hand` the remote is never asked: `RemoteNeeded` is raised where it would be. With
    `believes_old` a tag that is held needs no remote, however long ago it was checked.
    """

    def __init__(
        self,
        repository: RepositoryRecord,
        proxy: ProxyRecord,
        *,
        at_hand: bool = False,
        believes_old: bool = False,
    ) -> None:
        self._repository = repository
        self._proxy = proxy
        self._at_hand = at_hand
        self._believes_old = believes_old
        self._held = HostedContent(repository)
        self._tags = HeldTags(repository, proxy)

    # ---- manifests

    def manifest(self, image_name: str, reference: Digest | str) -> StoredManifest | None:
        path = f"{image_name}/manifests/{reference}"
        self._refuse_by_routing(path)
        if not isinstance(reference, Digest):
            return self._tag(image_name, reference, path)
        held = self._held.manifest(image_name, reference)
        if held is not None or absences.is_noted(self._repository, path):
            return held
        try:
            self._fetcher(image_name).fetch(reference)
        except RemoteNotFound:
            absences.note(self._repository, path)
            return None
        return _surely(self._held.manifest(image_name, reference))

    def _tag(self, image_name: str, tag: str, path: str) -> StoredManifest | None:
        held = self._tags.find(image_name, tag)
        if held is not None:
            is_believed = self._believes_old or self._tags.is_fresh(held)
            if not is_believed and self._is_confirmed(image_name, tag, path, held):
                held = _surely(self._tags.find(image_name, tag))
            # What is old is served all the same, and asked for again by a later request.
            return self._tags.with_age(held)
        if absences.is_noted(self._repository, path):
            return None
        try:
            self._fetcher(image_name).fetch_tag(tag)
        except RemoteNotFound:
            absences.note(self._repository, path)
            return None
        return self._tags.with_age(_surely(self._tags.find(image_name, tag)))

    def _is_confirmed(self, image_name: str, tag: str, path: str, held: HeldTag) -> bool:
        """Whether the remote has said in time what the tag means now.

        Whatever goes wrong, and be it that the tag is gone: a cache never lets a pull down.
        """
        # With the stamp, so that invalidating the cache ends it.
        question = (path, self._repository.id, stamps.read(self._repository.slot))
        if is_postponed(question):
            return False
        fetcher = self._fetcher(image_name)
        try:
            work = partial(fetcher.check_tag, tag, held.manifest.digest, held.checked)
            if within(question, PATIENCE_SECONDS, work):
                return True
            reason = "the remote takes its time"
        except (RemoteError, DatabaseError) as error:
            reason = str(error)
        postpone(question, POSTPONED_SECONDS)
        logger.warning("%s: %s is served as it is held: %s", self._repository.name, path, reason)
        return False

    def _fetcher(self, image_name: str) -> ManifestFetcher:
        self._about_to_ask()
        return ManifestFetcher(self._repository, self._proxy, image_name)

    # ---- blobs

    def blob(self, image_name: str, digest: Digest, *, head: bool = False) -> Blob | None:
        path = f"{image_name}/blobs/{digest}"
        self._refuse_by_routing(path)
        for _ in range(_MOST_LOOKS):
            held = self._held.blob(image_name, digest)
            if held is not None or absences.is_noted(self._repository, path):
                return held
            try:
                found = self._fetch(image_name, digest, head=head)
            except RemoteNotFound:
                absences.note(self._repository, path)
                return None
            if found is not None:
                return found
        raise RemoteUnavailable("the blob came and went several times")

    def _fetch(self, image_name: str, digest: Digest, *, head: bool) -> Blob | None:
        """A blob that is not held; None when it is held now, or there is another reason to look."""
        self._about_to_ask()
        awaited = kept.awaited(self._repository, image_name, digest)
        if statements.blob_exists(self._repository.store.id, str(digest)):
            if not kept.shows_blob(self._repository, image_name, digest):
                # That the remote shows it under this name, too, has to be proven.
                self._prove(image_name, digest)
                kept.show_known_blob(self._repository, image_name, digest)
            return None
        wanted = self._wanted(image_name, digest, awaited)
        if head:
            size = awaited.size if awaited else self._prove(image_name, digest)
            if size is not None:
                return RemoteBlobSize(str(digest), size)
        return follow(wanted, lambda: self._prove(image_name, digest))

    def _wanted(self, image_name: str, digest: Digest, awaited: Awaited | None) -> BlobWanted:
        size = awaited.size if awaited else None
        if awaited is not None and awaited.urls:
            try:
                self._prove(image_name, digest)
            except RemoteNotFound:
                # A foreign layer, which clients take from elsewhere unless we do.
                urls = self._allowed_urls(awaited.urls)
                if not urls:
                    raise
                return foreign_layer_wanted(self._repository, image_name, digest, size, urls)
        name = remote_name(self._proxy, image_name)
        return blob_wanted(self._repository, image_name, digest, size, name)

    def _allowed_urls(self, urls: Iterable[str]) -> list[str]:
        """The URLs of a foreign layer that may be asked."""
        if not self._proxy.cache_foreign_layers:
            return []
        allowed = self._proxy.foreign_layer_whitelist
        return [url for url in urls if any(regex.matches(each, url) for each in allowed)]

    def _prove(self, image_name: str, digest: Digest) -> int | None:
        """The size of the blob as the remote shows it under the image's name.

        Raises `RemoteNotFound` when it does not.
        """
        with contact(self._repository) as remote:
            return remote.head_blob(remote_name(self._proxy, image_name), str(digest))

    # ---- listings

    def tags(self, image_name: str, page: Page) -> tuple[list[str], bool] | None:
        """A page of the remote's tags; of those that are held if it cannot be asked."""
        try:
            self._refuse_by_routing(f"{image_name}/tags/list")
            self._about_to_ask()
            names = remote_tags(self._repository, self._proxy, image_name)
        except (RemoteError, RoutingBlocked) as error:
            held = self._held.tags(image_name, page)
            if held is None and not isinstance(error, RemoteNotFound):
                raise
            return held
        first = bisect_right(names, page.last) if page.last else 0
        return names[first : first + page.size], first + page.size < len(names)

    def image_names(self, page: Page, visible: NameFilter | None = None) -> tuple[list[str], bool]:
        return self._held.image_names(page, visible)

    def search(self, query: str, most: int, visible: NameFilter | None = None) -> list[FoundImage]:
        """What the index of the remote finds, then what is held; the latter alone if it fails."""
        held = self._held.search(query, most, visible)
        self._about_to_ask()
        try:
            found = search_index(self._repository, self._proxy, query, most)
        except RemoteError as error:
            if not held:
                raise
            logger.warning("the index of %s was not asked: %s", self._repository.name, error)
            return held
        allowed = [each for each in found if self._may_be_found(each.name, visible)]
        return merged([allowed, held], most)

    def _may_be_found(self, image_name: str, visible: NameFilter | None) -> bool:
        rule = self._proxy.routing_rule
        if rule is not None and not rule.allows(f"/v2/{image_name}/"):
            return False
        return visible is None or visible.allows(image_name)

    def referrers(
        self, image_name: str, subject: str, artifact_type: str | None, page: Page
    ) -> tuple[list[Referrer], bool]:
        """Those that the remote lists, with those that are held; the latter if it fails."""
        held = self._all_held_referrers(image_name, subject, artifact_type)
        try:
            self._refuse_by_routing(f"{image_name}/referrers/{subject}")
            self._about_to_ask()
            found = self._remote_referrers(image_name, subject, artifact_type)
        except (RemoteError, RoutingBlocked):
            if not held:
                raise
            found = []
        merged = sorted({each.digest: each for each in [*found, *held]}.items())
        rest = [each for digest, each in merged if page.last is None or digest > page.last]
        return rest[: page.size], len(rest) > page.size

    def _all_held_referrers(
        self, image_name: str, subject: str, artifact_type: str | None
    ) -> list[Referrer]:
        most = Page(MAX_PAGE_SIZE, None)
        return self._held.referrers(image_name, subject, artifact_type, most)[0]

    def _remote_referrers(
        self, image_name: str, subject: str, artifact_type: str | None
    ) -> list[Referrer]:
        try:
            return of_descriptors(
                remote_referrers(self._repository, self._proxy, image_name, subject, artifact_type)
            )
        except RemoteNotFound:
            index = self.manifest(image_name, fallback_tag(subject))
            return [] if index is None else of_index(index.content, artifact_type)

    def _about_to_ask(self) -> None:
        if self._at_hand:
            raise RemoteNeeded

    def _refuse_by_routing(self, path: str) -> None:
        rule = self._proxy.routing_rule
        if rule is not None and not rule.allows(f"/v2/{path}"):
            raise RoutingBlocked(rule.name)


def _surely(fetched: T | None) -> T:
    """What a fetch of somebody else was to bring; that it failed does not say there is none."""
    if fetched is None:
        raise RemoteUnavailable("the fetch was given up")
    return fetched
