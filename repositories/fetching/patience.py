"""Waiting for a remote no longer than what is held is worth."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future

from django.db import connection

from nexuslite.database import release_connection

_MOST_POSTPONED = 4096

_postponed: dict[Hashable, float] = {}
_noting = threading.Lock()


def within(seconds: float, work: Callable[[], None]) -> bool:
    """Does the work in a thread; False if it goes on after so long. Raises what the work raised."""
    future: Future[None] = Future()

    def run() -> None:
        try:
            work()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(None)
        finally:
            connection.close()

    release_connection()
    threading.Thread(target=run, name="revalidation", daemon=True).start()
    try:
        future.result(seconds)
    except TimeoutError:
        if future.done():
            raise
        return False
    return True


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
