"""What every backend must do, whatever it stores blobs in."""

import io
import json
import threading
from datetime import UTC, datetime, timedelta

import pytest

from repositories.blobs import (
    AppendInterrupted,
    DigestMismatch,
    ObjectMissing,
    Staging,
    StagingBusy,
    StagingLost,
)
from repositories.protocol.digest import Digest, UnsupportedAlgorithm

from .sources import MIB, BrokenSource, SmallReads, append, content, put, read

LARGE = content(13 * MIB + 11)


@pytest.mark.parametrize("size", [0, 1, 1000, 5 * MIB, 8 * MIB, 13 * MIB + 11])
def test_what_was_put_is_read_back(storage, size):
    blob = put(storage, LARGE[:size])
    assert blob.size == storage.size(blob.storage_key) == size
    assert read(storage, blob.storage_key) == LARGE[:size]


@pytest.mark.parametrize("offset", [1, 6 * MIB, len(LARGE) - 1])
def test_reading_starts_at_the_offset(storage, offset):
    blob = put(storage, LARGE)
    assert read(storage, blob.storage_key, offset) == LARGE[offset:]


@pytest.mark.parametrize("offset", [4, 5])
def test_reading_from_the_end_or_behind_it_gives_nothing(storage, offset):
    blob = put(storage, b"four")
    assert read(storage, blob.storage_key, offset) == b""


def test_reading_from_the_end_of_an_empty_blob_gives_nothing(storage):
    assert read(storage, put(storage, b"").storage_key, 0) == b""


def test_small_reads_from_the_network_make_the_same_blob(storage):
    staging = storage.append(storage.stage(), SmallReads(LARGE))
    blob = storage.finish(staging, Digest.of(LARGE))
    assert read(storage, blob.storage_key) == LARGE


def test_an_append_in_one_go_keeps_its_digest(storage):
    staging = append(storage, storage.stage(), b"content", hash_with="sha512")
    assert staging.digest == Digest.of(b"content", "sha512")


@pytest.mark.parametrize(
    "cuts",
    [
        [3],
        [6 * MIB],
        [1, 2, 3],
        [1 * MIB, 4 * MIB, 12 * MIB],
        [5 * MIB, 10 * MIB],
        [8 * MIB, 8 * MIB + 1],
    ],
)
def test_an_upload_in_several_requests_makes_one_blob(storage, cuts):
    staging = storage.stage()
    for start, end in zip([0, *cuts], [*cuts, len(LARGE)], strict=True):
        assert staging.size == start
        staging = append(storage, staging, LARGE[start:end])
    blob = storage.finish(staging, Digest.of(LARGE))
    assert read(storage, blob.storage_key) == LARGE


def test_another_worker_goes_on_with_the_recorded_staging(storage):
    staging = append(storage, storage.stage(), LARGE[: 7 * MIB])
    staging = Staging.from_json(json.loads(json.dumps(staging.to_json())))
    staging = append(storage, staging, LARGE[7 * MIB :])
    staging = Staging.from_json(json.loads(json.dumps(staging.to_json())))
    assert read(storage, storage.finish(staging, Digest.of(LARGE)).storage_key) == LARGE


def test_an_empty_append_changes_nothing(storage):
    fresh = storage.stage()
    assert append(storage, fresh, b"") == fresh
    staging = append(storage, fresh, b"content")
    assert append(storage, staging, b"") == staging


def test_sha512_is_verified_as_sha256_is(storage):
    blob = put(storage, b"content", "sha512")
    assert read(storage, blob.storage_key) == b"content"


@pytest.mark.parametrize("kept, asked", [("sha256", "sha512"), ("sha512", "sha256")])
@pytest.mark.parametrize("size", [1000, 9 * MIB])
def test_a_digest_of_another_algorithm_is_verified_from_the_bytes(storage, size, kept, asked):
    staging = append(storage, storage.stage(), LARGE[:size], hash_with=kept)
    blob = storage.finish(staging, Digest.of(LARGE[:size], asked))
    assert read(storage, blob.storage_key) == LARGE[:size]


def test_an_unknown_algorithm_is_refused(storage):
    with pytest.raises(UnsupportedAlgorithm):
        append(storage, storage.stage(), b"content", hash_with="md5")


@pytest.mark.parametrize("pieces", [1, 2])
@pytest.mark.parametrize("size", [10, 9 * MIB])
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_wrong_digest_leaves_nothing_behind(storage, algorithm, size, pieces):  # fault 17
    staging = storage.stage()
    for piece in range(pieces):
        staging = append(storage, staging, content(size, seed=piece), hash_with=algorithm)
    wrong = Digest.of(b"something else", algorithm)
    with pytest.raises(DigestMismatch) as caught:
        storage.finish(staging, wrong)
    assert caught.value.expected == wrong
    assert caught.value.actual.algorithm == algorithm
    assert list(storage.list_stagings()) == []
    if pieces == 1:
        assert list(storage.list()) == []
    with pytest.raises(StagingLost):
        storage.finish(append(storage, staging, b"more"), wrong)


