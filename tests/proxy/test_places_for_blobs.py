"""Where blobs arrive: a store of files, or a folder of the node for one that stages in no files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import OperationalError

from accounts.principals import Principal
from repositories import records
from repositories.actions.delete_repository import delete_repository
from repositories.blobs import StorageFull, StorageUnavailable
from repositories.blobs.file import FileStorage
from repositories.blobs.objects import ObjectStorage
from repositories.fetching import kept, leading
from repositories.fetching.fetch_file import folder
from repositories.models import Blob
from tests.proxy.pulls import blob_path, get_unchecked, pull, wait_until_held
from tests.storage.memory import MemoryBucket
from tests.support.remote import Fault
from tests.support.server import wait_for

LAYER = bytes(range(256)) * 1000


@pytest.fixture
def bucket(monkeypatch) -> MemoryBucket:
    """The bucket in which all blobs of the test are."""
    bucket = MemoryBucket()
    storage = ObjectStorage(bucket)
    monkeypatch.setattr(records, "storage_of", lambda *_: storage)
    return bucket


def spooled() -> list[str]:
    folder = settings.NEXUSLITE_DATA_DIR / "spool" / "staging"
    return [path.name for path in folder.iterdir()]


def test_a_blob_is_streamed_and_kept(remote, bucket, proxy):
    image = remote.add_image("team/app", layers=(LAYER,))
    before = spooled() if (settings.NEXUSLITE_DATA_DIR / "spool").exists() else []
    pull(proxy, image)
    wait_until_held(*image.blobs)
    assert spooled() == before
    remote.forget()
    pull(proxy, image)
    assert remote.requests() == []


def test_a_bad_blob_leaves_nothing(remote, bucket, proxy):
    image = remote.add_image("team/app", layers=(LAYER,))
    remote.script("/blobs/", Fault(alter=True))
    get_unchecked(proxy, blob_path(image, LAYER))
    assert spooled() == []
    assert Blob.objects.count() == 0
    remote.behave()
    pull(proxy, image)


def test_a_bucket_that_fails_spoils_no_answer(remote, bucket, proxy, monkeypatch):
    image = remote.add_image("team/app", layers=(LAYER,))
    # So that the client has its first bytes before the fetch ends.
    remote.bytes_per_second = 1_000_000

    def fail(*_):
        raise StorageUnavailable("the bucket is gone")

    with monkeypatch.context() as broken:
        broken.setattr(bucket, "put", fail)
        broken.setattr(bucket, "start_upload", fail)
        assert proxy.get(blob_path(image, LAYER)).expect(200).body == LAYER
    pull(proxy, image)


def test_a_disk_that_is_full(remote, proxy, monkeypatch):  # fault 5
    image = remote.add_image("team/app", layers=(LAYER,))

    def full(*_, **__):
        raise StorageFull("no space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(FileStorage, "append", full)
        proxy.get(blob_path(image, LAYER)).expect(507, "UNAVAILABLE")
    pull(proxy, image)


def test_a_database_that_comes_back(remote, proxy, monkeypatch):  # fault 16
    image = remote.add_image("team/app", layers=(LAYER,))
    failures = iter([OperationalError("database is locked")])
    keep = kept.keep_blob

    def keep_later(*arguments):
        for failure in failures:
            raise failure
        return keep(*arguments)

    monkeypatch.setattr(leading, "_COMMIT_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(kept, "keep_blob", keep_later)
    assert proxy.get(blob_path(image, LAYER)).expect(200).body == LAYER
    wait_until_held(LAYER)
    assert len(remote.requests("GET")) == 1


def test_a_repository_that_is_deleted_meanwhile(remote, proxy, blob_folder):
    layer = LAYER + b"that no other test has"
    digest = remote.add_blob("team/app", layer)
    remote.script("/blobs/", Fault(after=100_000, then="wait"))
    with ThreadPoolExecutor() as clients:
        pulled = clients.submit(proxy.get, f"team/app/blobs/{digest}")
        wait_for(lambda: remote.sent, what="the transfer has begun")
        delete_repository(Principal(user_id="admin", source="default"), "proxy")
        remote.resume()
        # Whoever had been let in gets what was asked for.
        assert pulled.result().body == layer
    wait_for(lambda: not any(folder().iterdir()), what="the fetch has ended")
    encoded = digest.partition(":")[2]
    assert list((blob_folder / "content/sha256" / encoded[:2]).glob(f"{encoded}.*")) == []
    assert Blob.objects.count() == 0
