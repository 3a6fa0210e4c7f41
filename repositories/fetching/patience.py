"""Waiting for a remote no longer than what is held is worth."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future

from django.db import connection

from nexuslite.database import release_connection

MOST_UNDER_WAY = 64
"""Threads of a worker that ask remotes for what is held."""
_MOST_POSTPONED = 4096

_under_way: dict[Hashable, Future[None]] = {}
_postponed: dict[Hashable, float] = {}
_noting = threading.Lock()


def within(what: Hashable, seconds: float, work: Callable[[], None]) -> bool:
    """Does the work in a thread, once for all who want it; False if it goes on after so long.

    False as well if too much of other work goes on already. Raises what the work raised.
    """
    with _noting:
        future = _under_way.get(what)
        if future is None:
            if len(_under_way) >= MOST_UNDER_WAY:
                return False
            future = _under_way[what] = Future()
            thread = threading.Thread(
                target=_run, args=(what, future, work), name="revalidation", daemon=True
            )
            thread.start()
    release_connection()
    try:
        future.result(seconds)
    except TimeoutError:
        if future.done():
            raise
        return False
    return True


def _run(what: Hashable, future: Future[None], work: Callable[[], None]) -> None:
    try:
        work()
    except BaseException as error:
        outcome: BaseException | None = error
    else:
        outcome = None
    finally:
        connection.close()
        with _noting:
            del _under_way[what]
    if outcome is None:
        future.set_result(None)
    else:
        future.set_exception(outcome)


def postpone(what: Hashable, seconds: float) -> None:
    """Notes that this worker need not ask again for a while."""
    with _noting:
        _postponed.pop(what, None)
        while len(_postponed) >= _MOST_POSTPONED:
            del _postponed[next(iter(_postponed))]
        _postponed[what] = time.monotonic() + seconds


def is_postponed(what: Hashable) -> bool:
    """Whether it was postponed, and the time is not over."""
    until = _postponed.get(what)
    return until is not None and time.monotonic() < until
