"""The file of one fetch: who does it, and how far it is.

Every process of the node that wants the same content opens the same file. Whoever has its lock
(`flock`) leads the fetch; the kernel releases the lock of a process that is killed, so that
somebody who follows can take the fetch over. The leader only ever adds lines, and only as its last
word takes the file away; who follows reads the lines with the file open, so none is missed.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

from nexuslite.checkpoints import checkpoint
from repositories.blobs import StorageFull, StorageUnavailable

FOLDER = "fetches"
ENDED = "ended"
"""The note that is the last one of every fetch."""


def path_of(*parts: object) -> Path:
    """Where the file of the fetch lies that the parts name."""
    return folder() / hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()


def folder() -> Path:
    """The folder of all such files; made when missing."""
    folder = Path(settings.NEXUSLITE_RUN_DIR) / FOLDER
    folder.mkdir(exist_ok=True)
    return folder


def pauses() -> Iterator[float]:
    """Seconds to wait, again and again, before looking what was noted: a crowd must cost little."""
    pause = 0.004
    while True:
        yield pause
        pause = min(pause * 1.5, 0.05)


class FetchFile:
    """A handle on the file of a fetch; each reader and the leader have one of their own.

    Opening and noting raise `StorageFull` and `StorageUnavailable`.
    """

    def __init__(self, path: Path, opened_at: str | None = None) -> None:
        """Opens the file, or makes it; `opened_at` is another way to the same file."""
        self._path = path
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | (0 if opened_at else os.O_CREAT)
        with _translated():
            self._descriptor = os.open(opened_at or path, flags, 0o600)
        self._read = 0
        self._notes: dict[str, Any] = {}

    def again(self) -> FetchFile:
        """Another handle on this very file, be it in its place or not; locks tell them apart."""
        return FetchFile(self._path, f"/proc/self/fd/{self._descriptor}")

    def try_to_lead(self) -> bool:
        """Takes the lead if nobody has it and the fetch has not ended."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        # Its leader may have ended the fetch between open and lock.
        if self._is_in_place() and ENDED not in self.notes():
            return True
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        return False

    @property
    def is_gone(self) -> bool:
        """Whether the fetch has ended, so that a new one would have another file."""
        return not self._is_in_place()

    def note(self, **values: Any) -> None:
        """Adds notes; a later one of a name takes the place of the earlier one."""
        line = json.dumps(values, separators=(",", ":")) + "\n"
        with _translated():
            os.write(self._descriptor, line.encode())
        checkpoint("fetch.noted")

    def notes(self) -> Mapping[str, Any]:
        """All notes so far. Reads nothing when none was added."""
        while chunk := os.pread(self._descriptor, 65536, self._read):
            # A line is one write, yet a reader may see its beginning alone.
            whole = chunk.rfind(b"\n") + 1
            if not whole:
                break
            for line in chunk[:whole].splitlines():
                self._notes.update(json.loads(line))
            self._read += whole
        return self._notes

    def end(self, **values: Any) -> None:
        """Ends the fetch with its last notes; only the leader may."""
        try:
            self.note(**values, **{ENDED: True})
        finally:
            # Without the note it is given up, and who waits begins anew.
            self._path.unlink(missing_ok=True)
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Lets go of the file; a leader that has not ended the fetch leaves it to others."""
        os.close(self._descriptor)

    def _is_in_place(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._path.stat())
        except FileNotFoundError:
            return False


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StorageFull(str(error)) from error
        raise StorageUnavailable(str(error)) from error
