"""Bytes to store, and ways in which they arrive."""

import io
import random

from repositories.blobs import BlobStorage, Staging, StoredBlob
from repositories.protocol.digest import Digest

MIB = 1 << 20


def content(size: int, seed: int = 0) -> bytes:
    """Return reproducible bytes without a pattern."""
    return random.Random(seed).randbytes(size)


class SmallReads(io.BytesIO):
    """Gives a few bytes at a time, as a network does."""

    def readinto(self, buffer) -> int:
        return super().readinto(buffer[:65_521])


class BrokenSource:
    """Fails after its bytes, as a client that hangs up."""

    def __init__(self, content: bytes, error: Exception) -> None:
        self._source = io.BytesIO(content)
        self._error = error

    def readinto(self, buffer) -> int:
        count = self._source.readinto(buffer)
        if count == 0:
            raise self._error
        return count


def append(storage: BlobStorage, staging: Staging, content: bytes, **options) -> Staging:
    return storage.append(staging, io.BytesIO(content), **options)


def put(storage: BlobStorage, content: bytes, algorithm: str = "sha256") -> StoredBlob:
    """Store the content as a push does."""
    staging = append(storage, storage.stage(), content, hash_with=algorithm)
    blob = storage.finish(staging, Digest.of(content, algorithm))
    storage.release(staging)
    return blob


def read(storage: BlobStorage, storage_key: str, offset: int = 0) -> bytes:
    pieces = []
    with storage.open(storage_key, offset) as reader:
        while piece := reader.read(MIB):
            pieces.append(piece)
    return b"".join(pieces)
