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
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.db import DatabaseError, InterfaceError, close_old_connections

from accounts.audit import recording
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
_BATCH = 50

_Key = tuple[str, ...]


class Gathering:
    """The events of one window."""

    def __init__(self, most: int, most_of_address: int) -> None:
        self._most = most
        self._most_of_address = most_of_address
        self._entries: dict[_Key, Event] = {}
        self._of_address: Counter[str] = Counter()

    def add(self, event: Event) -> None:
        """Counts the event with others of its kind."""
        key = _key(event)
        if key not in self._entries:
            event = self._folded(event)
            key = _key(event)
        known = self._entries.get(key)
        if known is not None:
            self._entries[key] = _joined(known, event)
            return
        self._entries[key] = event
        self._of_address[event.origin.address] += 1

    def _folded(self, event: Event) -> Event:
        if len(self._entries) >= self._most:
            return _of_others(event, Origin(OTHERS))
        if self._of_address[event.origin.address] >= self._most_of_address:
            return _of_others(event, replace(event.origin, request_id=""))
        return event

    def take(self) -> list[Event]:
        """All that was gathered; nothing is left."""
        taken = list(self._entries.values())
        self._entries.clear()
        self._of_address.clear()
        return taken

    def __len__(self) -> int:
        return len(self._entries)


def _key(event: Event) -> _Key:
    return (
        event.domain,
        event.type,
        event.context,
        event.initiator,
        event.source,
        event.realm,
        event.credential,
        event.origin.address,
    )


def _of_others(event: Event, origin: Origin) -> Event:
    initiator = event.initiator if event.by_stranger else OTHERS
    return replace(
        event,
        context=OTHERS if event.context else "",
        initiator=initiator,
        source="",
        realm="",
        credential="",
        token_id="",
        origin=origin,
    )


def _joined(known: Event, event: Event) -> Event:
    examples = known.attributes.get("examples", [])
    for example in event.attributes.get("examples", []):
        if example not in examples and len(examples) < _MOST_EXAMPLES:
            examples = [*examples, example]
    attributes: Mapping[str, Any] = known.attributes
    if examples:
        attributes = {**known.attributes, "examples": examples}
    return replace(
        known,
        count=known.count + event.count,
        last=event.last or event.timestamp,
        attributes=attributes,
    )


_of_principals = Gathering(MOST_OF_PRINCIPALS, MOST_OF_PRINCIPALS)
_of_strangers = Gathering(MOST_OF_STRANGERS, MOST_OF_STRANGERS_OF_ADDRESS)
_lock = threading.Lock()
_flushing = threading.Lock()
_flusher: threading.Timer | None = None
_flushes_at_exit = False


def gather(event: Event) -> None:
    """Counts the event; cheap enough for every request."""
    with _lock:
        _add([event])
        _start_timer()


def flush() -> int:
    """Writes what has been gathered so far; returns the number of rows.

    What the database does not take stays gathered. Raises `DatabaseError`.
    """
    with _flushing:
        with _lock:
            events = [*_of_principals.take(), *_of_strangers.take()]
        try:
            _write(events)
        except (DatabaseError, InterfaceError):
            with _lock:
                _add(events)
            raise
    return len(events)


def forget() -> None:
    """Drops what has been gathered. For tests."""
    with _lock:
        _of_principals.take()
        _of_strangers.take()


def _add(events: Iterable[Event]) -> None:
    for event in events:
        (_of_strangers if event.by_stranger else _of_principals).add(event)


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
