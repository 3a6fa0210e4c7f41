"""How busy each worker is, in memory that they share, so that connections spread evenly."""

import mmap

_SLOTS = 128
_ABSENT = 2**31 - 1


class Loads:
    """One number per worker. Made by the arbiter before the workers fork.

    Without it the kernel gives most of a burst to whichever worker wakes first, and one
    interpreter works while the other looks on.
    """

    def __init__(self) -> None:
        self._loads = memoryview(mmap.mmap(-1, _SLOTS * 4)).cast("i")
        for slot in range(_SLOTS):
            self._loads[slot] = _ABSENT
        self._taken: set[int] = set()

    def take_slot(self) -> int:
        """Return a free slot, for a new worker (in the arbiter)."""
        slot = next((each for each in range(_SLOTS - 1) if each not in self._taken), _SLOTS - 1)
        self._taken.add(slot)
        return slot

    def free_slot(self, slot: int) -> None:
        """Free the slot of a worker that is gone (in the arbiter)."""
        self._taken.discard(slot)
        self._loads[slot] = _ABSENT

    def leave(self, slot: int) -> None:
        """Take part no longer (in a worker)."""
        self._loads[slot] = _ABSENT

    def publish(self, slot: int, load: int) -> None:
        """Tell the others how busy this worker is."""
        self._loads[slot] = load

    def is_above_others(self, slot: int) -> bool:
        """Whether some other worker is less busy."""
        return min(self._loads) < self._loads[slot]
