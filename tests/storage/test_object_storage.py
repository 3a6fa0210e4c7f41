"""What object storage adds: parts, tails, and answers that get lost."""

import pytest

from repositories.blobs import DigestMismatch, StagingLost, StorageUnavailable
from repositories.blobs.objects import PARTS_OF_ONE_SIZE, ObjectStorage
from repositories.protocol.digest import Digest

from .memory import MemoryBucket
from .sources import append, content, put, read


@pytest.fixture
def bucket() -> MemoryBucket:
    return MemoryBucket(minimum_part_size=50, part_size=80)


@pytest.fixture
def storage(bucket) -> ObjectStorage:
    return ObjectStorage(bucket)


def test_a_small_blob_needs_no_multipart_upload(storage, bucket, monkeypatch):
    monkeypatch.setattr(bucket, "start_upload", lambda key: pytest.fail("started"))
    blob = put(storage, content(49))
    assert read(storage, blob.storage_key) == content(49)
    assert list(bucket.objects) == [blob.storage_key]


def test_many_small_requests_leave_few_objects_on_the_way(storage, bucket):
    staging = storage.stage()
    for number in range(100):
        staging = append(storage, staging, b"%d" % (number % 10))
        assert len(bucket.objects) <= 2
    storage.finish(staging, Digest.of(b"0123456789" * 10))
    storage.release(staging)
    assert len(bucket.objects) == 1


def test_the_recorded_staging_outlives_the_append_behind_it(storage):
    recorded = append(storage, storage.stage(), b"recorded")
    for _ in range(3):
        append(storage, recorded, b" and lost")
    blob = storage.finish(append(storage, recorded, b" and kept"), Digest.of(b"recorded and kept"))
    assert read(storage, blob.storage_key) == b"recorded and kept"


def test_recover_adopts_parts_that_nobody_recorded(storage):  # fault 1
    recorded = append(storage, storage.stage(), content(100))
    append(storage, recorded, content(270)[100:])
    recovered = storage.recover(recorded)
    assert recovered.size == 240, "three parts of 80; the rest was too small for one"
    staging = append(storage, recovered, content(270)[240:])
    blob = storage.finish(staging, Digest.of(content(270)))
    assert read(storage, blob.storage_key) == content(270)


def test_parts_grow_so_that_ten_thousand_are_enough():
    storage = ObjectStorage(MemoryBucket(minimum_part_size=2, part_size=2))
    data = content(2 * PARTS_OF_ONE_SIZE + 4 * 3)
    staging = append(storage, storage.stage(), data)
    sizes = [part.size for part in storage.bucket.list_parts(*only_upload(storage.bucket))]
    assert sizes == [2] * PARTS_OF_ONE_SIZE + [4] * 3
    assert read(storage, storage.finish(staging, Digest.of(data)).storage_key) == data


def only_upload(bucket: MemoryBucket) -> tuple[str, str]:
    (upload,) = bucket.list_uploads("")
    return upload.key, upload.upload_id


def lose_answer(bucket: MemoryBucket, monkeypatch) -> None:
    complete = bucket.complete_upload

    def complete_and_fail(key, upload_id, parts):
        complete(key, upload_id, parts)
        monkeypatch.undo()
        raise StorageUnavailable("connection reset")

    monkeypatch.setattr(bucket, "complete_upload", complete_and_fail)


@pytest.mark.parametrize("cut", [0, 60, 90])
def test_a_finish_whose_answer_was_lost_can_be_repeated(storage, bucket, monkeypatch, cut):
    staging = append(
        storage, append(storage, storage.stage(), content(200)[:cut]), content(200)[cut:]
    )
    lose_answer(bucket, monkeypatch)
    with pytest.raises(StorageUnavailable):
        storage.finish(staging, Digest.of(content(200)))
    blob = storage.finish(staging, Digest.of(content(200)))
    assert read(storage, blob.storage_key) == content(200)


def test_a_repeated_finish_with_another_digest_gets_nothing(storage, bucket, monkeypatch):
    staging = append(storage, append(storage, storage.stage(), content(60)), content(60))
    lose_answer(bucket, monkeypatch)
    with pytest.raises(StorageUnavailable):
        storage.finish(staging, Digest.of(content(60) * 2))
    with pytest.raises(StagingLost):
        storage.finish(staging, Digest.of(b"something else"))
    assert storage.finish(staging, Digest.of(content(60) * 2)).size == 120


def test_a_wrong_digest_does_not_remove_the_blob_of_a_right_one(storage):
    """Two clients close the same upload, one of them with another digest."""
    staging = append(storage, append(storage, storage.stage(), content(60)), content(60))
    blob = storage.finish(staging, Digest.of(content(60) * 2))
    with pytest.raises((DigestMismatch, StagingLost)):
        storage.finish(staging, Digest.of(b"something else"))
    storage.discard(staging)
    assert read(storage, blob.storage_key) == content(60) * 2


def test_two_workers_that_part_ways_do_not_mix_their_bytes(storage):
    common = append(storage, storage.stage(), content(100))
    one = append(storage, common, b"1" * 100)
    append(storage, common, b"2" * 100)
    with pytest.raises(StagingLost):
        storage.finish(one, Digest.of(content(100) + b"1" * 100))
    assert list(storage.list()) == []


def test_objects_of_others_in_the_bucket_are_left_alone(storage, bucket):
    bucket.put("content/readme", b"")
    bucket.put("staging/readme", b"")
    bucket.start_upload("content/backup")
    assert list(storage.list()) == []
    assert list(storage.list_stagings()) == []
