"""Blobs on a file system, local or shared.

A push costs two fsyncs: of the file before it gets the name of a blob, of the one folder that the
name is in. The staged file keeps its own name until the blob's row is committed. A file with two
names may be a blob that is served, so nobody writes to it any more: who goes on with such a
staging gets a copy.
"""

import errno
import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import BinaryIO, Final

from nexuslite.checkpoints import checkpoint
from repositories.blobs import buffers, paths
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
    StagingBusy,
    StagingLost,
    StorageError,
    StorageFull,
    StorageUnavailable,
)
from repositories.blobs.staging import RunningDigest, Staging
from repositories.protocol.digest import SHA256, Digest

WRITEBACK_SIZE: Final = 8 << 20
"""Bytes after which the kernel is told to begin writing them to disk."""
_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class FileStorage(BlobStorage):
    """Blobs under one folder."""

    sees_writers = True
    stages_in_files = True

    def __init__(self, root: Path) -> None:
        self.root = root

    def create(self) -> None:
        with _translated():
            for folder in (paths.STAGING, *paths.file_key_folders()):
                self._path(folder).mkdir(parents=True, exist_ok=True)
            algorithms = {self._path(folder).parent for folder in paths.file_key_folders()}
            content = self._path(paths.CONTENT)
            for folder_path in (*algorithms, content, self.root, self.root.parent):
                _sync_folder(folder_path)

    def check(self) -> None:
        for folder in (self.root, self._path(paths.CONTENT), self._path(paths.STAGING)):
            if not folder.is_dir():
                raise StorageUnavailable(f"{folder} is missing or no folder")
            if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                raise StorageUnavailable(f"{folder} cannot be written")

    def available_space(self) -> int | None:
        with _translated():
            system = os.statvfs(self.root)
        return system.f_bavail * system.f_frsize

    def stage(self) -> Staging:
        return Staging(paths.new_id())

    def append(self, staging: Staging, source: Source, *, hash_with: str = SHA256) -> Staging:
        hash = RunningDigest(hash_with) if staging.size == 0 else None
        with _translated(), self._exclusive(staging, to_write=True) as descriptor:
            _cut(descriptor, staging)
            try:
                return _Writer(descriptor, staging, hash).copy(source)
            except OSError:
                # The caller keeps the staging it has; behind it nothing may take up space.
                with suppress(OSError):
                    os.ftruncate(descriptor, staging.size)
                raise

    def recover(self, staging: Staging) -> Staging:
        try:
            with _translated(), self._exclusive(staging, create=False) as descriptor:
                size = os.fstat(descriptor).st_size
        except StagingLost:
            if staging.size == 0:
                return staging
            raise
        return staging if size == staging.size else Staging(staging.id, size)

    def finish(self, staging: Staging, digest: Digest) -> StoredBlob:
        source = self._path(paths.staging_key(staging.id))
        key = paths.new_file_key(digest)
        target = self._path(key)
        with _translated(), self._exclusive(staging) as descriptor:
            actual = _digest(descriptor, staging, digest)
            if actual != digest:
                source.unlink(missing_ok=True)
                raise DigestMismatch(digest, actual)
            # The sweeper counts from now, however long ago the last byte arrived.
            os.utime(descriptor)
            with _removed_on_failure(source):
                os.fsync(descriptor)
            checkpoint("blob.file_synced")
            try:
                _give_name(source, target)
            except FileNotFoundError:
                # Discarded meanwhile: its session was cancelled, or its repository deleted.
                raise _absence(source, StagingLost(staging.id)) from None
            checkpoint("blob.named")
            with _removed_on_failure(source), _removed_on_failure(target):
                _sync_folder(target.parent)
            checkpoint("blob.folder_synced")
        return StoredBlob(key, staging.size)

    def release(self, staging: Staging) -> None:
        self.discard(staging)

    def withdraw(self, storage_key: str) -> None:
        # Every finish gives a name of its own.
        self.delete(storage_key)

    def open_staged(self, staging: Staging) -> BinaryIO:
        path = self._path(paths.staging_key(staging.id))
        with _translated():
            try:
                return path.open("rb", buffering=0)
            except FileNotFoundError:
                raise _absence(path, StagingLost(staging.id)) from None

    def discard(self, staging: Staging) -> None:
        with _translated():
            self._path(paths.staging_key(staging.id)).unlink(missing_ok=True)

    def open(self, storage_key: str, offset: int = 0) -> BinaryIO:
        with self._object(storage_key) as path:
            file = path.open("rb", buffering=0)
            if offset:
                file.seek(offset)
            return file

    def size(self, storage_key: str) -> int:
        with self._object(storage_key) as path:
            return path.stat().st_size

    def delete(self, storage_key: str) -> None:
        with suppress(ObjectMissing), self._object(storage_key) as path:
            path.unlink()

    def list(self, after: str | None = None) -> Iterator[StoredObject]:
        first_folder = (after or "").rpartition("/")[0]
        for folder in paths.file_key_folders():
            if folder < first_folder:
                continue
            for name, status in self._files(folder):
                key = f"{folder}/{name}"
                if paths.is_file_key(key) and (after is None or key > after):
                    yield StoredObject(key, status.st_size, _modified(status))

    def list_stagings(self) -> Iterator[FoundStaging]:
        for name, status in self._files(paths.STAGING):
            if paths.is_id(name):
                yield FoundStaging(Staging(name, status.st_size), _modified(status))

    def download_address(
        self, storage_key: str, expires_seconds: int, *, content_type: str | None = None
    ) -> str | None:
        return None

    def _path(self, key: str) -> Path:
        return self.root / key

    @contextmanager
    def _object(self, storage_key: str) -> Iterator[Path]:
        """Give the path of an object; if it proves missing, say so."""
        if not paths.is_file_key(storage_key):
            raise ObjectMissing(storage_key)
        path = self._path(storage_key)
        with _translated():
            try:
                yield path
            except FileNotFoundError:
                raise _absence(path, ObjectMissing(storage_key)) from None

    @contextmanager
    def _exclusive(
        self, staging: Staging, *, create: bool = True, to_write: bool = False
    ) -> Iterator[int]:
        """Open the staged file for this worker alone; the lock ends with the process."""
        path = self._path(paths.staging_key(staging.id))
        new = os.O_CREAT if create and staging.size == 0 else 0
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | new, 0o640)
        except FileNotFoundError:
            raise _absence(path, StagingLost(staging.id)) from None
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StagingBusy(staging.id) from None
            # Between open and lock another worker may have finished or discarded the file.
            # Written to now, it would change a blob that is already served.
            if not _is_open_at(descriptor, path):
                raise StagingLost(staging.id)
            if to_write and _has_other_names(descriptor):
                shared = descriptor
                descriptor = self._separate(shared, staging)
                os.close(shared)
            yield descriptor
        finally:
            os.close(descriptor)

    def _separate(self, descriptor: int, staging: Staging) -> int:
        """Put a copy of the recorded bytes in the place of the file; return it open and locked."""
        path = self._path(paths.staging_key(paths.new_id()))
        copy = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(copy, fcntl.LOCK_EX)
            copied, count = 0, 1
            while count:
                count = os.copy_file_range(descriptor, copy, staging.size - copied, copied)
                copied += count
            path.rename(self._path(paths.staging_key(staging.id)))
        except OSError:
            os.close(copy)
            path.unlink(missing_ok=True)
            raise
        return copy

    def _files(self, folder: str) -> Iterator[tuple[str, os.stat_result]]:
        """Yield name and status of the files in the folder by name, without those that vanish."""
        path = self._path(folder)
        with _translated():
            names = sorted(os.listdir(path))
        for name in names:
            try:
                with _translated():
                    status = (path / name).stat()
            except StorageUnavailable as error:
                if isinstance(error.__cause__, FileNotFoundError):
                    continue
                raise
            yield name, status


