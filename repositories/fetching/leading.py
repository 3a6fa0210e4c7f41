"""Leading the fetch of a blob.

The fetch belongs to the worker and not to the request: it runs in a thread of its own and goes on
when every client has hung up. Nothing is written to the database before the blob is whole.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from django.db import DatabaseError, IntegrityError, InterfaceError, connection

from repositories.blobs import (
    AppendInterrupted,
    Staging,
    StagingLost,
    StorageError,
    StoredBlob,
)
from repositories.fetching import failures, kept
from repositories.fetching.arrival import FAILED, SIZE, STAGING, VERIFIED
from repositories.fetching.fetch_file import FetchFile, path_of
from repositories.fetching.landing import landing_of, store_landed
from repositories.protocol.digest import Digest
from repositories.records import RepositoryRecord
from repositories.remote.answers import RemoteBlob
from repositories.remote.blocking import contact
from repositories.remote.errors import InvalidAnswer, RemoteError, RemoteUnavailable
from repositories.remote.registry import RemoteRegistry

logger = logging.getLogger(__name__)

MOST_TRANSFERS = 8
"""Requests for one blob at most: a transfer that breaks off is gone on with."""
LEADER = "leader"
IMAGE = "image "
"""Begins the name of a note: that the remote shows the blob under the image's name."""
_PAUSE_SECONDS = 0.2
_COMMITS = 5
_COMMIT_PAUSE_SECONDS = 2.0
_EXIT_SECONDS = 10.0
_HASH_PIECE = 1 << 20


_keeping: set[threading.Thread] = set()


@contextmanager
def _kept_at_exit() -> Iterator[None]:
    """What is done within is done to its end even if the worker is told to stop.

    Clients have their last byte then, so nothing else holds up the worker.
    """
    thread = threading.current_thread()
    _keeping.add(thread)
    try:
        yield
    finally:
        _keeping.discard(thread)


@atexit.register
def _finish_keeping() -> None:
    until = time.monotonic() + _EXIT_SECONDS
    for thread in list(_keeping):
        thread.join(max(0.0, until - time.monotonic()))


@dataclass(frozen=True)
class BlobWanted:
    """A blob to be fetched.

    `size` is what a manifest claims, in bytes; None if none that names it is held. `open` begins
    the transfer at an offset. What becomes of one that `is_foreign` says nothing of the remote.
    """

    repository: RepositoryRecord
    image_name: str
    digest: Digest
    size: int | None
    open: Callable[[RemoteRegistry, int], RemoteBlob]
    is_foreign: bool = False

    @property
    def path(self) -> Path:
        """Where the file of its fetch is: one for each repository, whatever the image."""
        return path_of("blob", self.repository.id, self.digest)


def lead_if_nobody_does(wanted: BlobWanted, file: FetchFile) -> None:
    """Begins or goes on with the fetch if no process leads it."""
    own = file.again()
    try:
        if not own.try_to_lead():
            own.close()
            return
        own.note(**{LEADER: wanted.image_name})
        name = f"fetch-{wanted.digest.encoded[:8]}"
        threading.Thread(target=_Leader(wanted, own).run, name=name, daemon=True).start()
    except BaseException:
        own.close()
        raise


