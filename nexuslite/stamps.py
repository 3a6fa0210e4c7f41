"""Stamps that keep every worker's caches honest.

One page of 64-bit stamps lies in `<data>/run/stamps`, mapped by every process of the node. What a
worker remembers is remembered together with the stamp of its slot and is worth something only
while the stamp is the same. A change goes through `change(slot)`:

    with stamps.change(stamps.SECURITY):
        ...write the rows...

Inside one transaction the slot is first marked as *changing* (readers then neither use nor fill
their caches), and gets a fresh stamp after the commit and before the answer. A process that dies
in between leaves the mark: readers then go to the database until the next change, slower and
still right. A stamp is random, never counted: counting in several processes at once could return
to an old value.

With PostgreSQL several nodes may share a database, so a page of one node proves nothing. There
the stamps are rows, raised in the transaction of the change, and read by one query.
"""

from __future__ import annotations

import mmap
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

SLOTS = 1024
CONFIGURATION = 0
SECURITY = 1
_FIRST_REPOSITORY_SLOT = 2

CHANGING = 0
"""The stamp of a slot whose change is under way: nothing may be remembered under it."""


def of_repository(repository_id: int) -> int:
    """The slot of what is stored in a repository; some repositories share one."""
    return _FIRST_REPOSITORY_SLOT + repository_id % (SLOTS - _FIRST_REPOSITORY_SLOT)


class _Page:
    """The mapped page; opened on first use, inherited by forked workers."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # Real space: a full disk is an error here, not a bus error at some later write.
            os.posix_fallocate(descriptor, 0, SLOTS * 8)
            self._map = mmap.mmap(descriptor, SLOTS * 8)
        finally:
            os.close(descriptor)
        # Items of the view are stored and loaded as one aligned machine word.
        self.stamps = memoryview(self._map).cast("Q")


_page: _Page | None = None
_shared: bool | None = None
_local = threading.local()
_NOTHING_TO_DO = nullcontext()


def _stamps() -> memoryview:
    global _page  # noqa: PLW0603
    if _page is None:
        _page = _Page(Path(settings.NEXUSLITE_RUN_DIR) / "stamps")
    return _page.stamps


def begin() -> None:
    """Gives every slot a fresh stamp; called once at the start of a node, before it forks."""
    page = _stamps()
    for slot in range(SLOTS):
        page[slot] = secrets.randbits(63) | 1


def repair() -> int:
    """Renews the stamps whose writer died between its mark and the end of its change.

    Called now and then by the background process; returns how many there were.
    """
    if shared_by_nodes():
        return 0
    page = _stamps()
    if CHANGING not in page.tolist():
        return 0
    with transaction.atomic():
        # The writer lock is held: no change is under way, so every mark is a dead writer's.
        marked = tuple(slot for slot in range(SLOTS) if page[slot] == CHANGING)
        _renew(page, marked)
    return len(marked)


def shared_by_nodes() -> bool:
    """Whether the stamps are rows of the database rather than the page of this node."""
    global _shared  # noqa: PLW0603
    if _shared is None:
        # Asked several times for each request; the way through Django's proxy is not free.
        _shared = connection.vendor == "postgresql"
    return _shared


def read(*slots: int) -> tuple[int, ...]:
    """The stamps of the slots, `CHANGING` for one whose change is under way.

    No system call with the embedded database; one query with PostgreSQL.
    """
    if shared_by_nodes():
        observed_now: dict[int, int] = getattr(_local, "observed", None) or {}
        if all(slot in observed_now for slot in slots):
            return tuple(observed_now[slot] for slot in slots)
        return _read_rows(slots)
    page = _stamps()
    return tuple([page[slot] for slot in slots])


def security() -> int:
    """The stamp of users, roles, privileges and realms."""
    return read(SECURITY)[0]


def observed(*slots: int) -> AbstractContextManager[None]:
    """Within it the slots are read once; makes several checks of one request one query.

    Nothing is remembered with the embedded database, where reading costs nothing.
    """
    return _observing(slots) if shared_by_nodes() else _NOTHING_TO_DO


@contextmanager
def _observing(slots: tuple[int, ...]) -> Iterator[None]:
    _local.observed = dict(zip(slots, _read_rows(slots), strict=True))
    try:
        yield
    finally:
        _local.observed = None


@contextmanager
def change(*slots: int) -> Iterator[None]:
    """One transaction after which nothing remembered under the slots counts any more.

    Must be the outermost transaction of its thread, so that leaving it means committed.
    """
    with transaction.atomic():
        yield
        changed(*slots)


def changed(*slots: int) -> None:
    """Says within a transaction, as its last word, that it changes what the slots stand for."""
    if shared_by_nodes():
        _local.observed = None
        _raise_rows(slots)
        return
    page = _stamps()
    # The writer lock is held until the fresh stamps are set: no other change is under way, so
    # none can mistake the mark of another for its own.
    for slot in slots:
        page[slot] = CHANGING
    connection.before_next_writer(lambda: _renew(page, slots))  # type: ignore[attr-defined]


def _renew(page: memoryview, slots: tuple[int, ...]) -> None:
    for slot in slots:
        page[slot] = secrets.randbits(63) | 1


def _read_rows(slots: tuple[int, ...]) -> tuple[int, ...]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT slot, stamp FROM nexuslite_stamp WHERE slot = ANY(%s)", [list(slots)]
        )
        found = dict(cursor.fetchall())
    return tuple(found.get(slot, 1) for slot in slots)


def _raise_rows(slots: tuple[int, ...]) -> None:
    # The last statements before the commit, in ascending order: the row locks are held shortly
    # and two changes can never wait for each other.
    with connection.cursor() as cursor:
        for slot in sorted(slots):
            cursor.execute(
                "INSERT INTO nexuslite_stamp (slot, stamp) VALUES (%s, %s) "
                "ON CONFLICT (slot) DO UPDATE SET stamp = EXCLUDED.stamp",
                [slot, secrets.randbits(62) | 1],
            )
