"""Uploads in random steps: whatever happens, a blob is what its row was told."""

import contextlib
import io

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from repositories.blobs import (
    AppendInterrupted,
    BlobStorage,
    DigestMismatch,
    Staging,
    StagingLost,
)
from repositories.blobs.objects import ObjectStorage
from repositories.protocol.digest import Digest

from .memory import MemoryBucket
from .sources import BrokenSource, read

PIECES = st.binary(max_size=60)


class Upload(RuleBasedStateMachine):
    """One upload session: the recorded staging, and the bytes that it stands for."""

    storage: BlobStorage

    @initialize()
    def begin(self):
        self.recorded, self.content = self.storage.stage(), b""
        self.finished: dict[str, bytes] = {}

    def record(self, staging: Staging, content: bytes) -> None:
        self.recorded, self.content = Staging.from_json(staging.to_json()), content

    @rule(piece=PIECES, algorithm=st.sampled_from(["sha256", "sha512"]))
    def append(self, piece, algorithm):
        staging = self.storage.append(self.recorded, io.BytesIO(piece), hash_with=algorithm)
        self.record(staging, self.content + piece)

    @rule(piece=PIECES)
    def append_without_recording(self, piece):
        self.storage.append(self.recorded, io.BytesIO(piece))

    @rule(piece=PIECES)
    def interrupted(self, piece):
        try:
            self.storage.append(self.recorded, BrokenSource(piece, ConnectionResetError()))
        except AppendInterrupted as interruption:
            self.record(interruption.staging, self.content + piece)

    @rule(piece=PIECES)
    def crash_and_recover(self, piece):
        self.storage.append(self.recorded, io.BytesIO(piece))
        recovered = self.storage.recover(self.recorded)
        assert self.recorded.size <= recovered.size <= self.recorded.size + len(piece)
        self.record(recovered, (self.content + piece)[: recovered.size])

    @rule(algorithm=st.sampled_from(["sha256", "sha512"]))
    def finish(self, algorithm):
        blob = self.storage.finish(self.recorded, Digest.of(self.content, algorithm))
        assert blob.size == len(self.content)
        assert blob.storage_key not in self.finished
        self.finished[blob.storage_key] = self.content
        self.storage.release(self.recorded)
        self.record(self.storage.stage(), b"")

    @rule()
    def finish_and_lose_the_rows(self):
        blob = self.storage.finish(self.recorded, Digest.of(self.content))
        self.finished[blob.storage_key] = self.content
        if not self.storage.sees_writers:
            # Parts that have become an object are no parts any more.
            self.record(self.storage.stage(), b"")

    @precondition(lambda self: self.recorded.size)
    @rule()
    def finish_with_a_wrong_digest(self):
        with pytest.raises(DigestMismatch):
            self.storage.finish(self.recorded, Digest.of(self.content + b"!"))
        # Too late; only a bucket may have made the object already.
        with contextlib.suppress(StagingLost):
            self.finish("sha256")
        self.record(self.storage.stage(), b"")

    @rule()
    def discard(self):
        self.storage.discard(self.recorded)
        self.record(self.storage.stage(), b"")

    @invariant()
    def size_is_recorded(self):
        assert self.recorded.size == len(self.content)

    @invariant()
    def finished_blobs_stay_what_they_are(self):
        for key, content in self.finished.items():
            assert read(self.storage, key) == content
            assert self.storage.size(key) == len(content)

    def teardown(self):
        for piece in self.storage.list_stagings():
            self.storage.discard(piece.staging)
        assert list(self.storage.list_stagings()) == []
        assert set(self.finished) <= {item.storage_key for item in self.storage.list()}
        self.finished_blobs_stay_what_they_are()


FEW = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def run_uploads(tested: BlobStorage) -> None:
    class TestedUpload(Upload):
        storage = tested

    run_state_machine_as_test(TestedUpload, settings=FEW)


def test_uploads_to_files(file_storage):
    run_uploads(file_storage)


def test_uploads_to_a_bucket():
    run_uploads(ObjectStorage(MemoryBucket(minimum_part_size=50, part_size=80)))
