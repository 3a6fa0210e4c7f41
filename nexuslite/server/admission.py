"""Who may take a thread: no connector and no client address can take them all."""

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Request = TypeVar("Request")

# What a connector may hold even of the reserve.
_GUARANTEED = 2


@dataclass(frozen=True)
class Claimant:
    """For whom a thread is taken: a connector and, unless it is a proxy, a client address."""

    connector: str
    client: str | None


@dataclass
class _Usage:
    threads: int = 0
    clients: dict[str, int] = field(default_factory=dict)


class Admission(Generic[Request]):
    """Shares ``capacity`` threads by dynamic thresholds.

    A connector may hold as many threads as are still free: one greedy connector ends at a half,
    two at a third each. Inside a connector the same rule shares out among client addresses. The
    last eighth is for connectors that hold next to nothing, so there is room for the web interface
    whatever happens elsewhere. What is not admitted waits, in turn per claimant. (The rule is
    Choudhury and Hahne's for shared packet buffers, with alpha = 1.)

    Not thread-safe: the caller holds a lock.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.running = 0
        self._reserve = capacity // 8
        self._usage: dict[str, _Usage] = {}
        self._waiting: OrderedDict[Claimant, deque[Request]] = OrderedDict()

    @property
    def is_crowded(self) -> bool:
        """Whether threads should go back at once instead of staying with a connection."""
        return bool(self._waiting) or self.running * 4 > self.capacity

    def enter(self, claimant: Claimant, request: Request) -> bool:
        """Take a thread for ``request``, or let it wait and return False."""
        if claimant not in self._waiting and self._take(claimant):
            return True
        self._waiting.setdefault(claimant, deque()).append(request)
        return False

    def leave(self, claimant: Claimant) -> Iterator[Request]:
        """Give the claimant's thread back; yield the requests that now have one."""
        self.running -= 1
        usage = self._usage[claimant.connector]
        usage.threads -= 1
        if claimant.client is not None:
            usage.clients[claimant.client] -= 1
            if not usage.clients[claimant.client]:
                del usage.clients[claimant.client]
        if not usage.threads:
            del self._usage[claimant.connector]
        for waiting in list(self._waiting):
            if self.running >= self.capacity:
                return
            if self._take(waiting):
                queue = self._waiting[waiting]
                yield queue.popleft()
                if queue:
                    self._waiting.move_to_end(waiting)
                else:
                    del self._waiting[waiting]

    def withdraw(self, claimant: Claimant, request: Request) -> bool:
        """Take a waiting request out of its queue; False when it waits no longer."""
        queue = self._waiting.get(claimant)
        if queue is None or request not in queue:
            return False
        queue.remove(request)
        if not queue:
            del self._waiting[claimant]
        return True

    def _may_take(self, usage: _Usage, client: str | None) -> bool:
        free = self.capacity - self.running
        if usage.threads < _GUARANTEED:
            return free > 0
        left = free - self._reserve - usage.threads
        if client is None:
            return left > 0
        return left > usage.clients.get(client, 0)

    def _take(self, claimant: Claimant) -> bool:
        usage = self._usage.get(claimant.connector) or _Usage()
        if not self._may_take(usage, claimant.client):
            return False
        if claimant.client is not None:
            usage.clients[claimant.client] = usage.clients.get(claimant.client, 0) + 1
        usage.threads += 1
        self._usage[claimant.connector] = usage
        self.running += 1
        return True
