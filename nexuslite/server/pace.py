"""How fast a client moves a body."""

from collections.abc import Callable
from time import monotonic

from nexuslite.server.options import MinimumRate


class Pace:
    """Bytes moved and time spent waiting for the client, as the worker's watch needs them.

    Only waiting counts: an application that is slow itself never makes a client look slow.
    One thread moves the bytes, the main thread looks on; torn reads do no harm.
    """

    __slots__ = ("_checked_moved", "_checked_waited", "is_reading", "moved", "since", "waited")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start anew, for the next request of a connection."""
        self.moved = 0
        self.waited = 0.0
        self.since = 0.0
        self.is_reading = False
        self._checked_moved = 0
        self._checked_waited = 0.0

    def begin(self, is_reading: bool = False) -> None:
        """The wait for the client begins."""
        self.is_reading = is_reading
        self.since = monotonic()

    def end(self, moved: int) -> None:
        """The wait is over; ``moved`` bytes came or went."""
        self.waited += monotonic() - self.since
        self.since = 0.0
        self.moved += moved

    def is_too_slow(
        self, now: float, rate: MinimumRate, unacknowledged: Callable[[], int] = lambda: 0
    ) -> bool:
        """Say whether the last ``rate.grace`` seconds of waiting moved too little.

        The average is taken anew for each such period, so a fast start buys no later stall.
        ``unacknowledged`` tells how many of the moved bytes are still with our kernel: it takes
        megabytes at once, and then nothing seems to move while a steady client reads them.
        """
        since = self.since
        waited = self.waited + (now - since if since else 0.0)
        period = waited - self._checked_waited
        if period < rate.grace:
            return False
        arrived = self.moved - unacknowledged()
        too_slow = arrived - self._checked_moved < rate.bytes_per_second * period
        self._checked_moved = arrived
        self._checked_waited = waited
        return too_slow
