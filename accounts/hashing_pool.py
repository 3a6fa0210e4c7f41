"""Few threads that hash passwords, and a short queue in front of them.

A password hash is slow and takes 19 MiB on purpose. Both are bounded here, whatever arrives.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TypeVar

from accounts.errors import TooManyAttempts

T = TypeVar("T")

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_MIB = 1024 * 1024


class HashingPool:
    """Runs slow work on at most `workers` threads; `waiting` more may queue, `patience` seconds."""

    def __init__(self, workers: int, waiting: int, patience: float) -> None:
        self._workers = workers
        self._waiting = waiting
        self._patience = patience
        self._start()
        # Threads do not survive a fork, and a lock may have been held at that moment.
        os.register_at_fork(after_in_child=self._start)

    def run(self, work: Callable[[], T]) -> T:
        """What the work returns. Raises `TooManyAttempts` when it cannot be done in time."""
        places = self._places
        if not places.acquire(blocking=False):
            raise TooManyAttempts(retry_after=self._retry_after)
        try:
            # Own threads rather than a semaphore around the callers': the C library keeps memory
            # back for each thread that allocated much, measured 480 MB after 200 callers.
            future = self._threads.submit(work)
            try:
                return future.result(timeout=self._patience)
            except FutureTimeoutError:
                future.cancel()
                raise TooManyAttempts(retry_after=self._retry_after) from None
        finally:
            places.release()

    def _start(self) -> None:
        self._places = threading.BoundedSemaphore(self._workers + self._waiting)
        self._threads = ThreadPoolExecutor(
            self._workers, thread_name_prefix="password", initializer=give_back_large_blocks
        )

    @property
    def _retry_after(self) -> int:
        return max(1, round(self._patience))


def give_back_large_blocks() -> None:
    """Makes the C library return blocks of 16 MiB and more to the system as soon as freed.

    Left alone, glibc raises that limit to the largest block it has seen freed, and then keeps
    about 30 MB for each hashing thread for good. Other C libraries do not have the knob.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return
    mallopt(_M_MMAP_THRESHOLD, 16 * _MIB)
    # Setting one fixes the other at a low 128 KiB, which costs transfers of large chunks dearly.
    mallopt(_M_TRIM_THRESHOLD, 4 * _MIB)
