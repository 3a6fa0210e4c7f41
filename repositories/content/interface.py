"""What the registry API asks of a repository, whatever its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from repositories.protocol.digest import Digest
from repositories.protocol.pagination import Page
from repositories.records import StoreRecord


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """A manifest as it is served: the bytes and what the headers say of them."""

    digest: str
    media_type: str
    content: bytes
    created: datetime


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """A blob as it is served: where its bytes lie."""

    id: int
    digest: str
    size: int
    storage_key: str
    store: StoreRecord


@dataclass(frozen=True, slots=True)
class Referrer:
    """A descriptor in the answer of the referrers API (distribution-spec, "Listing Referrers")."""

    media_type: str
    digest: str
    size: int
    artifact_type: str
    annotations: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """The descriptor; absent parts are left out."""
        descriptor: dict[str, Any] = {
            "mediaType": self.media_type,
            "digest": self.digest,
            "size": self.size,
        }
        if self.artifact_type:
            descriptor["artifactType"] = self.artifact_type
        if self.annotations:
            descriptor["annotations"] = dict(self.annotations)
        return descriptor


class Content(Protocol):
    """Read access to what a repository holds; permissions have been looked at before."""

    def manifest(self, image_name: str, reference: Digest | str) -> StoredManifest | None:
        """The manifest under a digest or tag."""

    def blob(self, image_name: str, digest: Digest) -> StoredBlob | None:
        """The blob that the image links to."""

    def tags(self, image_name: str, page: Page) -> tuple[list[str], bool] | None:
        """A page of tags in the order of their bytes, and whether more follow.

        None for an image to which nothing was ever pushed; one whose manifests were all deleted
        has an empty list (distribution-spec, "Deleting tags"; its conformance suite).
        """

    def image_names(self, page: Page) -> tuple[list[str], bool]:
        """A page of images that hold a manifest, and whether more follow."""

    def referrers(
        self, image_name: str, subject: str, artifact_type: str | None, page: Page
    ) -> tuple[list[Referrer], bool]:
        """A page of the manifests with that subject, in the order of their digests."""