class _Writer:
    """Copies one source behind the bytes that are staged already."""

    def __init__(self, descriptor: int, staging: Staging, hash: RunningDigest | None) -> None:
        self._descriptor = descriptor
        self._staging = staging
        self._hash = hash
        self._position = staging.size
        self._written_back = staging.size

    def copy(self, source: Source) -> Staging:
        """Copy to the end. Raises AppendInterrupted if the source, OSError if the disk fails."""
        with buffers.borrow() as buffer:
            while count := self._read(source, buffer):
                self._write(buffer[:count])
        return self._result()

    def _read(self, source: Source, buffer: memoryview) -> int:
        try:
            return source.readinto(buffer)
        except Exception as error:
            raise AppendInterrupted(self._result()) from error

    def _write(self, content: memoryview) -> None:
        written = 0
        while written < len(content):
            written += os.pwrite(self._descriptor, content[written:], self._position + written)
        checkpoint("blob.written")
        if self._hash is not None:
            self._hash.update(content)
        self._position += written
        self._begin_writeback()

    def _begin_writeback(self) -> None:
        """Let the disk work while the client sends: the fsync at the end then finds little to do.

        Linux begins to write dirty pages when told that they will not be needed; it keeps them.
        """
        length = self._position - self._written_back
        if length >= WRITEBACK_SIZE:
            os.posix_fadvise(self._descriptor, self._written_back, length, os.POSIX_FADV_DONTNEED)
            self._written_back = self._position

    def _result(self) -> Staging:
        if self._position == self._staging.size:
            return self._staging
        digest = None if self._hash is None else self._hash.digest()
        return Staging(self._staging.id, self._position, digest, _mark(self._descriptor))


