"""Bodies of blob downloads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from nexuslite.server.files import CHUNK, FileSlice, GrowingSlice
from repositories.content import ArrivingBlob, StoredBlob
from repositories.protocol.ranges import ByteRange


class ObjectBody:
    """Bytes of an object in a bucket, which come in order: there is no file to be sent.

    The reader stands at the first of them. A server calls `close`, which closes it.
    """

    def __init__(self, reader: BinaryIO, length: int) -> None:
        self._reader = reader
        self._length = length

    def __iter__(self) -> Iterator[bytes]:
        left = self._length
        while left > 0:
            chunk = self._reader.read(min(left, CHUNK))
            if not chunk:
                raise OSError(f"the object ends {left} bytes early")
            left -= len(chunk)
            yield chunk

    def close(self) -> None:
        """Ends the transfer from the bucket."""
        self._reader.close()


def download(
    blob: StoredBlob | ArrivingBlob, part: ByteRange
) -> FileSlice | GrowingSlice | ObjectBody | bytes:
    """The part of the blob; raises `ObjectMissing` when its object is gone.

    An empty body needs no open file.
    """
    if not isinstance(blob, StoredBlob):
        return blob.read(part)
    if not part.length:
        return b""
    file = blob.store.storage.open(blob.storage_key, part.start)
    if _is_real_file(file):
        return FileSlice(file, part.start, part.length)
    return ObjectBody(file, part.length)


def _is_real_file(file: BinaryIO) -> bool:
    try:
        file.fileno()
    except OSError:
        return False
    return True
