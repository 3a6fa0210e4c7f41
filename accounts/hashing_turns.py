"""How many password hashes a node runs at once, however many workers it has."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class HashingTurns:
    """Turns that the processes of a node take, at most `turns` at the same moment.

    The locks belong to processes and end with them: a worker takes one turn at a time, so it must
    not have more than one hashing thread.
    """

    def __init__(self, path: Path, turns: int) -> None:
        self._path = path
        self._turns = turns
        self._opening = threading.Lock()
        self._descriptor: int | None = None

    @contextmanager
    def one(self) -> Iterator[None]:
        """Waits for a turn and holds it."""
        descriptor = self._opened()
        # Processes that were started one after the other have different places.
        place = os.getpid() % self._turns
        fcntl.lockf(descriptor, fcntl.LOCK_EX, 1, place)
        try:
            yield
        finally:
            fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, place)

    def _opened(self) -> int:
        with self._opening:
            if self._descriptor is None:
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
                self._descriptor = os.open(self._path, flags, 0o600)
            return self._descriptor