def test_a_wrong_digest_of_nothing_is_refused(storage):  # fault 17
    with pytest.raises(DigestMismatch):
        storage.finish(storage.stage(), Digest.of(b"something"))
    assert list(storage.list()) == []


@pytest.mark.parametrize("size", [1000, 9 * MIB])
def test_bytes_before_a_source_fails_are_kept(storage, size):  # fault 1
    with pytest.raises(AppendInterrupted) as caught:
        storage.append(storage.stage(), BrokenSource(LARGE[:size], ConnectionResetError()))
    assert isinstance(caught.value.__cause__, ConnectionResetError)
    staging = caught.value.staging
    assert staging.size == size
    staging = append(storage, staging, LARGE[size:])
    assert read(storage, storage.finish(staging, Digest.of(LARGE)).storage_key) == LARGE


def test_an_interrupted_append_may_have_been_all_there_was(storage):
    with pytest.raises(AppendInterrupted) as caught:
        storage.append(storage.stage(), BrokenSource(b"content", TimeoutError()))
    blob = storage.finish(caught.value.staging, Digest.of(b"content"))
    assert read(storage, blob.storage_key) == b"content"


def test_a_source_that_fails_at_once_changes_nothing(storage):
    staging = append(storage, storage.stage(), b"content")
    with pytest.raises(AppendInterrupted) as caught:
        storage.append(staging, BrokenSource(b"", TimeoutError()))
    assert caught.value.staging == staging


@pytest.mark.parametrize("first, lost, rest", [(0, 100, 50), (100, 9 * MIB, 10), (9 * MIB, 1, 2)])
def test_an_append_that_was_not_recorded_is_written_over(storage, first, lost, rest):  # fault 1
    staging = append(storage, storage.stage(), LARGE[:first])
    append(storage, staging, content(lost, seed=1))
    staging = append(storage, staging, LARGE[first : first + rest])
    expected = LARGE[: first + rest]
    blob = storage.finish(staging, Digest.of(expected))
    assert read(storage, blob.storage_key) == expected


def test_an_append_that_was_not_recorded_is_not_in_the_blob(storage):  # fault 1
    staging = append(storage, storage.stage(), b"recorded")
    append(storage, staging, b"not recorded")
    blob = storage.finish(staging, Digest.of(b"recorded"))
    assert read(storage, blob.storage_key) == b"recorded"


def test_a_kept_digest_does_not_vouch_for_bytes_written_later(storage):
    """Two workers begin the same upload; the row remembers the first, the second wrote last."""
    fresh = storage.stage()
    recorded = append(storage, fresh, b"first")
    append(storage, fresh, b"other")
    try:
        blob = storage.finish(recorded, Digest.of(b"first"))
    except DigestMismatch:
        return
    assert read(storage, blob.storage_key) == b"first"


def test_recover_leaves_an_intact_staging_as_it_is(storage):
    fresh = storage.stage()
    assert storage.recover(fresh) == fresh
    staging = append(storage, fresh, LARGE)
    assert storage.recover(staging) == staging


def test_what_recover_returns_can_be_finished(storage):  # fault 1
    staging = append(storage, storage.stage(), LARGE[: 6 * MIB])
    append(storage, staging, LARGE[6 * MIB :])
    recovered = storage.recover(staging)
    assert 6 * MIB <= recovered.size <= len(LARGE)
    staging = append(storage, recovered, LARGE[recovered.size :])
    assert read(storage, storage.finish(staging, Digest.of(LARGE)).storage_key) == LARGE


@pytest.mark.parametrize("size", [1000, 9 * MIB])
def test_a_discarded_staging_is_gone(storage, size):
    staging = append(storage, storage.stage(), LARGE[:size])
    storage.discard(staging)
    storage.discard(staging)
    assert list(storage.list()) == []
    assert list(storage.list_stagings()) == []
    for use in (
        lambda: storage.finish(append(storage, staging, b"more"), Digest.of(b"")),
        lambda: storage.finish(staging, Digest.of(LARGE[:size])),
        lambda: storage.recover(staging),
    ):
        with pytest.raises(StagingLost):
            use()


def test_discarding_an_upload_without_bytes_does_nothing(storage):
    storage.discard(storage.stage())


