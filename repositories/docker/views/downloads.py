"""Bodies of blob downloads."""

from __future__ import annotations

from nexuslite.server.files import FileSlice
from repositories.content import StoredBlob
from repositories.protocol.ranges import ByteRange


def download(blob: StoredBlob, part: ByteRange) -> FileSlice | bytes:
    """The part of the blob; raises `ObjectMissing` when its file is gone.

    An empty body needs no open file.
    """
    if not part.length:
        return b""
    file = blob.store.storage.open(blob.storage_key, part.start)
    return FileSlice(file, part.start, part.length)
