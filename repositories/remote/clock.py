"""How long the remote may take: for the head of an answer in all, for its body by its rate."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

_local = threading.local()


class TooSlow(Exception):
    """The remote has used up its time."""


class Clock:
    """The time of one request. Used by one thread, which waits for the network `running` it.

    Only waiting counts: whoever reads slowly never makes a remote look slow.
    """

    def __init__(self, seconds: float, minimum_rate: int, grace: float) -> None:
        self._deadline: float | None = monotonic() + seconds
        self._minimum_rate = minimum_rate
        self._grace = grace
        self._waited = 0.0
        self._moved = 0

    @property
    def remaining(self) -> float | None:
        """Seconds until the deadline, None without one. Raises `TooSlow` when it has passed."""
        if self._deadline is None:
            return None
        left = self._deadline - monotonic()
        if left <= 0:
            raise TooSlow
        return left

    def extend(self, seconds: float) -> None:
        """Sets the deadline anew, for the body of a short answer."""
        self._deadline = monotonic() + seconds

    def begin_body(self) -> None:
        """From now on the rate counts instead of the deadline."""
        self._deadline = None

    def limit(self, timeout: float | None) -> float | None:
        """The timeout of one wait for the network. Raises `TooSlow`."""
        left = self.remaining
        if left is None or timeout is None:
            return timeout if left is None else left
        return min(left, timeout)

    def waited(self, seconds: float, moved: int) -> None:
        """Notes a wait for `moved` bytes.

        The average is taken anew for each period of grace, so a fast start buys no later drip.
        """
        self._waited += seconds
        self._moved += moved
        if self._waited < self._grace:
            return
        if self._deadline is None and self._moved < self._minimum_rate * self._waited:
            raise TooSlow
        self._waited, self._moved = 0.0, 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Within it this clock counts for what the thread reads from the network."""
        before = getattr(_local, "clock", None)
        _local.clock = self
        try:
            yield
        finally:
            _local.clock = before


def running_clock() -> Clock | None:
    """The clock that counts for this thread."""
    return getattr(_local, "clock", None)
