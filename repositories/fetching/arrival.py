"""A blob on its way: what has arrived of it can be read, and the rest is waited for."""

from __future__ import annotations

import os
from collections.abc import Callable
from time import monotonic
from typing import BinaryIO

from nexuslite.server.files import BrokenOffError, GrowingSlice
from repositories.blobs import StorageError
from repositories.fetching.fetch_file import FetchFile
from repositories.protocol.ranges import ByteRange

STAGING = "staging"
SIZE = "size"
VERIFIED = "verified"
FAILED = "failed"
_ASK_AFTER_SECONDS = 0.25


class Arrival:
    """Follows one fetch, whichever process leads it.

    `size` is the length of the whole blob in bytes. One request has it, and reads or closes it.
    """

    def __init__(
        self, digest: str, file: FetchFile, staged: BinaryIO, take_over: Callable[[], None]
    ) -> None:
        """`take_over` goes on with the fetch if nobody leads it any more."""
        notes = file.notes()
        self.digest = digest
        self.size: int = notes[SIZE]
        self._staging_id = notes[STAGING]["id"]
        self._file = file
        self._staged = staged
        self._take_over = take_over
        self._arrived = 0
        self._changed = monotonic()

    def read(self, part: ByteRange) -> GrowingSlice:
        """The part as the body of an answer.

        Its last byte is held back until the whole blob is verified, so that nothing which is not
        what it should be ever ends as a clean answer.
        """

        def sendable() -> int:
            if self._is_verified():
                return part.length
            return max(0, min(self._count() - part.start, part.length - 1))

        return GrowingSlice(self._staged, part.start, part.length, sendable, self._file.close)

    def close(self) -> None:
        """Lets go of it; the fetch goes on."""
        self._staged.close()
        self._file.close()

    def _is_verified(self) -> bool:
        """Raises BrokenOffError when it will never be."""
        notes = self._file.notes()
        if notes[STAGING]["id"] != self._staging_id:
            raise BrokenOffError("the fetch began anew")
        if notes[VERIFIED]:
            return True
        if FAILED in notes:
            raise BrokenOffError(notes[FAILED]["reason"])
        return False

    def _count(self) -> int:
        """How many bytes have arrived."""
        arrived = os.fstat(self._staged.fileno()).st_size
        now = monotonic()
        if arrived != self._arrived:
            self._arrived, self._changed = arrived, now
        elif now - self._changed > _ASK_AFTER_SECONDS:
            self._changed = now
            self._look_after_the_leader()
        return arrived

    def _look_after_the_leader(self) -> None:
        if not self._file.is_gone:
            try:
                self._take_over()
            except StorageError as error:
                raise BrokenOffError(str(error)) from None
        elif not self._is_verified():
            raise BrokenOffError("the fetch was given up")
