"""A remote registry as the rest of the program sees it; `client.py` speaks to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal, Protocol

from repositories.remote.answers import (
    RemoteBlob,
    RemoteLimits,
    RemoteManifest,
    RemotePage,
    RemoteReferrers,
)
from repositories.remote.settings import RemoteSettings


class RemoteRegistry(Protocol):
    """One remote registry. Safe for use by many threads.

    Every method may raise `RemoteNotFound`, `RemoteRefused`, `RemoteLimited`, `RemoteUnavailable`
    and `AddressRefused`.
    """

    @property
    def limits(self) -> RemoteLimits | None:
        """What the remote last said of its limits."""

    def manifest(
        self,
        image_name: str,
        reference: str,
        *,
        method: Literal["GET", "HEAD"] = "GET",
        accept: Iterable[str] = (),
    ) -> RemoteManifest:
        """The manifest under a tag or digest; at most 4 MiB. `accept` is every known type if empty.

        A remote that cannot answer HEAD is asked by GET, and the content is there nevertheless.
        """

    def open_blob(self, image_name: str, digest: str, *, offset: int = 0) -> RemoteBlob:
        """The bytes of a blob from `offset` on, even if the remote does not know ranges."""

    def head_blob(self, image_name: str, digest: str) -> int | None:
        """The size of a blob in bytes; None when the remote does not say."""

    def open_url(self, url: str, *, offset: int = 0) -> RemoteBlob:
        """The bytes under the URL of a foreign layer; no credentials go there."""

    def tags(self, image_name: str, last: str | None = None, n: int | None = None) -> RemotePage:
        """A page of the tags of an image, in the remote's order, after `last`."""

    def referrers(
        self, image_name: str, digest: str, artifact_type: str | None = None
    ) -> RemoteReferrers:
        """The manifests that refer to a digest, filtered if a type is given; up to 20 pages.

        `RemoteNotFound` when the remote does not know the API.
        """

    def search(self, index_url: str, query: str, n: int) -> Mapping[str, Any]:
        """The answer of an index to `docker search` (`/v1/search`).

        `results` is a list of objects with `name` and `description`; nothing else is certain.
        """

    def ping(self) -> None:
        """Asks `/v2/` and returns when the remote answers as a registry that lets us in."""


@lru_cache(maxsize=256)
def open_registry(settings: RemoteSettings) -> RemoteRegistry:
    """The client of these settings; equal settings share one in this process.

    Raises `RemoteUnavailable` when they cannot work: a URL that is none, unreadable certificates.
    """
    # httpx costs memory that a server without proxy repositories need not pay.
    from repositories.remote.client import RegistryClient

    return RegistryClient(settings)
