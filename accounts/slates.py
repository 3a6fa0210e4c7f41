"""What failed sign-ins have left behind: one slate for each account, address or pair of them.

A slate holds the time at which all its failures will be forgotten (a "theoretical arrival time",
GCRA). Each failure moves it by one pace of its limit. Nobody has to sweep, and a node keeps a fixed
number of slates for all its workers; those that are forgotten first make room.

Nothing is kept of who tried: a slate's key is a keyed hash.
"""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from nexuslite.deadlines import KEY_BYTES, DeadlineTable, mapped_file
from nexuslite.environment import FailureLimit

PLACES = 16 * 1024
Charge = tuple[bytes, FailureLimit]
"""A slate and the limit that holds for it."""


def key(*parts: str) -> bytes:
    """The key of what the parts name. Without the server's secret nobody can aim at a place."""
    digest = hashlib.blake2b(digest_size=KEY_BYTES, key=settings.SECRET_KEY.encode()[:64])
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.digest()


class NodeTable:
    """A table in a file of the run folder, with a lock that all processes of the node respect."""

    def __init__(self, path: Path) -> None:
        memory, self._descriptor = mapped_file(path, PLACES)
        self._memory: mmap.mmap = memory
        self._thread = threading.Lock()
        # The lock may be held by another thread at the moment of a fork.
        os.register_at_fork(after_in_child=self._renew_lock)
        self.table = DeadlineTable(memory)

    @contextmanager
    def alone(self) -> Iterator[DeadlineTable]:
        """The table, with all other writers of the node kept out."""
        # Record locks belong to a process: the descriptor is shared with the forked ones.
        with self._thread:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX)
            try:
                yield self.table
            finally:
                fcntl.lockf(self._descriptor, fcntl.LOCK_UN)

    def _renew_lock(self) -> None:
        self._thread = threading.Lock()


_opening = threading.Lock()
_tables: dict[str, NodeTable] = {}


def node_table(name: str) -> NodeTable:
    """The table of that name; opened on first use."""
    found = _tables.get(name)
    if found is None:
        with _opening:
            found = _tables.get(name)
            if found is None:
                found = NodeTable(Path(settings.NEXUSLITE_RUN_DIR) / name)
                _tables[name] = found
    return found


_FAILURES = "failures"
_CLOCK_STEP_SECONDS = 60.0


def wait(charges: Sequence[Charge]) -> float:
    """Seconds until each slate has room for one more failure; 0 when all of them have."""
    table, now = node_table(_FAILURES).table, time.time()
    return max((_wait(table, charge, now) for charge in charges), default=0.0)


def charge(charges: Sequence[Charge]) -> float:
    """Writes a failure on each slate; when one has no room, on none, and says how long to wait."""
    if not charges:
        return 0.0
    with node_table(_FAILURES).alone() as table:
        now = time.time()
        longest = max(_wait(table, charge, now) for charge in charges)
        if longest > 0:
            return longest
        for key_, limit in charges:
            table.put(key_, _forgotten(table, key_, limit, now) + limit.pace)
    return 0.0


def take_back(charges: Sequence[Charge]) -> None:
    """Takes one failure off each slate: the attempt did not fail."""
    if not charges:
        return
    with node_table(_FAILURES).alone() as table:
        now = time.time()
        for key_, limit in charges:
            table.put(key_, _forgotten(table, key_, limit, now) - limit.pace)


def clear() -> None:
    """Wipes all slates."""
    with node_table(_FAILURES).alone() as table:
        table.clear()


def _forgotten(table: DeadlineTable, key_: bytes, limit: FailureLimit, now: float) -> float:
    until = table.until(key_, now)
    # Much more than the limit allows can only be there since the clock was set back.
    if until > now + limit.seconds + _CLOCK_STEP_SECONDS:
        return now
    return min(max(until, now), now + limit.seconds)


def _wait(table: DeadlineTable, charge: Charge, now: float) -> float:
    key_, limit = charge
    room = now + limit.seconds - limit.pace
    # A pace apart from rounding: an exact fit is one.
    return max(0.0, _forgotten(table, key_, limit, now) - room - limit.pace / 1000)
