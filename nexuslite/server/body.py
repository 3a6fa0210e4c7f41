"""Request bodies: large reads straight into the caller's buffer, and never past the end."""

import re
from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING

from gunicorn.http.body import CHUNK_EXT_RE
from gunicorn.http.errors import (
    ChunkMissingTerminator,
    InvalidChunkExtension,
    InvalidChunkSize,
    LimitRequestHeaders,
    ParseException,
)

from nexuslite.server.errors import ClientDisconnectedError, MalformedBodyError

if TYPE_CHECKING:
    from nexuslite.server.request import Request

Buffer = bytearray | memoryview

_STEP = 1 << 20
_CHUNK_BUFFER = 256 * 1024
_DIRECT = 64 * 1024
_LARGEST_CHUNK_LINE = 8190
_LARGEST_TRAILER = 64 * 1024
_LARGEST_SKIP = 64 * 1024
_CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]{1,15}")


class Body:
    """``wsgi.input``: file-like, and ends where the body ends."""

    def __init__(self, request: "Request") -> None:
        self._connection = request.connection
        self._awaits_continue = request.expects_continue
        self._pushed_back = b""
        self.is_finished = False
        self.has_failed = False

    def start(self, rest: bytes) -> None:
        """Give the body what arrived along with the head."""
        raise NotImplementedError

    def readinto(self, buffer: Buffer) -> int:
        """Read at least one byte, and at most what fits, into ``buffer``; 0 at the end.

        Raises:
            ClientDisconnectedError: when the client goes away or is too slow.
            MalformedBodyError: when the chunked coding is broken.
        """
        view = memoryview(buffer).cast("B")
        if not view:
            return 0
        if self._pushed_back:
            count = min(len(view), len(self._pushed_back))
            view[:count] = self._pushed_back[:count]
            self._pushed_back = self._pushed_back[count:]
            return count
        if self.is_finished:
            return 0
        try:
            return self._read_some(view)
        except (OSError, ParseException) as error:
            self.has_failed = True
            if isinstance(error, ParseException):
                raise MalformedBodyError(str(error)) from error
            raise

    def read(self, size: int | None = -1) -> bytes:
        """Read ``size`` bytes, fewer only at the end; all of the body without a size.

        Raises:
            BodyError: as ``readinto``.
        """
        left = -1 if size is None else size
        pieces = []
        while left:
            piece = bytearray(_STEP if left < 0 else min(left, _STEP))
            count = self.readinto(piece)
            if not count:
                break
            if count < len(piece):
                del piece[count:]
            pieces.append(piece)
            if left > 0:
                left -= count
        return b"".join(pieces)

    def readline(self, size: int | None = -1) -> bytes:
        """Read to the end of the line, or ``size`` bytes.

        Raises:
            BodyError: as ``readinto``.
        """
        limit = -1 if size is None else size
        line = bytearray()
        while limit < 0 or len(line) < limit:
            piece = self.read1(8192 if limit < 0 else min(8192, limit - len(line)))
            if not piece:
                break
            end = piece.find(b"\n") + 1
            if end:
                line += piece[:end]
                self._pushed_back = piece[end:] + self._pushed_back
                break
            line += piece
        return bytes(line)

    def read1(self, size: int) -> bytes:
        """Read at most ``size`` bytes, as soon as there are any."""
        piece = bytearray(size)
        return bytes(piece[: self.readinto(piece)])

    def readlines(self, hint: int | None = None) -> list[bytes]:
        """Read all lines."""
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        while line := self.readline():
            yield line

    def may_skip(self) -> int | None:
        """Say how many bytes of the body are still to come if they are few, else None.

        None means that the connection cannot be used again.
        """
        raise NotImplementedError

    def _read_some(self, view: memoryview) -> int:
        raise NotImplementedError

    def _receive(self, view: memoryview) -> int:
        """Read from the client, who may have to be asked for the body first."""
        if self._awaits_continue:
            self._awaits_continue = False
            self._connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        count = self._connection.recv_into(view)
        if not count:
            raise ClientDisconnectedError("the client ended the request body early")
        return count


class LengthBody(Body):
    """A body with Content-Length, or none at all."""

    def __init__(self, request: "Request", length: int) -> None:
        super().__init__(request)
        self._left = length
        self._rest = memoryview(b"")
        self.is_finished = length == 0

    def start(self, rest: bytes) -> None:
        """See Body."""
        if not rest:
            return
        if self.is_finished:
            self._connection.buffer = rest
            return
        # A client that already sends does not wait for 100 Continue.
        self._awaits_continue = False
        self._rest = memoryview(rest)[: self._left]
        self._connection.buffer = rest[self._left :]

    def _read_some(self, view: memoryview) -> int:
        if self._rest:
            count = min(len(view), len(self._rest))
            view[:count] = self._rest[:count]
            self._rest = self._rest[count:]
        else:
            count = self._receive(view[: self._left])
        self._left -= count
        self.is_finished = not self._left
        return count

    def may_skip(self) -> int | None:
        """See Body."""
        if self.is_finished:
            return 0
        if self.has_failed or self._awaits_continue:
            return None
        left = self._left - len(self._rest)
        return left if left <= _LARGEST_SKIP else None


