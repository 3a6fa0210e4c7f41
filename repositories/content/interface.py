"""What the registry API asks of a repository, whatever its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from nexuslite.server.files import GrowingSlice
from repositories.content.name_filter import NameFilter
from repositories.protocol.digest import Digest
from repositories.protocol.errors import ErrorCode, RegistryError
from repositories.protocol.pagination import Page
from repositories.protocol.ranges import ByteRange
from repositories.records import StoreRecord


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """A manifest as it is served: the bytes and what the headers say of them.

    `fresh_seconds` is for how long the reference it was asked by is sure to mean it without a look
    at anything but stamps; None for no end.
    """

    digest: str
    media_type: str
    content: bytes
    created: datetime
    fresh_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """A blob as it is served: where its bytes lie."""

    id: int
    digest: str
    size: int
    storage_key: str
    store: StoreRecord


class ArrivingBlob(Protocol):
    """A blob that is being fetched while it is served."""

    @property
    def digest(self) -> str: ...

    @property
    def size(self) -> int:
        """Bytes of the whole blob."""

    def read(self, part: ByteRange) -> GrowingSlice:
        """The part as the body of an answer; to be closed by whoever sends it."""

    def close(self) -> None:
        """Lets go of it instead of reading; the fetch goes on."""


@dataclass(frozen=True, slots=True)
class RemoteBlobSize:
    """A blob that a remote has and that was not fetched, since only its size is asked for."""

    digest: str
    size: int


Blob = StoredBlob | RemoteBlobSize | ArrivingBlob


class RoutingBlocked(RegistryError):
    """A routing rule keeps the repository from asking its remote for that (Nexus's text)."""

    def __init__(self, rule: str) -> None:
        super().__init__(
            ErrorCode.DENIED,
            "Routing rules block the requested item from this repository",
            detail={"routingRule": rule},
        )


class RemoteNeeded(Exception):
    """The answer is not at hand: the remote has to be asked for it."""


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


@dataclass(frozen=True, slots=True)
class FoundImage:
    """An image that a search has found."""

    name: str
    description: str = ""
    stars: int = 0
    is_official: bool = False


class Content(Protocol):
    """Read access to what a repository holds; permissions have been looked at before.

    What has a remote may raise `RemoteError` where it holds nothing that could be served instead,
    and `RoutingBlocked`.
    """

    def manifest(self, image_name: str, reference: Digest | str) -> StoredManifest | None:
        """The manifest under a digest or tag."""

    def blob(self, image_name: str, digest: Digest, *, head: bool = False) -> Blob | None:
        """The blob that the image shows; with `head` nothing is fetched for it.

        An `ArrivingBlob` comes only without `head`, a `RemoteBlobSize` only with it.
        """

    def tags(self, image_name: str, page: Page) -> tuple[list[str], bool] | None:
        """A page of tags in the order of their bytes, and whether more follow.

        None for an image to which nothing was ever pushed; one whose manifests were all deleted
        has an empty list (distribution-spec, "Deleting tags"; its conformance suite).
        """

    def image_names(self, page: Page, visible: NameFilter | None = None) -> tuple[list[str], bool]:
        """A page of images that hold a manifest and may be seen, and whether more follow.

        `visible` comes from `repositories.content_permissions.visible_images`; None for all.
        """

    def search(self, query: str, most: int, visible: NameFilter | None = None) -> list[FoundImage]:
        """Images whose names hold the text and that may be seen; what has a remote asks its index.

        `visible` as for `image_names`.
        """

    def referrers(
        self, image_name: str, subject: str, artifact_type: str | None, page: Page
    ) -> tuple[list[Referrer], bool]:
        """A page of the manifests with that subject, in the order of their digests."""
