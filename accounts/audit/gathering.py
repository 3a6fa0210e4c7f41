"""Events of every request, counted in memory and written in batches.

docker shows its password with every request, and a stranger can be refused as often as they like.
Such events are counted for each principal, address and minute, and written by a thread of their
own. What is kept is bounded; a killed process loses at most one minute of them.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from django.db import DatabaseError, InterfaceError, close_old_connections

from accounts.audit import recording
from accounts.audit.attributes import presentable
from accounts.audit.event import Event
from accounts.audit.origin import Origin
from nexuslite.database import relaxed_transaction

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60.0
MOST_OF_PRINCIPALS = 500
MOST_OF_STRANGERS = 100
MOST_OF_STRANGERS_OF_ADDRESS = 20
"""Rows of each window. What is more is counted in rows for all others together."""
OTHERS = "(others)"
_MOST_EXAMPLES = 5
_LONGEST_EXAMPLE = 300
_BATCH = 50

Key = tuple[str, ...]
"""What makes events alike: what happened, to whom, and from which address."""


class _Gathered:
    """Events alike: the first of them, how many they are, and some of their particulars."""

    __slots__ = ("count", "event", "examples", "last")

    def __init__(self, event: Event) -> None:
        self.event = event
        self.count = 0
        self.last = event.timestamp
        self.examples: list[str] = []

    def add(self, example: str) -> None:
        """Counts one more."""
        self.count += 1
        if self.count > 1:
            self.last = datetime.now(UTC)
        if example and len(self.examples) < _MOST_EXAMPLES:
            example = example[:_LONGEST_EXAMPLE]
            if example not in self.examples:
                self.examples.append(example)

    def as_event(self) -> Event:
        """The event that stands for all of them."""
        return replace(
            self.event,
            count=self.count,
            last=self.last if self.count > 1 else None,
            attributes=presentable({"examples": self.examples}) if self.examples else {},
        )


class Gathering:
    """The events of one window."""

    def __init__(self, most: int, most_of_address: int) -> None:
        self._most = most
        self._most_of_address = most_of_address
        self._entries: dict[Key, _Gathered] = {}
        self._of_address: Counter[str] = Counter()

    def add(self, key: Key, make: Callable[[], Event], example: str) -> None:
        """Counts the event; it is made only when it is the first of its kind."""
        entry = self._entries.get(key) or self._new_entry(key, make())
        entry.add(example)

    def _new_entry(self, key: Key, event: Event) -> _Gathered:
        address = event.origin.address
        if len(self._entries) >= self._most:
            event = _of_others(event, Origin(OTHERS))
            key = (event.domain, event.type, OTHERS)
        elif self._of_address[address] >= self._most_of_address:
            event = _of_others(event, event.origin)
            key = (event.domain, event.type, OTHERS, address)
        known = self._entries.get(key)
        if known is not None:
            return known
        self._of_address[address] += 1
        entry = self._entries[key] = _Gathered(event)
        return entry

    def take(self) -> dict[Key, _Gathered]:
        """All that was gathered; nothing is left."""
        taken, self._entries = self._entries, {}
        self._of_address.clear()
        return taken

    def put_back(self, taken: dict[Key, _Gathered]) -> None:
        """Keeps what could not be written, as far as it is no more than one window may hold."""
        for key, entry in taken.items():
            known = self._entries.get(key)
            if known is not None:
                known.event = entry.event
                known.count += entry.count
            elif len(self._entries) < 2 * self._most:
                self._entries[key] = entry

    def __len__(self) -> int:
        return len(self._entries)


def _of_others(event: Event, origin: Origin) -> Event:
    return replace(
        event,
        context=OTHERS if event.context else "",
        initiator=event.initiator if event.by_stranger else OTHERS,
        source="",
        realm="",
        credential="",
        token_id="",
        origin=origin,
    )


_of_principals = Gathering(MOST_OF_PRINCIPALS, MOST_OF_PRINCIPALS)
_of_strangers = Gathering(MOST_OF_STRANGERS, MOST_OF_STRANGERS_OF_ADDRESS)
_lock = threading.Lock()
_flushing = threading.Lock()
_flusher: threading.Timer | None = None
_flushes_at_exit = False


def gather(
    key: Key, make: Callable[[], Event], example: str = "", *, by_stranger: bool = False
) -> None:
    """Counts an event, which `make` makes if it is the first of its key; cheap.

    `example` is a particular of it, of which the first few are kept.
    """
    with _lock:
        (_of_strangers if by_stranger else _of_principals).add(key, make, example)
        _start_timer()


def flush() -> int:
    """Writes what has been gathered so far; returns the number of rows.

    What the database does not take stays gathered. Raises `DatabaseError`.
    """
    with _flushing:
        with _lock:
            taken = [(each, each.take()) for each in (_of_principals, _of_strangers)]
        events = [entry.as_event() for _, entries in taken for entry in entries.values()]
        try:
            _write(events)
        except (DatabaseError, InterfaceError):
            with _lock:
                for gathering, entries in taken:
                    gathering.put_back(entries)
            raise
    return len(events)


def forget() -> None:
    """Drops what has been gathered. For tests."""
    with _lock:
        _of_principals.take()
        _of_strangers.take()


def _write(events: list[Event]) -> None:
    if not events:
        return
    with relaxed_transaction():
        for start in range(0, len(events), _BATCH):
            recording.insert(events[start : start + _BATCH])
    recording.write_lines(events)


def _start_timer(*, renew: bool = False) -> None:
    global _flusher, _flushes_at_exit  # noqa: PLW0603
    if not _flushes_at_exit:
        # A worker that ends in peace takes nothing with it.
        _flushes_at_exit = True
        atexit.register(_flush_in_background)
    if renew or _flusher is None or not _flusher.is_alive():
        _flusher = threading.Timer(WINDOW_SECONDS, _flush_and_go_on)
        _flusher.daemon = True
        _flusher.start()


def _flush_in_background() -> None:
    try:
        flush()
    except (DatabaseError, InterfaceError) as error:
        logger.warning("gathered events could not be written: %s", error)
    finally:
        close_old_connections()


def _flush_and_go_on() -> None:
    try:
        _flush_in_background()
    finally:
        with _lock:
            if len(_of_principals) or len(_of_strangers):
                _start_timer(renew=True)