class _Expected(Enum):
    """What comes next in a chunked body."""

    SIZE = 1
    DATA = 2
    DATA_END = 3
    TRAILER = 4


class ChunkedBody(Body):
    """A chunked body (RFC 9112 section 7.1), parsed from large reads.

    Much of a chunk goes straight into the caller's buffer; small chunks are parsed out of a
    buffer of our own, many with one read.
    """

    def __init__(self, request: "Request") -> None:
        super().__init__(request)
        self._request = request
        self._expected = _Expected.SIZE
        self._left = 0
        self._hold(b"")

    def start(self, rest: bytes) -> None:
        """See Body."""
        if rest:
            # A client that already sends does not wait for 100 Continue.
            self._awaits_continue = False
        self._hold(rest)

    def may_skip(self) -> int | None:
        """See Body. Only what is already here is looked at: nobody waits for the rest."""
        if self.has_failed or self._awaits_continue:
            return None
        try:
            while self._find_data():
                skipped = min(self._left, self._end - self._begin)
                if not skipped:
                    break
                self._consume(skipped)
        except ParseException:
            self.has_failed = True
        return 0 if self.is_finished else None

    def _hold(self, data: bytes, size: int = 0) -> None:
        self._buffer = bytearray(max(size, len(data)))
        self._buffer[: len(data)] = data
        self._view = memoryview(self._buffer)
        self._begin = 0
        self._end = len(data)

    def _read_some(self, view: memoryview) -> int:
        count = 0
        while count < len(view):
            if not self._find_data():
                if count or self.is_finished:
                    break
                self._fill()
                continue
            taken = min(len(view) - count, self._left, self._end - self._begin)
            if taken:
                view[count : count + taken] = self._view[self._begin : self._begin + taken]
                self._consume(taken)
                count += taken
            elif count:
                break
            elif min(self._left, len(view)) >= _DIRECT:
                return self._read_directly(view[: self._left])
            else:
                self._fill()
        return count

    def _read_directly(self, view: memoryview) -> int:
        count = self._receive(view)
        self._left -= count
        if not self._left:
            self._expected = _Expected.DATA_END
        return count

    def _consume(self, count: int) -> None:
        self._begin += count
        self._left -= count
        if not self._left:
            self._expected = _Expected.DATA_END

    def _fill(self) -> None:
        waiting = self._view[self._begin : self._end]
        if len(self._buffer) < _CHUNK_BUFFER:
            self._hold(bytes(waiting), _CHUNK_BUFFER)
        elif self._begin:
            # Only a piece of framing is ever moved.
            self._view[: len(waiting)] = bytes(waiting)
            self._begin, self._end = 0, len(waiting)
        self._end += self._receive(self._view[self._end :])

    def _find_data(self) -> bool:
        """Parse framing up to chunk data; False when bytes are missing or the body has ended.

        Raises:
            ParseException: when the framing is broken.
        """
        while self._expected is not _Expected.DATA:
            if self.is_finished or not self._parse_framing():
                return False
        return True

    def _parse_framing(self) -> bool:
        if self._expected is _Expected.DATA_END:
            return self._parse_data_end()
        if self._expected is _Expected.SIZE:
            return self._parse_size()
        return self._parse_trailer()

    def _parse_data_end(self) -> bool:
        if self._end - self._begin < 2:
            return False
        end = self._buffer[self._begin : self._begin + 2]
        if end != b"\r\n":
            raise ChunkMissingTerminator(bytes(end))
        self._begin += 2
        self._expected = _Expected.SIZE
        return True

    def _parse_size(self) -> bool:
        end = self._buffer.find(b"\r\n", self._begin, self._end)
        if end < 0:
            if self._end - self._begin > _LARGEST_CHUNK_LINE:
                raise InvalidChunkSize(b"line too long")
            return False
        line = bytes(self._buffer[self._begin : end])
        self._begin = end + 2
        size = line
        if b";" in line:
            size, _, extension = line.partition(b";")
            size = size.rstrip(b" \t")
            if not CHUNK_EXT_RE.fullmatch(b";" + extension):
                raise InvalidChunkExtension("invalid chunk extension")
        if not _CHUNK_SIZE.fullmatch(size):
            raise InvalidChunkSize(size[:32])
        self._left = int(size, 16)
        self._expected = _Expected.DATA if self._left else _Expected.TRAILER
        return True

    def _parse_trailer(self) -> bool:
        held = self._buffer
        if held[self._begin : min(self._begin + 2, self._end)] == b"\r\n":
            end = self._begin + 2
        else:
            found = held.find(b"\r\n\r\n", self._begin, self._end)
            if found < 0:
                if self._end - self._begin > _LARGEST_TRAILER:
                    raise LimitRequestHeaders("trailer section too large")
                return False
            # Checked and dropped: nothing here has a use for trailers.
            self._request.parse_headers(bytes(held[self._begin : found]), from_trailer=True)
            end = found + 4
        self._connection.buffer = bytes(held[end : self._end])
        self._begin = self._end
        self.is_finished = True
        return True
