"""A blob as it arrives from a remote."""

from __future__ import annotations

import re
from types import TracebackType
from typing import Self

from repositories.remote.answer import Answer, whole_number
from repositories.remote.errors import InvalidAnswer

_CONTENT_RANGE = re.compile(r"bytes[ \t]+(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.IGNORECASE)


class ArrivingBlob:
    """The bytes of one answer from an offset of the blob on; implements `RemoteBlob`."""

    def __init__(self, answer: Answer, offset: int) -> None:
        """Takes over an answer 200 or 206. Raises `InvalidAnswer` for one that is no blob."""
        self._answer = answer
        self._rest = memoryview(b"")
        answer.refuse_encoding()
        if answer.media_type.lower() == "text/html":
            raise InvalidAnswer("the remote sends a web page instead of a blob")
        begin, self.size = _extent(answer)
        if begin not in {0, offset}:
            raise InvalidAnswer("the remote sends another part than was asked for")
        answer.clock.begin_body()
        # A remote without ranges starts at the beginning.
        self._skip(offset - begin)

    def read(self, n: int, /) -> bytes:
        """See `RemoteBlob.read`."""
        if not self._rest:
            self._rest = memoryview(self._answer.next_chunk())
        piece, self._rest = self._rest[:n], self._rest[n:]
        return bytes(piece)

    def close(self) -> None:
        """See `RemoteBlob.close`."""
        self._answer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        self.close()

    def _skip(self, count: int) -> None:
        while count > 0:
            piece = self.read(count)
            if not piece:
                raise InvalidAnswer("the blob ends before the part that was asked for")
            count -= len(piece)


def _extent(answer: Answer) -> tuple[int, int | None]:
    """Where in the blob the body begins, and the size of the whole blob if known."""
    if answer.status != 206:
        return 0, answer.length
    match = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", "").strip())
    if match is None:
        raise InvalidAnswer("the remote sends a part without saying which")
    begin, end, size = int(match[1]), int(match[2]), whole_number(match[3])
    # A part that stops early would look like the end of the blob.
    if size is not None and end != size - 1:
        raise InvalidAnswer("the remote sends less than was asked for")
    return begin, size
