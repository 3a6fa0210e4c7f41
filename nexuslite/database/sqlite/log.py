"""Making commits durable together, outside of the writer's turn.

With `synchronous=FULL` SQLite syncs its write-ahead log while it holds the write lock: pushes wait
for the disk one after the other, several times each. Here a transaction is committed without the
sync, the next writer is let in, and then one sync of the log serves everybody who has committed
before it began. Nobody is answered earlier than with FULL: the call that commits returns after
the sync. A crash in between loses only what nobody was told of; the log's checksums see to that.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from io import FileIO
from pathlib import Path

from django.db import DatabaseError

from nexuslite.database.errors import CommitUncertain


class LogSync:
    """Syncs one database's log for all threads of the process; other processes do so themselves."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._counting = threading.Lock()
        self._syncing = threading.Lock()
        self._committed = 0
        self._durable = 0
        self._file: FileIO | None = None
        self._has_durable_entry = False
        self._is_suspect = False

    def attach(self) -> None:
        """Opens the log unless it is open; called in every turn before anything is written.

        The kernel tells of a write that failed in the background once to every descriptor that
        was open then. One that is opened later may never hear of it.
        """
        try:
            status = self._path.stat()
        except FileNotFoundError:
            # SQLite makes it when the first page is written.
            return
        if self._file is None or not os.path.samestat(os.fstat(self._file.fileno()), status):
            self._file = FileIO(self._path)
            self._has_durable_entry = False

    def wait(self, checkpoint: Callable[[], None]) -> None:
        """Returns once everything committed before the call is on the disk.

        `checkpoint` moves the whole log into the database file, durably; it raises `DatabaseError`
        when it cannot. Raises `CommitUncertain` when the disk fails.
        """
        with self._counting:
            self._committed += 1
            mine = self._committed
        with self._syncing:
            if self._durable >= mine:
                return
            # Whoever has committed by now is served by this sync and need not make another.
            with self._counting:
                reached = self._committed
            self._make_durable(checkpoint)
            self._durable = reached

    def _make_durable(self, checkpoint: Callable[[], None]) -> None:
        try:
            if self._is_suspect:
                checkpoint()
            else:
                self._sync()
        except (OSError, DatabaseError) as error:
            # The kernel may count the pages as written now, and the next sync would succeed
            # without having written anything. From here on only what has reached the database
            # file counts, until the log begins anew.
            self._is_suspect = True
            raise CommitUncertain(f"the database cannot be written to disk: {error}") from error
        self._is_suspect = False

    def _sync(self) -> None:
        if self._file is None:
            self.attach()
        if self._file is None:
            # Nothing was ever written, or a checkpoint has taken all of it and removed the log.
            return
        os.fdatasync(self._file.fileno())
        if not self._has_durable_entry:
            _sync_folder(self._path.parent)
            self._has_durable_entry = True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
