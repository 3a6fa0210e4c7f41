"""The client of a remote registry (OCI distribution-spec, "Pull")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from repositories.remote.answers import (
    RemoteBlob,
    RemoteLimits,
    RemoteManifest,
    RemotePage,
    RemoteReferrers,
)
from repositories.remote.settings import RemoteSettings


def open_registry(settings: RemoteSettings) -> RemoteRegistry:
    """The client of these settings; equal settings share one in this process."""
    raise NotImplementedError


class RemoteRegistry:
    """One remote registry. Safe for use by many threads.

    Every method may raise `RemoteNotFound`, `RemoteRefused`, `RemoteLimited`, `RemoteUnavailable`
    and `AddressRefused`.
    """

    def __init__(self, settings: RemoteSettings) -> None:
        self.settings = settings

    @property
    def limits(self) -> RemoteLimits | None:
        """What the remote last said of its limits."""
        raise NotImplementedError

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
        raise NotImplementedError

    def open_blob(self, image_name: str, digest: str, *, offset: int = 0) -> RemoteBlob:
        """The bytes of a blob from `offset` on, even if the remote does not know ranges."""
        raise NotImplementedError

    def head_blob(self, image_name: str, digest: str) -> int | None:
        """The size of a blob in bytes; None when the remote does not say."""
        raise NotImplementedError

    def open_url(self, url: str, *, offset: int = 0) -> RemoteBlob:
        """The bytes under the URL of a foreign layer; no credentials go there."""
        raise NotImplementedError

    def tags(self, image_name: str, last: str | None = None, n: int | None = None) -> RemotePage:
        """A page of the tags of an image, in the remote's order, after `last`."""
        raise NotImplementedError

    def referrers(
        self, image_name: str, digest: str, artifact_type: str | None = None
    ) -> RemoteReferrers:
        """The first page of the manifests that refer to a digest, filtered if a type is given.

        `RemoteNotFound` when the remote does not know the API.
        """
        raise NotImplementedError

    def search(self, index_url: str, query: str, n: int) -> Mapping[str, Any]:
        """The answer of an index to `docker search` (`/v1/search`), checked for its shape."""
        raise NotImplementedError

    def ping(self) -> None:
        """Asks `/v2/` and returns when the remote answers as a registry that lets us in."""
        raise NotImplementedError
