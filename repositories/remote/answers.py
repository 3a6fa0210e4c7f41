"""What a remote registry answers, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self


@dataclass(frozen=True, slots=True)
class RemoteManifest:
    """A manifest, or what HEAD says of one.

    With `content`, `digest` is always there and verified: it is the digest that was asked for, else
    the one that the remote named, else the sha256 of the content. Without, it is what the remote
    named, if it did. `media_type` has no parameters and is empty when none was sent.
    """

    media_type: str
    digest: str | None
    content: bytes | None
    size: int | None


@dataclass(frozen=True, slots=True)
class RemotePage:
    """A page of a list, and whether more follow."""

    names: tuple[str, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class RemoteReferrers:
    """Descriptors of the manifests that refer to one, as the remote sent them."""

    descriptors: tuple[Mapping[str, Any], ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class RemoteLimits:
    """How many pulls a remote still allows (`ratelimit-*` headers of Docker Hub)."""

    limit: int | None
    remaining: int | None
    window: int | None
    """Seconds over which the limit counts."""
    observed: float
    """When it was said, in seconds since the epoch."""


class RemoteBlob(Protocol):
    """The bytes of a blob as they arrive; must be used as a context manager and by one thread.

    The digest is not verified here: who keeps the bytes does that while writing them.
    """

    @property
    def size(self) -> int | None:
        """Bytes of the whole blob; None when the remote does not say."""

    def read(self, n: int, /) -> bytes:
        """At most `n` bytes that have arrived, at least one; empty at the end.

        Raises `RemoteUnavailable` when the body stalls, drips, breaks off or is longer than said.
        """

    def close(self) -> None:
        """Ends the transfer; a body that was not read to its end costs the connection."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...
