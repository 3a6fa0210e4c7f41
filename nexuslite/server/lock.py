"""One instance per data folder."""

import fcntl
import os
import time
from pathlib import Path

from nexuslite.server.errors import AlreadyRunningError

# A server that was just killed may need a moment until its last process is gone.
_PATIENCE = 1.0


class DataFolderLock:
    """An flock on ``<run folder>/server.lock`` for as long as this server lives.

    Forked workers share the lock, so that it outlives the arbiter as long as a worker does.
    """

    def __init__(self, run_folder: Path) -> None:
        """Take the lock.

        Raises:
            AlreadyRunningError: when another instance holds it.
            OSError: when the folder cannot be written.
        """
        run_folder.mkdir(parents=True, exist_ok=True)
        path = run_folder / "server.lock"
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + _PATIENCE
        while not self._try_lock():
            if time.monotonic() > deadline:
                holder = os.read(self._descriptor, 32).decode("ascii", "replace").strip()
                os.close(self._descriptor)
                raise AlreadyRunningError(
                    f"Another instance (process {holder or 'unknown'}) already runs "
                    f"on the data folder {run_folder.parent}."
                )
            time.sleep(0.05)
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def _try_lock(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Give the lock back."""
        os.close(self._descriptor)
