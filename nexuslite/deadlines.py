"""A table of fixed size that all processes of a node share: keys, and until when each counts.

It lies in mapped memory. Reading takes no lock and no system call. What is full forgets what ends
first, so nothing that arrives can make it grow.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path

KEY_BYTES = 16
_WORDS = 3
_WAYS = 8
_EMPTY = 0.0


def shared_memory(places: int) -> mmap.mmap:
    """Memory for a table of that many places, shared with the processes forked from this one."""
    return mmap.mmap(-1, _bytes_for(places))


def mapped_file(path: Path, places: int) -> tuple[mmap.mmap, int]:
    """Memory for a table that outlives the program, and the descriptor of its file."""
    size = _bytes_for(places)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if os.fstat(descriptor).st_size != size:
        # Of another version: its places mean nothing here.
        os.ftruncate(descriptor, 0)
    # Real space: a full disk is an error here, not a bus error at some later write.
    os.posix_fallocate(descriptor, 0, size)
    return mmap.mmap(descriptor, size), descriptor


def _bytes_for(places: int) -> int:
    return places * _WORDS * 8


class DeadlineTable:
    """Maps keys of 16 bytes to times, in whatever clock the callers use.

    Keys must be hashes that a stranger cannot choose. Writers of one table must exclude each other,
    or live with a lost entry; readers never see half of one.
    """

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory
        self._keys = memoryview(memory).cast("Q")
        self._times = memoryview(memory).cast("d")
        self._places = len(self._keys) // _WORDS
        self._ways = min(_WAYS, self._places)
        self._sets = self._places // self._ways

    def until(self, key: bytes, now: float) -> float:
        """The time of the key; 0 when there is none or it is over."""
        low, high, first = self._position(key)
        keys = self._keys
        for word in range(first, first + self._ways * _WORDS, _WORDS):
            if keys[word] == low and keys[word + 1] == high:
                until = self._times[word + 2]
                # The place may have been given away while its words were read.
                if until > now and keys[word] == low and keys[word + 1] == high:
                    return until
        return _EMPTY

    def put(self, key: bytes, until: float) -> None:
        """Sets the time of the key, in place of the one in its set that ends first."""
        low, high, first = self._position(key)
        word = self._place_for(low, high, first)
        self._times[word + 2] = _EMPTY
        self._keys[word] = low
        self._keys[word + 1] = high
        self._times[word + 2] = until

    def count(self, now: float) -> int:
        """How many keys count now."""
        words = range(2, self._places * _WORDS, _WORDS)
        return sum(self._times[word] > now for word in words)

    def clear(self) -> None:
        """Forgets everything."""
        self._memory[:] = bytes(len(self._memory))

    def _position(self, key: bytes) -> tuple[int, int, int]:
        low = int.from_bytes(key[:8], "little")
        high = int.from_bytes(key[8:KEY_BYTES], "little")
        return low, high, low % self._sets * self._ways * _WORDS

    def _place_for(self, low: int, high: int, first: int) -> int:
        words = range(first, first + self._ways * _WORDS, _WORDS)
        for word in words:
            if self._keys[word] == low and self._keys[word + 1] == high:
                return word
        return min(words, key=lambda word: self._times[word + 2])
