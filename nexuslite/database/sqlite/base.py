"""SQLite with writers that queue instead of failing.

SQLite's own waiting starves writers under load: with saturating writers in several processes some
give up with "database is locked" although every single transaction is short. Here every
transaction first takes one lock of the process and one `flock` of the data folder, so writers are
served one after the other and never meet inside SQLite. `busy_timeout` stays as the backstop for
whatever writes outside of a transaction. How commits become durable: `log.py`.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

from nexuslite.database.sqlite.log import LogSync

_PROCESS_LOCKS: dict[str, tuple[WriterLock, LogSync]] = {}
_PROCESS_LOCKS_GUARD = threading.Lock()

LONGEST_WAIT_SECONDS = 30.0


class WriterLock:
    """One writer at a time, over all threads and processes that use the same database file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._threads = threading.Lock()
        self._descriptor: int | None = None
        self._process = 0

    def acquire(self) -> None:
        """Waits for the turn; raises `OperationalError` after `LONGEST_WAIT_SECONDS`."""
        if not self._threads.acquire(timeout=LONGEST_WAIT_SECONDS):
            raise OperationalError("database is locked: waited too long for other writers")
        try:
            self._lock_file()
        except BaseException:
            self._threads.release()
            raise

    def release(self) -> None:
        """Lets the next writer in."""
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        self._threads.release()

    def _lock_file(self) -> None:
        # A descriptor opened before a fork is shared with the parent, and so is its flock.
        if self._descriptor is None or self._process != os.getpid():
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._process = os.getpid()
        # Blocking, without a deadline: the kernel lets waiters in fairly, a killed holder loses it
        # at once, and no holder does file or network work while it has it.
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)


def _locks_of(name: str) -> tuple[WriterLock, LogSync]:
    with _PROCESS_LOCKS_GUARD:
        locks = _PROCESS_LOCKS.get(name)
        if locks is None:
            locks = WriterLock(f"{name}.writer-lock"), LogSync(Path(f"{name}-wal"))
            _PROCESS_LOCKS[name] = locks
        return locks


def _forget_locks_after_fork() -> None:
    global _PROCESS_LOCKS_GUARD  # noqa: PLW0603
    _PROCESS_LOCKS.clear()
    _PROCESS_LOCKS_GUARD = threading.Lock()


os.register_at_fork(after_in_child=_forget_locks_after_fork)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's SQLite backend plus the writer queue, WAL and full synchronisation."""

    is_relaxed = False
    """Whether transactions are committed without waiting for the disk."""
    _writer_lock: WriterLock | None = None
    _log: LogSync | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._before_next_writer: list[Callable[[], None]] = []

    def before_next_writer(self, callback: Callable[[], None]) -> None:
        """Calls back once the transaction under way has ended, while no other can have begun."""
        self._before_next_writer.append(callback)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute("PRAGMA cache_size=-4096")
        connection.execute("PRAGMA journal_size_limit=67108864")
        # 16 MiB: a page that many pushes change is copied once for all of them.
        connection.execute("PRAGMA wal_autocheckpoint=4000")
        return connection

    def _start_transaction_under_autocommit(self) -> None:
        if self.is_in_memory_db():
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
            return
        lock, log = _locks_of(str(self.settings_dict["NAME"]))
        # The commit is synced by `log`. FULL stays the rule outside of transactions.
        self.connection.execute("PRAGMA synchronous=NORMAL")
        try:
            lock.acquire()
            self._writer_lock, self._log = lock, log
            log.attach()
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._end_turn()
            raise

    def _commit(self) -> None:
        log = self._log
        try:
            super()._commit()  # type: ignore[misc]
        finally:
            if self.connection is None or not self.connection.in_transaction:
                self._end_turn()
        if log is not None and not self.is_relaxed:
            log.wait(self._checkpoint)

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._release_writer_lock()

    def _checkpoint(self) -> None:
        """Moves the whole log into the database file, durably; raises `DatabaseError`."""
        with self.wrap_database_errors:
            (busy, *_) = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise OperationalError("database is locked: its log is in use")

    def _end_turn(self) -> None:
        self._log = None
        self._release_writer_lock()
        if self.connection is not None and not self.connection.in_transaction:
            self.connection.execute("PRAGMA synchronous=FULL")

    def _release_writer_lock(self) -> None:
        lock, self._writer_lock = self._writer_lock, None
        callbacks, self._before_next_writer = self._before_next_writer, []
        try:
            for callback in callbacks:
                callback()
        finally:
            if lock is not None:
                lock.release()