def _give_name(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A file system without hard links: after a failed commit the client begins anew.
        source.rename(target)


def _has_other_names(descriptor: int) -> bool:
    return os.fstat(descriptor).st_nlink > 1


def _stamp(descriptor: int) -> str:
    """Return what tells whether anybody wrote to the file since ``_mark``.

    After a power cut a file may have its time and its size, and not its bytes.
    """
    return f"{os.fstat(descriptor).st_mtime_ns} {_boot()}"


@cache
def _boot() -> str:
    """Return a name of the time since the system was started."""
    with suppress(FileNotFoundError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""


def _mark(descriptor: int) -> str:
    """Give the file a time of modification of its own, return its stamp.

    The kernel's clock for files may stand still for milliseconds: two writers would get the
    same time. With random digits below the millisecond a later write is sure to alter it.
    """
    now = time.time_ns()
    os.utime(descriptor, ns=(now, now - now % 1_000_000 + secrets.randbelow(1_000_000)))
    return _stamp(descriptor)


def _cut(descriptor: int, staging: Staging) -> None:
    """Drop bytes behind the recorded ones.

    Raises StagingLost if there are fewer, or if those behind may be a blob's.
    """
    size = os.fstat(descriptor).st_size
    if size < staging.size:
        raise StagingLost(f"{staging.id} has {size} of {staging.size} bytes")
    if size > staging.size:
        if _has_other_names(descriptor):
            raise StagingLost(f"{staging.id} was finished with more bytes")
        os.ftruncate(descriptor, staging.size)


def _digest(descriptor: int, staging: Staging, expected: Digest) -> Digest:
    """Return the digest of the staged bytes, the kept one if it is sure to be theirs."""
    unchanged = _stamp(descriptor) == staging.state
    _cut(descriptor, staging)
    kept = staging.digest
    if kept is not None and kept.algorithm == expected.algorithm and unchanged:
        return kept
    hash = RunningDigest(expected.algorithm)
    position = 0
    with buffers.borrow() as buffer:
        while count := os.preadv(descriptor, [buffer], position):
            hash.update(buffer[:count])
            position += count
    return hash.digest()


def _is_open_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _removed_on_failure(path: Path) -> Iterator[None]:
    """Remove the file if its fsync fails.

    Afterwards nobody knows what reached the disk, and the kernel reports the error only once:
    the next fsync would succeed without having written anything.
    """
    try:
        yield
    except OSError:
        with suppress(OSError):
            path.unlink()
        raise


def _absence(path: Path, missing: StorageError) -> StorageError:
    """Tell a missing file from a missing disk."""
    if path.parent.is_dir():
        return missing
    return StorageUnavailable(f"{path.parent} is missing or no folder")


def _modified(status: os.stat_result) -> datetime:
    return datetime.fromtimestamp(status.st_mtime, UTC)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what the operating system reports into the contract's errors."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull(str(error)) from error
        raise StorageUnavailable(str(error)) from error
