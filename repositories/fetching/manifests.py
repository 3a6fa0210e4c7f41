"""Fetching manifests: by digest for good, by tag to be asked for again when its age has come."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from repositories.fetching import kept
from repositories.fetching.fetch_file import path_of
from repositories.fetching.once import once
from repositories.fetching.remote_names import remote_name
from repositories.models import Manifest
from repositories.protocol.digest import Digest
from repositories.protocol.manifest import ManifestInvalid, ParsedManifest, parse_manifest
from repositories.proxy_records import ProxyRecord
from repositories.records import RepositoryRecord
from repositories.remote.answers import RemoteManifest
from repositories.remote.blocking import contact
from repositories.remote.errors import RemoteUnavailable

logger = logging.getLogger(__name__)


class ManifestFetcher:
    """Brings manifests of one image here; once for each node, whoever asks at the same time.

    Every method raises `RemoteError`.
    """

    def __init__(self, repository: RepositoryRecord, proxy: ProxyRecord, image_name: str) -> None:
        self._repository = repository
        self._image_name = image_name
        self._remote_name = remote_name(proxy, image_name)

    def fetch(self, digest: Digest) -> None:
        """Makes the image hold the manifest."""

        def work() -> None:
            if not self._holds(digest):
                self._keep(self._get(str(digest)), None)

        self._once(str(digest), work)

    def fetch_tag(self, tag: str) -> None:
        """Points the tag, which is not held, at what it means now."""

        def work() -> None:
            # Somebody else may have brought it between the look that missed it and now.
            if kept.when_checked(self._repository, self._image_name, tag) is None:
                self._keep(self._get(tag), tag)

        self._once(tag, work)

    def check_tag(self, tag: str, held: str, checked: datetime | None) -> None:
        """Asks whether the tag still means the digest that is held; brings what it means now.

        `checked` is when it was asked for last; somebody else may have done so since. HEAD does
        not count against the pulls that Docker Hub allows.
        """

        def work() -> None:
            if kept.when_checked(self._repository, self._image_name, tag) != checked:
                return
            with contact(self._repository) as remote:
                said = remote.manifest(self._remote_name, tag, method="HEAD").digest
            if said == held:
                kept.note_checked(self._repository, self._image_name, tag, held)
            elif not self._is_known(tag, said):
                # By the digest: the tag may move again before it is asked for.
                self._keep(self._get(said or tag), tag)

        self._once(tag, work)

    def _once(self, reference: str, work: Callable[[], None]) -> None:
        once(path_of("manifest", self._repository.id, self._image_name, reference), work)

    def _is_known(self, tag: str, said: str | None) -> bool:
        """Points the tag at a manifest that is held already, as when it was moved back."""
        if said is None:
            return False
        return kept.keep_tag(self._repository, self._image_name, tag, said)

    def _get(self, reference: str) -> RemoteManifest:
        with contact(self._repository) as remote:
            return remote.manifest(self._remote_name, reference)

    def _holds(self, digest: Digest) -> bool:
        return Manifest.objects.filter(
            image__repository_id=self._repository.id,
            image__name=self._image_name,
            digest=str(digest),
        ).exists()

    def _keep(self, got: RemoteManifest, tag: str | None) -> None:
        if got.content is None or got.digest is None:
            raise RemoteUnavailable("the remote sent no manifest")
        parsed = self._parse(got.content, got.media_type)
        digest = Digest.parse(got.digest)
        kept.keep_manifest(self._repository, self._image_name, parsed, got.content, digest, tag)

    def _parse(self, content: bytes, media_type: str) -> ParsedManifest:
        try:
            return parse_manifest(content, media_type or None)
        except ManifestInvalid as invalid:
            if not self._repository.strict_content_type_validation:
                with suppress(ManifestInvalid):
                    return parse_manifest(content, None)
            # Its text may quote the remote.
            logger.warning("%s: no manifest: %s", self._repository.name, invalid)
            raise RemoteUnavailable("what the remote sent is no manifest") from None
