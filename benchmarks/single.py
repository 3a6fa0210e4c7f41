"""Writing, hashing and syncing the bytes of a file in one Python process.

    python -m benchmarks.single SOURCE TARGET

Prints the seconds it took; the program's start does not count.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import sys
import time

_PIECE = 1 << 20


def main(source: str, target: str) -> None:
    """Copies, hashes, syncs, prints."""
    with open(source, "rb") as file:
        content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    began = time.perf_counter()
    hash = hashlib.sha256()
    with open(target, "wb", buffering=0) as file:
        for start in range(0, len(content), _PIECE):
            piece = content[start : start + _PIECE]
            file.write(piece)
            hash.update(piece)
        os.fsync(file.fileno())
    print(time.perf_counter() - began)


if __name__ == "__main__":
    main(*sys.argv[1:])
