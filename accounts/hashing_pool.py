"""Few threads that hash passwords, and a short queue in front of them.

A password hash is slow and takes 19 MiB on purpose. Both are bounded here, whatever arrives.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, TypeVar

from accounts.errors import TooManyAttempts

T = TypeVar("T")

_RETRY_AFTER_SECONDS = 2
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_MIB = 1024 * 1024


class HashingPool:
    """Runs slow work on at most `workers` threads; `waiting` more may queue, `patience` seconds.

    A caller waits in its own thread, so `waiting` has to stay well below a worker's threads: the
    others go on serving whatever needs no password.
    """

    def __init__(self, workers: int, waiting: int, patience: float) -> None:
        self._workers = workers
        self._places = workers + waiting
        self._patience = patience
        self._start()
        # Threads do not survive a fork, and the lock may have been held at that moment.
        os.register_at_fork(after_in_child=self._start)

    def run(self, work: Callable[[], T], key: Hashable = None) -> T:
        """What the work returns. Raises `TooManyAttempts` when it cannot be done in time.

        Callers with equal keys at the same moment share one run: fifty jobs of one pipeline that
        sign in together cost one hash.
        """
        future = self._begin(work, key if key is not None else object())
        try:
            return future.result(timeout=self._patience)
        except FutureTimeoutError:
            raise TooManyAttempts(retry_after=_RETRY_AFTER_SECONDS) from None

    def _begin(self, work: Callable[[], T], key: Hashable) -> Future[T]:
        with self._joining:
            future = self._under_way.get(key)
            if future is None:
                if len(self._under_way) >= self._places:
                    raise TooManyAttempts(retry_after=_RETRY_AFTER_SECONDS)
                # Own threads rather than a semaphore around the callers': the C library keeps
                # memory back for each thread that allocated much, 480 MB after 200 callers.
                future = self._under_way[key] = self._threads.submit(work)
                future.add_done_callback(lambda _: self._under_way.pop(key, None))
            return future

    def _start(self) -> None:
        self._joining = threading.Lock()
        self._under_way: dict[Hashable, Future[Any]] = {}
        self._threads = ThreadPoolExecutor(
            self._workers, thread_name_prefix="password", initializer=give_back_large_blocks
        )


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
