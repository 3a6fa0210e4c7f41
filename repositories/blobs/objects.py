"""Blobs in a bucket: immutable objects, multipart upload, no append and no rename.

An upload becomes one multipart upload under the key that the blob will have, so that finishing
copies nothing. A part has a minimum size; what is left of a request below it, the tail, is put
as an object of its own, and read back by the next request.

No key is ever written twice. A tail lives until the staging behind it is recorded, so whoever
holds an older staging can go on from there; two workers that do so at once part ways instead of
mixing their bytes.
"""

import builtins
import json
import mmap
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import BinaryIO, Final

from repositories.blobs import paths
from repositories.blobs.contract import (
    BlobStorage,
    FoundStaging,
    Source,
    StoredBlob,
    StoredObject,
)
from repositories.blobs.errors import (
    AppendInterrupted,
    DigestMismatch,
    ObjectMissing,
    StagingLost,
    StorageError,
)
from repositories.blobs.staging import RunningDigest, Staging
from repositories.protocol.digest import SHA256, Digest

READ_SIZE: Final = 1 << 20
"""Bytes read from an object at a time when it is verified."""
PARTS_OF_ONE_SIZE: Final = 1000
"""Parts after which they grow, since a multipart upload may have 10,000 only."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a multipart upload as the bucket acknowledged it."""

    tag: str
    size: int


@dataclass(frozen=True, slots=True)
class FoundUpload:
    """A multipart upload that was neither completed nor aborted."""

    key: str
    upload_id: str
    started: datetime


class Bucket(ABC):
    """The calls of object storage, in S3's terms. They raise the contract's errors."""

    minimum_part_size: int
    """Bytes that every part but the last must have at least."""
    part_size: int
    """Bytes of a part while there are few; also the memory that an append takes."""

    @abstractmethod
    def create(self) -> None:
        """Make the bucket if it is not there."""

    @abstractmethod
    def check(self) -> None:
        """Raise StorageUnavailable with the reason if the bucket cannot be used."""

    @abstractmethod
    def put(self, key: str, content: bytes) -> None:
        """Store a whole object."""

    @abstractmethod
    def get(self, key: str, offset: int = 0) -> BinaryIO:
        """Return the object's bytes from the offset on. Raises ObjectMissing."""

    @abstractmethod
    def size(self, key: str) -> int:
        """Return the object's length. Raises ObjectMissing."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Delete the object if it is there."""

    @abstractmethod
    def list(self, prefix: str, after: str) -> Iterator[StoredObject]:
        """Yield the objects with the prefix in the order of keys, from behind ``after``."""

    @abstractmethod
    def start_upload(self, key: str) -> str:
        """Start a multipart upload, return its id."""

    @abstractmethod
    def put_part(self, key: str, upload_id: str, number: int, content: bytes) -> Part:
        """Store a part, numbered from 1, in the place of one with that number."""

    @abstractmethod
    def list_parts(self, key: str, upload_id: str) -> builtins.list[Part]:
        """Return the parts from 1 up to the first gap. Raises StagingLost."""

    @abstractmethod
    def complete_upload(self, key: str, upload_id: str, parts: builtins.list[Part]) -> None:
        """Make the object. Raises StagingLost if the upload is gone or its parts are others."""

    @abstractmethod
    def abort_upload(self, key: str, upload_id: str) -> None:
        """Drop the upload and its parts if it is there."""

    @abstractmethod
    def list_uploads(self, prefix: str) -> Iterator[FoundUpload]:
        """Yield the multipart uploads under way."""

    @abstractmethod
    def download_address(
        self, key: str, expires_seconds: int, content_type: str | None
    ) -> str | None:
        """Return a signed URL, or None if they are not wanted."""