class _Leader:
    """One fetch by the process that has its file locked."""

    def __init__(self, wanted: BlobWanted, file: FetchFile) -> None:
        self._wanted = wanted
        self._file = file
        self._store = wanted.repository.store
        self._landing = landing_of(self._store)
        self._staging = self._landing.stage()

    def run(self) -> None:
        """Fetches, verifies and keeps the blob, and ends the fetch, whatever happens."""
        try:
            wanted = self._wanted
            if not kept.shows_blob(wanted.repository, wanted.image_name, wanted.digest):
                self._fetch()
            self._file.end()
        except (RemoteError, StorageError) as error:
            self._fail(error)
        except Exception as error:
            logger.exception("fetching %s failed", self._wanted.digest)
            self._fail(error)
        finally:
            self._file.close()
            connection.close()

    def _fetch(self) -> None:
        self._recover()
        if self._staging.size and self._staging.size == self._file.notes()[SIZE]:
            # Nothing is left to be transferred, so nothing else would ask for this image's name.
            with self._contact() as remote:
                self._wanted.open(remote, 0).close()
        else:
            self._transfer()
        self._verify()
        with _kept_at_exit():
            self._file.note(**{VERIFIED: True, SIZE: self._staging.size})
            self._keep()

    def _contact(self) -> AbstractContextManager[RemoteRegistry]:
        return contact(self._wanted.repository, is_foreign=self._wanted.is_foreign)

    def _recover(self) -> None:
        """Goes on where a leader that was killed had come to."""
        noted = self._file.notes().get(STAGING)
        if noted is None:
            return
        try:
            self._staging = self._landing.recover(Staging.from_json(noted))
        except StagingLost:
            logger.info("what had arrived of %s is gone", self._wanted.digest)

    def _transfer(self) -> None:
        """Brings the rest; a transfer that breaks off is gone on with while it gets anywhere."""
        with self._contact() as remote:
            for left in reversed(range(MOST_TRANSFERS)):
                before = self._staging.size
                try:
                    self._transfer_once(remote)
                except RemoteUnavailable:
                    if not left or self._staging.size == before:
                        raise
                    time.sleep(_PAUSE_SECONDS)
                else:
                    return

    def _transfer_once(self, remote: RemoteRegistry) -> None:
        with self._wanted.open(remote, self._staging.size) as body:
            size = self._agreed_size(body.size)
            staging = self._staging.to_json()
            self._file.note(**{STAGING: staging, SIZE: size, VERIFIED: False})
            source = _Source(body, None if size is None else size - self._staging.size)
            try:
                self._staging = self._landing.append(
                    self._staging, source, hash_with=self._wanted.digest.algorithm
                )
            except AppendInterrupted as interrupted:
                self._staging = interrupted.staging
                cause = interrupted.__cause__
                raise cause if cause is not None else interrupted from None
        if size is not None and self._staging.size < size:
            raise InvalidAnswer(f"the blob ended after {self._staging.size} of {size} bytes")

    def _agreed_size(self, announced: int | None) -> int | None:
        claimed = self._wanted.size
        if announced is None or claimed is None:
            return announced if claimed is None else claimed
        if announced != claimed:
            # Anybody may push such a manifest; it must not shut the remote for everybody.
            raise InvalidAnswer(f"the remote sends {announced} bytes, the manifest says {claimed}")
        return announced

    def _verify(self) -> None:
        actual = self._staging.digest or self._digest_of_file()
        if actual != self._wanted.digest:
            raise InvalidAnswer(f"the remote sent {actual} for {self._wanted.digest}")
        self._staging = replace(self._staging, digest=actual)

    def _digest_of_file(self) -> Digest:
        """A hash cannot be gone on with, so after an interruption all is read again."""
        hasher = self._wanted.digest.hasher()
        with self._landing.open_staged(self._staging) as file:
            while piece := file.read(_HASH_PIECE):
                hasher.update(piece)
        return Digest(self._wanted.digest.algorithm, hasher.hexdigest())

    def _keep(self) -> None:
        stored = store_landed(self._store, self._staging, self._wanted.digest)
        notes = self._file.notes()
        proven = {name.removeprefix(IMAGE) for name in notes if name.startswith(IMAGE)}
        names = proven | {self._wanted.image_name}
        try:
            key = self._commit(names, stored)
        except IntegrityError:
            # The repository is gone, perhaps with its blob store: nobody would find the object.
            key = ""
        if key != stored.storage_key:
            # Else the same blob was stored by somebody else meanwhile: one object, two links.
            self._store.storage.delete(stored.storage_key)

    def _commit(self, names: set[str], stored: StoredBlob) -> str:
        """Commits the rows; what was brought is worth waiting for a database that comes back."""
        wanted = self._wanted
        for _ in range(_COMMITS - 1):
            try:
                return kept.keep_blob(wanted.repository, names, wanted.digest, stored)
            except IntegrityError:
                raise
            except (DatabaseError, InterfaceError) as error:
                logger.warning("the rows of %s wait for the database: %s", wanted.digest, error)
                connection.close()
                time.sleep(_COMMIT_PAUSE_SECONDS)
        return kept.keep_blob(wanted.repository, names, wanted.digest, stored)

    def _fail(self, error: Exception) -> None:
        logger.warning(
            "%s of %s was not fetched: %s",
            self._wanted.digest,
            self._wanted.repository.name,
            error,
        )
        try:
            self._landing.discard(self._staging)
        except StorageError as left:
            logger.warning("staging %s is left to the sweeper: %s", self._staging.id, left)
        self._file.end(**{FAILED: failures.note_of(error)})


class _Source:
    """The body of a transfer as a storage reads it; longer than announced it is an error."""

    def __init__(self, body: RemoteBlob, limit: int | None) -> None:
        self._body = body
        self._left = limit

    def readinto(self, buffer: memoryview) -> int:
        piece = self._body.read(len(buffer))
        if self._left is not None:
            self._left -= len(piece)
            if self._left < 0:
                raise InvalidAnswer("the remote sends more than was announced")
        buffer[: len(piece)] = piece
        return len(piece)
