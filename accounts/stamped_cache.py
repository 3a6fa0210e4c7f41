"""A bounded memory of one worker that no change of the security settings can outlive."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

from nexuslite import stamps

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class StampedCache(Generic[K, V]):
    """Values worked out from users, roles and realms, each good for one security stamp."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: dict[K, tuple[int, V]] = {}
        self._filling = threading.Lock()

    def lookup(self, key: K, load: Callable[[K], V]) -> V:
        """The remembered value, or what `load` returns. What `load` raises is passed on."""
        # Read before loading: a change that commits meanwhile leaves an entry nobody will use.
        stamp = stamps.security()
        entry = self._entries.get(key)
        if entry is not None and entry[0] == stamp:
            return entry[1]
        value = load(key)
        if stamp != stamps.CHANGING:
            self._remember(key, (stamp, value))
        return value

    def fill(self, load: Callable[[], Iterable[tuple[K, V]]]) -> None:
        """Remembers what `load` returns, before anybody asks for it."""
        stamp = stamps.security()
        for key, value in load():
            if stamp != stamps.CHANGING:
                self._remember(key, (stamp, value))

    def _remember(self, key: K, entry: tuple[int, V]) -> None:
        with self._filling:
            # Oldest first: dicts keep the order of insertion.
            self._entries.pop(key, None)
            while len(self._entries) >= self._size:
                del self._entries[next(iter(self._entries))]
            self._entries[key] = entry

    def __len__(self) -> int:
        return len(self._entries)