@dataclass(frozen=True, slots=True)
class _Upload:
    """What ``Staging.state`` says."""

    key: str | None = None
    upload_id: str | None = None
    parts: tuple[Part, ...] = ()
    tail: str | None = None
    """Key of the object that holds the bytes behind the parts."""
    stale_tail: str | None = None
    """Key of the tail before; the recorded staging may still need it."""

    @classmethod
    def of(cls, staging: Staging) -> "_Upload":
        if not staging.state:
            return cls()
        document = json.loads(staging.state)
        parts = tuple(Part(**part) for part in document.pop("parts"))
        return cls(parts=parts, **document)

    def to_state(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    def parts_size(self) -> int:
        return sum(part.size for part in self.parts)

    def tails(self) -> Iterator[str]:
        return (tail for tail in (self.tail, self.stale_tail) if tail is not None)


class ObjectStorage(BlobStorage):
    """Blobs in one bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket

    def create(self) -> None:
        self.bucket.create()

    def check(self) -> None:
        self.bucket.check()

    def available_space(self) -> int | None:
        return None

    def stage(self) -> Staging:
        return Staging(paths.new_id())

    def append(self, staging: Staging, source: Source, *, hash_with: str = SHA256) -> Staging:
        hash = RunningDigest(hash_with) if staging.size == 0 else None
        return _Writer(self.bucket, staging, hash).copy(source)

    def recover(self, staging: Staging) -> Staging:
        upload = _Upload.of(staging)
        if upload.key is None or upload.upload_id is None:
            if upload.tail is not None:
                _open_tail(self.bucket, upload.tail).close()
            return staging
        parts = tuple(self.bucket.list_parts(upload.key, upload.upload_id))
        found = replace(upload, parts=parts, tail=None, stale_tail=upload.tail)
        if found.parts_size() <= staging.size:
            return staging
        return Staging(staging.id, found.parts_size(), None, found.to_state())

    def finish(self, staging: Staging, digest: Digest) -> StoredBlob:
        upload = _Upload.of(staging)
        kept = staging.digest
        if kept is not None and kept.algorithm == digest.algorithm and kept != digest:
            self.discard(staging)
            raise DigestMismatch(digest, kept)
        tail = b"" if upload.tail is None else _read_tail(self.bucket, upload.tail)
        if upload.key is None or upload.upload_id is None:
            key = self._put_whole(staging, tail, digest)
        else:
            key = self._complete(upload.key, upload.upload_id, upload.parts, tail, digest)
            if kept != digest:
                self._verify(key, upload, digest)
        return StoredBlob(key, staging.size)

    def release(self, staging: Staging) -> None:
        self._drop_tails(_Upload.of(staging))

    def discard(self, staging: Staging) -> None:
        upload = _Upload.of(staging)
        if upload.key is not None and upload.upload_id is not None:
            self.bucket.abort_upload(upload.key, upload.upload_id)
        for tail in upload.tails():
            self.bucket.delete(tail)

    def open(self, storage_key: str, offset: int = 0) -> BinaryIO:
        return self.bucket.get(_checked(storage_key), offset)

    def size(self, storage_key: str) -> int:
        return self.bucket.size(_checked(storage_key))

    def delete(self, storage_key: str) -> None:
        with suppress(ObjectMissing):
            self.bucket.delete(_checked(storage_key))

    def list(self, after: str | None = None) -> Iterator[StoredObject]:
        for found in self.bucket.list(f"{paths.CONTENT}/", after or ""):
            if paths.is_object_key(found.storage_key):
                yield found

    def list_stagings(self) -> Iterator[FoundStaging]:
        for upload in self.bucket.list_uploads(f"{paths.CONTENT}/"):
            if paths.is_object_key(upload.key):
                state = _Upload(key=upload.key, upload_id=upload.upload_id).to_state()
                staging = Staging(paths.staging_of(upload.key), state=state)
                yield FoundStaging(staging, upload.started)
        for tail in self.bucket.list(f"{paths.STAGING}/", ""):
            if paths.is_tail_key(tail.storage_key):
                state = _Upload(tail=tail.storage_key).to_state()
                staging = Staging(paths.staging_of(tail.storage_key), tail.size, state=state)
                yield FoundStaging(staging, tail.modified)

    def download_address(
        self, storage_key: str, expires_seconds: int, *, content_type: str | None = None
    ) -> str | None:
        return self.bucket.download_address(_checked(storage_key), expires_seconds, content_type)

    def _put_whole(self, staging: Staging, content: bytes, digest: Digest) -> str:
        """Make an upload that never filled a part an object, return its key."""
        actual = Digest.of(content, digest.algorithm)
        if actual != digest:
            self.discard(staging)
            raise DigestMismatch(digest, actual)
        key = paths.new_object_key(staging.id)
        self.bucket.put(key, content)
        return key

    def _complete(
        self, key: str, upload_id: str, parts: tuple[Part, ...], tail: bytes, digest: Digest
    ) -> str:
        """Make the parts and the tail an object, return its key."""
        try:
            if tail:
                last = self.bucket.put_part(key, upload_id, len(parts) + 1, tail)
                parts = (*parts, last)
            self.bucket.complete_upload(key, upload_id, [*parts])
        except StagingLost as lost:
            # The answer to an earlier attempt may have been lost, its effect was not.
            try:
                found = _digest(self.bucket, key, digest.algorithm)
            except ObjectMissing:
                raise lost from None
            if found != digest:
                raise
        return key

    def _verify(self, key: str, upload: _Upload, digest: Digest) -> None:
        """Raise DigestMismatch if the object is something else.

        It is left to the sweeper: parts cannot be read before they are an object, and another
        request that named the right digest may already have been given its key.
        """
        actual = _digest(self.bucket, key, digest.algorithm)
        if actual != digest:
            self._drop_tails(upload)
            raise DigestMismatch(digest, actual)

    def _drop_tails(self, upload: _Upload) -> None:
        """Delete what is in the object now; what stays behind is swept."""
        for tail in upload.tails():
            with suppress(StorageError):
                self.bucket.delete(tail)


class _Writer:
    """Copies one source into parts and a tail."""

    def __init__(self, bucket: Bucket, staging: Staging, hash: RunningDigest | None) -> None:
        self._bucket = bucket
        self._staging = staging
        self._before = _Upload.of(staging)
        self._hash = hash
        self._size = staging.size
        self._key = self._before.key
        self._upload_id = self._before.upload_id
        self._parts = [*self._before.parts]
        self._filled = staging.size - self._before.parts_size()
        self._buffer = self._new_buffer()

    def copy(self, source: Source) -> Staging:
        """Copy to the end. Raises AppendInterrupted if the source fails."""
        while count := self._read(source):
            self._take(count)
        return self._result()

    def _read(self, source: Source) -> int:
        try:
            return source.readinto(self._buffer[self._filled :])
        except Exception as error:
            raise AppendInterrupted(self._result()) from error

    def _take(self, count: int) -> None:
        if self._size == self._staging.size and self._before.tail is not None:
            self._buffer[: self._filled] = _read_tail(self._bucket, self._before.tail)
        end = self._filled + count
        if self._hash is not None:
            self._hash.update(self._buffer[self._filled : end])
        self._filled = end
        self._size += count
        if end == len(self._buffer):
            self._put_part()

    def _put_part(self) -> None:
        if self._key is None or self._upload_id is None:
            self._key = paths.new_object_key(self._staging.id)
            self._upload_id = self._bucket.start_upload(self._key)
        content = bytes(self._buffer[: self._filled])
        number = len(self._parts) + 1
        self._parts.append(self._bucket.put_part(self._key, self._upload_id, number, content))
        self._filled = 0
        if number % PARTS_OF_ONE_SIZE == 0:
            self._buffer = self._new_buffer()

    def _new_buffer(self) -> memoryview:
        # Anonymous memory becomes resident page by page, as it is used.
        growth = 1 + len(self._parts) // PARTS_OF_ONE_SIZE
        return memoryview(mmap.mmap(-1, self._bucket.part_size * growth))

    def _result(self) -> Staging:
        if self._size == self._staging.size:
            return self._staging
        tail = None
        if self._filled >= self._bucket.minimum_part_size:
            self._put_part()
        elif self._filled:
            tail = paths.new_tail_key(self._staging.id)
            self._bucket.put(tail, bytes(self._buffer[: self._filled]))
        if self._before.stale_tail is not None:
            with suppress(StorageError):
                self._bucket.delete(self._before.stale_tail)
        upload = _Upload(self._key, self._upload_id, tuple(self._parts), tail, self._before.tail)
        digest = None if self._hash is None else self._hash.digest()
        return Staging(self._staging.id, self._size, digest, upload.to_state())


def _digest(bucket: Bucket, key: str, algorithm: str) -> Digest:
    hash = RunningDigest(algorithm)
    with closing(bucket.get(key)) as reader:
        while content := reader.read(READ_SIZE):
            hash.update(content)
    return hash.digest()


def _read_tail(bucket: Bucket, key: str) -> bytes:
    with closing(_open_tail(bucket, key)) as reader:
        return b"".join(iter(lambda: reader.read(READ_SIZE), b""))


def _open_tail(bucket: Bucket, key: str) -> BinaryIO:
    try:
        return bucket.get(key)
    except ObjectMissing:
        raise StagingLost(key) from None


def _checked(storage_key: str) -> str:
    if not paths.is_object_key(storage_key):
        raise ObjectMissing(storage_key)
    return storage_key
