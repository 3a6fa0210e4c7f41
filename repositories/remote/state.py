"""The rows that say how remotes are; see `blocking.py` for what follows from them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from repositories.models import RemoteState
from repositories.models.remote_state import RemoteCondition

logger = logging.getLogger(__name__)

LONGEST_BLOCK = 3600.0
"""Seconds."""
PROBE_SECONDS = 90.0
"""How long a remote stays blocked for everybody else while one process probes it."""
_MAX_REASON = 300


@dataclass(frozen=True, slots=True)
class State:
    """The condition of a remote; `condition` is None for one that was never asked."""

    condition: RemoteCondition | None = None
    failures: int = 0
    blocked_until: datetime | None = None
    reason: str = ""

    def seconds_blocked(self, now: datetime) -> float:
        """For how long the remote must not be asked; 0 when it may be."""
        if self.condition is not RemoteCondition.BLOCKED or self.blocked_until is None:
            return 0.0
        left = (self.blocked_until - now).total_seconds()
        # A clock that was set back must not block for ever.
        return left if 0 < left <= LONGEST_BLOCK + PROBE_SECONDS else 0.0


def read(repository_id: int) -> State:
    """The state of a repository's remote. One query."""
    return read_all([repository_id])[repository_id]


def read_all(repository_ids: Iterable[int]) -> dict[int, State]:
    """The states of remotes by their repositories' ids. One query; none for no repository."""
    found = dict.fromkeys(repository_ids, State())
    for row in RemoteState.objects.filter(pk__in=found) if found else ():
        found[row.pk] = State(
            RemoteCondition(row.condition), row.failures, row.blocked_until, row.reason
        )
    return found


def block_seconds(failures: int) -> float:
    """How long a remote is blocked for the n-th time in a row: 40, 40, 80, 120, 200 … seconds."""
    unit = settings.NEXUSLITE_REMOTE_BLOCK_SECONDS
    before, current = 0.0, float(unit)
    for _ in range(failures - 1):
        before, current = current, before + current
        if current >= LONGEST_BLOCK:
            return LONGEST_BLOCK
    return min(current, LONGEST_BLOCK)


def set_available(repository_id: int, seen: State) -> None:
    """The remote has answered."""
    if seen.condition is RemoteCondition.AVAILABLE:
        return
    _write(repository_id, seen, State(RemoteCondition.AVAILABLE))


def set_unavailable(repository_id: int, seen: State, reason: str) -> None:
    """The remote has failed and is asked again nevertheless."""
    if seen.condition is RemoteCondition.UNAVAILABLE:
        return
    _write(repository_id, seen, State(RemoteCondition.UNAVAILABLE, 0, None, reason))


def block(repository_id: int, seen: State, reason: str) -> None:
    """The remote has failed and is left alone, the longer the oftener."""
    failures = min(seen.failures + 1, 1000)
    until = timezone.now() + timedelta(seconds=block_seconds(failures))
    _write(repository_id, seen, State(RemoteCondition.BLOCKED, failures, until, reason))


def due_for_probe() -> list[tuple[int, State]]:
    """The blocked remotes whose time has passed. One query."""
    rows = RemoteState.objects.filter(
        condition=RemoteCondition.BLOCKED, blocked_until__lte=timezone.now()
    )
    return [
        (row.pk, State(RemoteCondition.BLOCKED, row.failures, row.blocked_until, row.reason))
        for row in rows
    ]


def claim_probe(repository_id: int, seen: State) -> bool:
    """Whether this process, of all workers and nodes, is to probe the remote.

    Until it has done so, everybody else finds the remote blocked.
    """
    until = timezone.now() + timedelta(seconds=PROBE_SECONDS)
    with transaction.atomic():
        changed = RemoteState.objects.filter(
            pk=repository_id, condition=seen.condition, blocked_until=seen.blocked_until
        ).update(blocked_until=until)
    return changed == 1


def forget(repository_id: int) -> None:
    """Another remote, or other credentials: what became of the old ones does not count."""
    RemoteState.objects.filter(pk=repository_id).delete()


def _write(repository_id: int, seen: State, state: State) -> None:
    """Writes a change unless another process has written one since `seen`.

    Requests that fail together so count as one failure.
    """
    fields = {
        "condition": state.condition,
        "failures": state.failures,
        "blocked_until": state.blocked_until,
        "reason": state.reason[:_MAX_REASON],
    }

    def change() -> None:
        if seen.condition is None:
            RemoteState.objects.create(repository_id=repository_id, **fields)
            return
        RemoteState.objects.filter(
            pk=repository_id, condition=seen.condition, failures=seen.failures
        ).update(**fields)

    _quietly(change)


def _quietly(change: Callable[[], None]) -> None:
    try:
        with transaction.atomic():
            change()
    except IntegrityError:
        # Another process was first, or the repository is gone.
        return
    except DatabaseError as error:
        # The answer that a client waits for does not depend on it.
        logger.warning("the state of a remote was not written: %s", error)
