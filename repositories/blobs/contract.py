"""The storage contract: what every place for blobs must be able to do, in a few verbs.

One suite, ``tests/storage/test_contract.py``, holds every backend to it.

**Life of a blob.** ``stage`` → ``append`` (once or more) → ``finish``, which verifies the digest
and returns the storage key → ``release``. The key is kept in the blob's row; nothing else may
derive a key. Only when ``finish`` has returned are the bytes safe against power loss, so the row
is committed after it, and ``release`` comes after that: until then ``finish`` can be repeated,
whatever became of the row. A crash between any two steps leaves garbage, never a row without
bytes: stagings without an upload row (``list_stagings``), objects without a blob row (``list``).

**Sweeping.** An object without a blob row may be a blob whose row is about to be committed.
Delete it only when it is older than the longest upload session, counted from its first request
and not from its last: S3 dates an object by the start of its multipart upload.

**Exclusion.** An upload session has one writer at a time. A backend refuses a second one with
``StagingBusy`` where it can see it, and never lets two writers end in a wrong blob.

**Threads and processes.** A storage may be used by many threads; it keeps no state that another
process would need.

Every verb may raise StorageUnavailable. Sizes and offsets are bytes, times are aware UTC.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, ClassVar, Protocol

from repositories.blobs.staging import Staging
from repositories.protocol.digest import SHA256, Digest


class Source(Protocol):
    """Where appended bytes come from: a request's body, a file, ``io.BytesIO``."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the start of the buffer, return how many bytes; 0 only at the end.

        It should return what is there rather than wait until the buffer is full.
        """


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """What ``finish`` returns: under which key the blob lies, and how long it is."""

    storage_key: str
    size: int


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object as ``list`` sees it."""

    storage_key: str
    size: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class FoundStaging:
    """A staging as ``list_stagings`` sees it: enough to compare its id and to discard it."""

    staging: Staging
    modified: datetime


class BlobStorage(ABC):
    """A place for blobs."""

    sees_writers: ClassVar[bool] = False
    """Whether a second writer of a staging is always refused with StagingBusy."""

    stages_in_files: ClassVar[bool] = False
    """Whether ``open_staged`` can be used."""

    @abstractmethod
    def create(self) -> None:
        """Prepare the place: folders or bucket. Does nothing where it already stands.

        Called when a blob store is created, never at start: a disk that is not mounted must
        not be replaced by empty folders.
        """

    @abstractmethod
    def check(self) -> None:
        """Return if the storage can be used; raise StorageUnavailable with the reason if not."""

    @abstractmethod
    def available_space(self) -> int | None:
        """Return the bytes that may still be stored, or None where there is no such limit."""

    @abstractmethod
    def stage(self) -> Staging:
        """Begin an upload. Writes nothing, so an abandoned one leaves nothing."""

    @abstractmethod
    def append(self, staging: Staging, source: Source, *, hash_with: str = SHA256) -> Staging:
        """Write the source, to its end, after the first ``staging.size`` bytes.

        Memory is constant. What was returned survives kill -9, not yet power loss. The staging
        given stays valid until the new one is recorded: bytes behind ``staging.size``, left by
        a crash or by an append that was not recorded, are overwritten.

        ``hash_with`` names the algorithm to hash with on the way, if this is the first append.
        A source that ends at once changes nothing.

        Raises AppendInterrupted with the new staging if the source raises; StorageFull, and the
        staging given is intact; StagingLost; StagingBusy; UnsupportedAlgorithm.
        """

    @abstractmethod
    def recover(self, staging: Staging) -> Staging:
        """Return the staging as it really is after a crash: with bytes nobody recorded, or fewer.

        Raises StagingLost if nothing is left of it; StagingBusy. Where writers are not seen
        (``sees_writers``), only the caller can know that none is at work.
        """

    @abstractmethod
    def finish(self, staging: Staging, digest: Digest) -> StoredBlob:
        """Verify the digest, make the bytes durable, return their key.

        Uses the hash kept by a single append with the same algorithm, else reads all bytes.
        Every staging gets a key of its own, also for content that is there already, so that a
        collector cannot delete what was just pushed again. ``finish`` can be repeated until
        ``release``, and may return the same key: compare keys before you delete a duplicate.

        Raises DigestMismatch, and the staging is gone, though an object that had to be made
        before it could be read is left to the sweeper; StorageFull, and the staging is intact,
        unless the system cannot tell what reached the disk, then it is lost; StagingLost;
        StagingBusy.
        """

    def open_staged(self, staging: Staging) -> BinaryIO:
        """Return a real file that grows while somebody appends to the staging.

        It stays readable when the staging is finished or discarded meanwhile. Bytes that are
        there never change until a ``StorageFull`` or a ``recover`` cuts them off. Raises
        StagingLost if nothing is staged. Only where ``stages_in_files``.
        """
        raise NotImplementedError

    @abstractmethod
    def release(self, staging: Staging) -> None:
        """Give up what ``finish`` kept of the staging; called when the blob's row is committed."""

    def withdraw(self, storage_key: str) -> None:  # noqa: B027 - many stores have nothing to do
        """Give up what ``finish`` has just made, where the row was certainly not committed.

        The staging stays as it is. An object that another ``finish`` of the same staging may
        have been given as well is left to the sweeper.
        """

    @abstractmethod
    def discard(self, staging: Staging) -> None:
        """Remove the staged bytes. Does nothing if there are none."""

    @abstractmethod
    def open(self, storage_key: str, offset: int = 0) -> BinaryIO:
        """Return an unbuffered reader positioned at the offset; at or behind the end it is empty.

        A file store returns a real file (``fileno()``, seekable), fit for ``sendfile``; an
        object store the body of a ranged GET. ``read(n)`` may return fewer bytes than asked.
        Deleting the object does not disturb a file that is open. Raises ObjectMissing.
        """

    @abstractmethod
    def size(self, storage_key: str) -> int:
        """Return the length in bytes. Raises ObjectMissing."""

    @abstractmethod
    def delete(self, storage_key: str) -> None:
        """Remove the object. Does nothing if it is not there."""

    @abstractmethod
    def list(self, after: str | None = None) -> Iterator[StoredObject]:
        """Yield all objects in the order of their keys, from behind the key ``after``."""

    @abstractmethod
    def list_stagings(self) -> Iterator[FoundStaging]:
        """Yield the stagings that hold bytes, in no particular order.

        One staging may be found in several pieces, each fit to be discarded.
        """

    @abstractmethod
    def download_address(
        self, storage_key: str, expires_seconds: int, *, content_type: str | None = None
    ) -> str | None:
        """Return a signed URL to GET the object from, or None where the store has none."""
