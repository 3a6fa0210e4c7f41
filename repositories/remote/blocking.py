"""Whether a remote may be asked, and what became of asking it (Nexus, "Auto-blocking")."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from repositories.records import RepositoryRecord
from repositories.remote.answers import RemoteLimits
from repositories.remote.registry import RemoteRegistry


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """The connection to a remote as Nexus words it."""

    state: str
    """`Online` or `Offline`."""
    description: str
    """`Ready to Connect`, `Remote Available`, `Remote Unavailable`,
    `Remote Auto Blocked and Unavailable`, `Remote Manually Blocked`, `Repository Offline`."""
    reason: str | None
    """What failed last, and until when the remote is not asked."""


@contextmanager
def contact(repository: RepositoryRecord) -> Iterator[RemoteRegistry]:
    """The client of a proxy repository's remote, for the length of one request to it.

    Raises `RemoteBlocked` when the remote may not be asked now. Whatever of `RemoteError` leaves
    the block is noted and may block the remote; leaving it without an error unblocks it. Keep the
    block open while a blob is read, so that a broken transfer counts.
    """
    raise NotImplementedError


def connection_status(repository: RepositoryRecord) -> ConnectionStatus:
    """The connection of a proxy repository. One query at most."""
    raise NotImplementedError


def remote_limits(repository: RepositoryRecord) -> RemoteLimits | None:
    """What the remote last told any worker of this node of its limits."""
    raise NotImplementedError
