"""Buffers for copying, used again and again.

Memory that is used for the first time costs a page fault for every 4 KiB, which is as much as
hashing what is then read into it.
"""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SIZE: Final = 256 * 1024
"""Bytes of a buffer: few system calls, and it still stays in the processor's cache."""
_MOST_KEPT: Final = 16

_free: list[mmap.mmap] = []


@contextmanager
def borrow() -> Iterator[memoryview]:
    """Lend a buffer of SIZE bytes, with anything in it, to the caller alone."""
    try:
        buffer = _free.pop()
    except IndexError:
        # Anonymous memory becomes resident page by page, as it is used: an upload that crawls
        # costs a few pages, not the whole buffer.
        buffer = mmap.mmap(-1, SIZE)
    try:
        yield memoryview(buffer)
    finally:
        if len(_free) < _MOST_KEPT:
            _free.append(buffer)