@pytest.mark.parametrize("size", [1000, 9 * MIB])
def test_a_finish_can_be_repeated_until_it_is_released(storage, size):  # fault 5
    staging = append(storage, storage.stage(), LARGE[:size])
    blobs = [storage.finish(staging, Digest.of(LARGE[:size])) for _ in range(2)]
    storage.withdraw(blobs[0].storage_key)
    blobs.append(storage.finish(staging, Digest.of(LARGE[:size])))
    storage.release(staging)
    assert list(storage.list_stagings()) == []
    for blob in blobs[1:]:
        assert read(storage, blob.storage_key) == LARGE[:size]
    storage.release(staging)


def test_the_same_content_gets_a_new_key_each_time(storage):  # fault 12
    old, new = put(storage, b"content"), put(storage, b"content")
    assert old.storage_key != new.storage_key
    storage.delete(old.storage_key)
    assert read(storage, new.storage_key) == b"content"


def test_two_uploads_of_the_same_content_at_once_both_succeed(storage):  # fault 12
    stagings = [append(storage, storage.stage(), LARGE) for _ in range(2)]
    barrier = threading.Barrier(2)
    keys = []

    def finish(staging):
        barrier.wait()
        keys.append(storage.finish(staging, Digest.of(LARGE)).storage_key)

    threads = [threading.Thread(target=finish, args=[staging]) for staging in stagings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(keys)) == 2
    assert all(read(storage, key) == LARGE for key in keys)


def test_two_finishes_of_one_upload_at_once_never_end_in_a_wrong_blob(storage):
    staging = append(storage, storage.stage(), LARGE)
    barrier = threading.Barrier(2)
    keys, refusals = set(), []

    def finish():
        barrier.wait()
        try:
            keys.add(storage.finish(staging, Digest.of(LARGE)).storage_key)
        except (StagingLost, StagingBusy) as refusal:
            refusals.append(refusal)

    threads = [threading.Thread(target=finish) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert keys
    storage.release(staging)
    assert all(read(storage, key) == LARGE for key in keys)
    assert list(storage.list_stagings()) == []


def test_a_deleted_object_is_missing_and_may_be_deleted_again(storage):
    blob = put(storage, b"content")
    storage.delete(blob.storage_key)
    storage.delete(blob.storage_key)
    with pytest.raises(ObjectMissing):
        storage.open(blob.storage_key)
    with pytest.raises(ObjectMissing):
        storage.size(blob.storage_key)


@pytest.mark.parametrize("key", ["", "content", "../../etc/passwd", "content/../staging/x", "/"])
def test_a_key_that_no_store_gives_names_nothing(storage, key):
    storage.delete(key)
    with pytest.raises(ObjectMissing):
        storage.open(key)
    with pytest.raises(ObjectMissing):
        storage.size(key)


def test_list_yields_every_object_in_the_order_of_keys(storage):
    blobs = {}
    for number in range(12):
        blob = put(storage, b"x" * number, "sha512" if number % 3 else "sha256")
        blobs[blob.storage_key] = blob.size
    found = list(storage.list())
    assert [item.storage_key for item in found] == sorted(blobs)
    assert {item.storage_key: item.size for item in found} == blobs
    now = datetime.now(UTC)
    assert all(now - timedelta(minutes=1) < item.modified <= now for item in found)


def test_list_goes_on_behind_a_key_even_if_that_was_deleted(storage):
    keys = sorted(put(storage, b"%d" % number).storage_key for number in range(5))
    storage.delete(keys[2])
    assert [item.storage_key for item in storage.list(after=keys[2])] == keys[3:]
    assert list(storage.list(after=keys[-1])) == []


def test_list_stagings_yields_what_a_sweeper_can_discard(storage):
    staging = append(storage, storage.stage(), LARGE)
    pieces = list(storage.list_stagings())
    assert {piece.staging.id for piece in pieces} == {staging.id}
    for piece in pieces:
        assert abs(datetime.now(UTC) - piece.modified) < timedelta(minutes=1)
        storage.discard(piece.staging)
    assert list(storage.list_stagings()) == []
    with pytest.raises(StagingLost):
        storage.finish(staging, Digest.of(LARGE))


def test_nothing_is_staged_after_release(storage):
    put(storage, LARGE)
    assert list(storage.list_stagings()) == []


def test_create_keeps_what_is_there(storage):
    blob = put(storage, b"content")
    storage.create()
    storage.check()
    assert read(storage, blob.storage_key) == b"content"


def test_readers_are_readable_binary_files(storage):
    blob = put(storage, b"content")
    with storage.open(blob.storage_key) as reader:
        assert reader.readable()
        assert not reader.writable()
        buffer = bytearray(4)
        assert io.BufferedReader(reader).readinto(buffer) == 4
        assert bytes(buffer) == b"cont"
