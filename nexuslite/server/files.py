"""File bodies: what an application returns so that the worker can send it with sendfile."""

import logging
import os
from collections.abc import Callable, Iterator
from time import sleep
from typing import BinaryIO, Protocol

log = logging.getLogger(__name__)

CHUNK = 1 << 20
GROWTH_SECONDS = 0.02
"""How long to wait before looking again whether a file has grown."""


class FileSlice:
    """``length`` bytes of an open file from ``offset`` on, as a response body.

    Under any WSGI server it is an iterable of at most 1 MiB chunks. This server's worker takes
    the file descriptor instead. ``close`` closes the file; the worker calls it.
    """

    def __init__(self, file: BinaryIO, offset: int, length: int) -> None:
        self.file = file
        self.offset = offset
        self.length = length

    def __iter__(self) -> Iterator[bytes]:
        self.file.seek(self.offset)
        left = self.length
        while left > 0:
            chunk = self.file.read(min(left, CHUNK))
            if not chunk:
                raise OSError(f"file ends {left} bytes early")
            left -= len(chunk)
            yield chunk

    def close(self) -> None:
        """Close the file."""
        self.file.close()


class GrowingSlice:
    """``length`` bytes of a file from ``offset`` on that is still being written.

    ``sendable`` tells how many bytes of the slice, from its beginning, may be sent by now, and
    raises BrokenOffError when the others will never come: the connection is then ended before the
    announced length, the only honest end there is. ``close`` closes the file and calls ``closed``.
    """

    def __init__(
        self,
        file: BinaryIO,
        offset: int,
        length: int,
        sendable: Callable[[], int],
        closed: Callable[[], None],
    ) -> None:
        self.file = file
        self.offset = offset
        self.length = length
        self.sendable = sendable
        self._closed = closed

    def __iter__(self) -> Iterator[bytes]:
        position = 0
        try:
            while position < self.length:
                allowed = self.sendable() - position
                if allowed <= 0:
                    sleep(GROWTH_SECONDS)
                    continue
                piece = os.pread(self.file.fileno(), min(allowed, CHUNK), self.offset + position)
                if not piece:
                    raise BrokenOffError("the file is shorter than it was")
                position += len(piece)
                yield piece
        except BrokenOffError as error:
            log.warning("An answer was broken off after %d bytes: %s", position, error)

    def close(self) -> None:
        """Close the file."""
        self.file.close()
        self._closed()


class BrokenOffError(Exception):
    """The rest of a growing file will never come."""


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class FileWrapper:
    """``wsgi.file_wrapper`` (PEP 3333): an iterable over a file-like object."""

    def __init__(self, filelike: _Readable, block_size: int = 8192) -> None:
        self.filelike = filelike
        self.block_size = block_size

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.filelike.read(self.block_size):
            yield chunk

    def close(self) -> None:
        """Close the wrapped object, when it can be closed."""
        close = getattr(self.filelike, "close", None)
        if close is not None:
            close()

    def as_slice(self) -> FileSlice | None:
        """Return the rest of a real file as a slice, or None for anything else."""
        try:
            descriptor = self.filelike.fileno()  # type: ignore[attr-defined]
            offset = self.filelike.tell()  # type: ignore[attr-defined]
            size = os.fstat(descriptor).st_size
        except (AttributeError, OSError):
            return None
        return FileSlice(self.filelike, offset, max(0, size - offset))  # type: ignore[arg-type]


def file_wrapper(filelike: "FileSlice | _Readable", block_size: int = 8192) -> object:
    """Return what the worker sends best for ``filelike``.

    A FileSlice stays what it is: Django hands ``response.file_to_stream`` through here.
    """
    if isinstance(filelike, FileSlice):
        return filelike
    return FileWrapper(filelike, block_size)
