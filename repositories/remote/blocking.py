"""Whether a remote may be asked, and what became of asking it (Nexus, "Auto-blocking").

A remote is blocked after a failure of the network, an answer of 407 or from 500 on, and when it
no longer accepts our credentials. Other than Nexus, a 401 without more does not block: Docker Hub
answers so for every image that does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.utils import timezone

from nexuslite.database import release_connection
from nexuslite.secrets import SecretUnreadable
from repositories.models.remote_state import RemoteCondition
from repositories.proxy_records import ProxyRecord
from repositories.records import RepositoryRecord
from repositories.remote import noted_limits, state
from repositories.remote.answers import RemoteLimits
from repositories.remote.errors import (
    InvalidAnswer,
    RemoteBlocked,
    RemoteError,
    RemoteLimited,
    RemoteNotFound,
    RemoteRefused,
    RemoteUnavailable,
    TooManyConnections,
)
from repositories.remote.registry import RemoteRegistry, open_registry
from repositories.remote.state import State

_DESCRIPTIONS = {
    None: "Ready to Connect",
    RemoteCondition.AVAILABLE: "Remote Available",
    RemoteCondition.UNAVAILABLE: "Remote Unavailable",
    RemoteCondition.BLOCKED: "Remote Auto Blocked and Unavailable",
}


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """The connection of a repository as Nexus words it."""

    state: str
    """`Online` or `Offline`."""
    description: str
    """`Ready to Connect`, `Remote Available`, `Remote Unavailable`,
    `Remote Auto Blocked and Unavailable`, `Remote Manually Blocked`, `Repository Offline`; empty
    for a repository without a remote that is online."""
    reason: str | None
    """What failed last, and for how long the remote is not asked."""


@contextmanager
def contact(repository: RepositoryRecord, *, is_foreign: bool = False) -> Iterator[RemoteRegistry]:
    """The client of a proxy repository's remote, for the length of one request to it.

    Raises `RemoteBlocked` when the remote may not be asked now. Whatever of `RemoteError` leaves
    the block is noted and may block the remote; leaving it without an error unblocks it. Keep the
    block open while a blob is read, so that a broken transfer counts. Must be outside of any
    transaction. With `is_foreign` nothing is noted: a URL in a manifest is anybody's.
    """
    proxy = _proxy_of(repository)
    seen = state.read(repository.id)
    _admit(proxy, seen)
    registry = _open(proxy)
    release_connection()
    try:
        yield registry
    except RemoteError as error:
        if not is_foreign:
            _note(repository, proxy, seen, error)
        raise
    else:
        if not is_foreign:
            state.set_available(repository.id, seen)
    finally:
        noted_limits.note(repository.id, registry.limits)


def probe(repository: RepositoryRecord, seen: State) -> None:
    """Asks a blocked remote whether it is there again, and notes what became of it."""
    proxy = _proxy_of(repository)
    try:
        _open(proxy).ping()
    except RemoteError as error:
        _note(repository, proxy, seen, error)
    else:
        state.set_available(repository.id, seen)


def connection_status(repository: RepositoryRecord) -> ConnectionStatus:
    """The connection of a repository. One query at most."""
    return connection_statuses([repository])[repository.id]


def connection_statuses(repositories: Iterable[RepositoryRecord]) -> dict[int, ConnectionStatus]:
    """The connections of repositories by their ids. One query at most."""
    repositories = list(repositories)
    seen = state.read_all(each.id for each in repositories if _has_remote_state(each))
    return {each.id: _status(each, seen.get(each.id, State())) for each in repositories}


def _has_remote_state(repository: RepositoryRecord) -> bool:
    proxy = repository.proxy
    return repository.online and proxy is not None and not proxy.blocked


def _status(repository: RepositoryRecord, seen: State) -> ConnectionStatus:
    if not repository.online:
        return ConnectionStatus("Offline", "Repository Offline", None)
    if repository.proxy is None:
        return ConnectionStatus("Online", "", None)
    if repository.proxy.blocked:
        return ConnectionStatus("Online", "Remote Manually Blocked", None)
    return ConnectionStatus("Online", _DESCRIPTIONS[seen.condition], _reason(seen))


def remote_limits(repository: RepositoryRecord) -> RemoteLimits | None:
    """What the remote last told any worker of this node of its limits."""
    return noted_limits.read(repository.id)


def _proxy_of(repository: RepositoryRecord) -> ProxyRecord:
    if repository.proxy is None:
        raise ValueError(f"repository {repository.name} has no remote")
    return repository.proxy


def _admit(proxy: ProxyRecord, seen: State) -> None:
    if proxy.blocked:
        raise RemoteBlocked("the remote is blocked by an administrator")
    seconds = seen.seconds_blocked(timezone.now()) if proxy.auto_block else 0.0
    if seconds:
        raise RemoteBlocked(f"the remote is blocked after a failure: {seen.reason}", seconds)


def _open(proxy: ProxyRecord) -> RemoteRegistry:
    try:
        return open_registry(proxy.remote)
    except SecretUnreadable:
        raise InvalidAnswer("the password for the remote cannot be read; enter it again") from None


def _note(
    repository: RepositoryRecord, proxy: ProxyRecord, seen: State, error: RemoteError
) -> None:
    if _is_failure(error):
        if proxy.auto_block:
            state.block(repository.id, seen, error.reason)
        else:
            state.set_unavailable(repository.id, seen, error.reason)
    elif isinstance(error, RemoteNotFound | RemoteRefused | RemoteLimited):
        state.set_available(repository.id, seen)


def _is_failure(error: RemoteError) -> bool:
    if isinstance(error, RemoteRefused):
        return error.credentials_rejected
    if not isinstance(error, RemoteUnavailable):
        return False
    if isinstance(error, InvalidAnswer | TooManyConnections):
        return False
    return error.status is None or error.status == 407 or error.status >= 500


def _reason(seen: State) -> str | None:
    seconds = seen.seconds_blocked(timezone.now())
    if seen.condition is RemoteCondition.BLOCKED and seconds:
        return f"{seen.reason}; asked again in {round(seconds)} s"
    return seen.reason or None
