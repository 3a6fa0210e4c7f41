"""What only the file backend promises: order of its calls, full disks, real files."""

import contextlib
import errno
import io
import os
import shutil
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from repositories.blobs import (
    DigestMismatch,
    StagingBusy,
    StagingLost,
    StorageFull,
    StorageUnavailable,
    file,
)
from repositories.blobs.file import FileStorage
from repositories.protocol.digest import Digest

from .sources import MIB, append, content, put, read


class Calls:
    """Records the calls that order what is on disk, and lets one of them fail."""

    def __init__(self, monkeypatch, root: Path) -> None:
        self._root = root
        self.made: list[str] = []
        self.failing: dict[str, int] = {}
        self._fsync = os.fsync
        link = os.link
        monkeypatch.setattr(os, "fsync", self._fsync_recorded)
        monkeypatch.setattr(os, "link", lambda *paths: self._made("link", paths[0]) or link(*paths))

    def _fsync_recorded(self, descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        self._made("fsync", path)
        self._fsync(descriptor)

    def _made(self, call: str, path: Path) -> None:
        call = f"{call} {path.relative_to(self._root).parts[0]}"
        self.made.append(call)
        if call in self.failing:
            number = self.failing[call]
            raise OSError(number, os.strerror(number))


@pytest.fixture
def calls(monkeypatch, file_storage) -> Calls:
    return Calls(monkeypatch, file_storage.root)


def test_a_push_syncs_the_file_names_it_and_syncs_one_folder(file_storage, calls):
    put(file_storage, content(3 * MIB))
    assert calls.made == ["fsync staging", "link staging", "fsync content"]


def test_appends_sync_nothing(file_storage, calls):
    staging = file_storage.stage()
    for _ in range(3):
        staging = append(file_storage, staging, b"content")
    assert calls.made == []


def test_a_push_reads_nothing_back_if_its_hash_was_kept(file_storage, monkeypatch):
    staging = append(file_storage, file_storage.stage(), b"content")
    monkeypatch.setattr(os, "preadv", lambda *arguments: pytest.fail("read from disk"))
    file_storage.finish(staging, Digest.of(b"content"))


def test_a_folder_made_by_another_program_is_no_object(file_storage):
    (file_storage.root / "content/sha256/00/lost+found").mkdir()
    (file_storage.root / "staging/readme").touch()
    assert list(file_storage.list()) == []
    assert list(file_storage.list_stagings()) == []


@pytest.mark.parametrize("call", ["fsync staging", "fsync content"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_after_a_failed_fsync_nothing_is_trusted(file_storage, calls, call, number):
    staging = append(file_storage, file_storage.stage(), b"content")
    calls.failing[call] = number
    with pytest.raises(StorageFull if number == errno.ENOSPC else StorageUnavailable):
        file_storage.finish(staging, Digest.of(b"content"))
    calls.failing.clear()
    assert list(file_storage.list()) == []
    with pytest.raises(StagingLost):
        file_storage.finish(staging, Digest.of(b"content"))
    put(file_storage, b"content")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_name_without_space_leaves_the_staging_intact(file_storage, calls, number):  # fault 5
    staging = append(file_storage, file_storage.stage(), b"content")
    calls.failing["link staging"] = number
    with pytest.raises(StorageFull):
        file_storage.finish(staging, Digest.of(b"content"))
    calls.failing.clear()
    blob = file_storage.finish(staging, Digest.of(b"content"))
    assert read(file_storage, blob.storage_key) == b"content"


@pytest.fixture
def small_storage(small_disk) -> FileStorage:
    storage = FileStorage(small_disk / "blobs")
    storage.create()
    return storage


def test_an_upload_to_a_full_disk_goes_on_once_there_is_space(small_storage):  # fault 5
    large = content(6 * MIB)
    served = put(small_storage, content(MIB, seed=1))
    ballast = small_storage.root.parent / "ballast"
    ballast.write_bytes(bytes(3 * MIB))
    staging = append(small_storage, small_storage.stage(), large[:MIB])

    free = small_storage.available_space()
    with pytest.raises(StorageFull):
        append(small_storage, staging, large[MIB:])
    assert small_storage.available_space() == free
    assert small_storage.recover(staging) == staging
    assert read(small_storage, served.storage_key) == content(MIB, seed=1)

    ballast.unlink()
    staging = append(small_storage, staging, large[MIB:])
    blob = small_storage.finish(staging, Digest.of(large))
    assert read(small_storage, blob.storage_key) == large


def test_a_finish_on_a_full_disk_succeeds(small_storage):  # fault 5
    staging = append(small_storage, small_storage.stage(), content(MIB))
    with contextlib.suppress(OSError):
        (small_storage.root.parent / "ballast").write_bytes(bytes(8 * MIB))
    assert small_storage.available_space() == 0
    blob = small_storage.finish(staging, Digest.of(content(MIB)))
    assert read(small_storage, blob.storage_key) == content(MIB)


def test_a_write_may_be_cut_short(file_storage, monkeypatch):
    pwrite = os.pwrite
    monkeypatch.setattr(
        os, "pwrite", lambda descriptor, data, offset: pwrite(descriptor, data[:4093], offset)
    )
    blob = put(file_storage, content(MIB))
    assert read(file_storage, blob.storage_key) == content(MIB)


class WaitingSource(io.BytesIO):
    """Gives its bytes, then waits."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.waits = threading.Event()
        self.go_on = threading.Event()

    def readinto(self, buffer) -> int:
        if count := super().readinto(buffer):
            return count
        self.waits.set()
        assert self.go_on.wait(10)
        return 0


def test_a_second_writer_is_refused_while_the_first_writes(file_storage):
    fresh, source = file_storage.stage(), WaitingSource(b"content")
    results = []
    writer = threading.Thread(target=lambda: results.append(file_storage.append(fresh, source)))
    writer.start()
    assert source.waits.wait(10)
    with pytest.raises(StagingBusy):
        append(file_storage, fresh, b"other")
    with pytest.raises(StagingBusy):
        file_storage.finish(fresh, Digest.of(b""))
    source.go_on.set()
    writer.join()
    blob = file_storage.finish(results[0], Digest.of(b"content"))
    assert read(file_storage, blob.storage_key) == b"content"


def test_after_a_restart_of_the_machine_the_bytes_are_read_again(file_storage, monkeypatch):
    """A power cut may leave a file its time and its size, and not its bytes."""
    staging = append(file_storage, file_storage.stage(), b"content")
    path = file_storage.root / "staging" / staging.id
    written = path.stat().st_mtime_ns
    path.write_bytes(bytes(len(b"content")))
    os.utime(path, ns=(written, written))
    monkeypatch.setattr(file, "_boot", lambda: "the next one")
    with pytest.raises(DigestMismatch):
        file_storage.finish(staging, Digest.of(b"content"))


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_file_system_without_hard_links_will_do(file_storage, calls, number):
    calls.failing["link staging"] = number
    blob = put(file_storage, b"content")
    assert read(file_storage, blob.storage_key) == b"content"
    assert list(file_storage.list_stagings()) == []


def test_an_upload_goes_on_after_a_finish_without_touching_the_blob(file_storage):
    staging = append(file_storage, file_storage.stage(), b"content")
    blob = file_storage.finish(staging, Digest.of(b"content"))
    more = append(file_storage, staging, b" and more")
    again = append(file_storage, staging, b" once more")
    assert file_storage.recover(staging).size == again.size
    with pytest.raises(DigestMismatch):
        file_storage.finish(more, Digest.of(b"content and more!"))
    assert read(file_storage, blob.storage_key) == b"content"
    assert list(file_storage.list_stagings()) == []


def test_bytes_that_were_finished_are_not_cut_off(file_storage):
    """The last request was not recorded and is repeated with other bytes."""
    staging = append(file_storage, file_storage.stage(), b"con")
    blob = file_storage.finish(append(file_storage, staging, b"tent"), Digest.of(b"content"))
    with pytest.raises(StagingLost):
        file_storage.finish(staging, Digest.of(b"con"))
    staging = append(file_storage, staging, b"fuse")
    other = file_storage.finish(staging, Digest.of(b"confuse"))
    assert read(file_storage, blob.storage_key) == b"content"
    assert read(file_storage, other.storage_key) == b"confuse"


def test_what_is_withdrawn_leaves_the_upload_as_it_was(file_storage):
    staging = append(file_storage, file_storage.stage(), b"content")
    blob = file_storage.finish(staging, Digest.of(b"content"))
    file_storage.withdraw(blob.storage_key)
    assert list(file_storage.list()) == []
    staging = append(file_storage, staging, b" and more")
    blob = file_storage.finish(staging, Digest.of(b"content and more"))
    assert read(file_storage, blob.storage_key) == b"content and more"


def test_a_copy_that_finds_no_space_leaves_the_upload_as_it_was(file_storage, monkeypatch):
    staging = append(file_storage, file_storage.stage(), b"content")
    file_storage.finish(staging, Digest.of(b"content"))

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "copy_file_range", full)
        with pytest.raises(StorageFull):
            append(file_storage, staging, b" and more")
    (found,) = file_storage.list_stagings()
    assert found.staging.id == staging.id
    assert file_storage.finish(staging, Digest.of(b"content")).size == len(b"content")


def test_a_writer_that_comes_late_does_not_touch_the_finished_blob(file_storage, monkeypatch):
    """It opened the file before the finish and got the lock after it."""
    staging = append(file_storage, file_storage.stage(), b"content")
    keys = []
    flock = file.fcntl.flock

    def finish_first(descriptor, operation):
        monkeypatch.undo()
        keys.append(file_storage.finish(staging, Digest.of(b"content")).storage_key)
        flock(descriptor, operation)

    monkeypatch.setattr(file.fcntl, "flock", finish_first)
    append(file_storage, staging, b" and more")
    assert read(file_storage, keys[0]) == b"content"


def test_bytes_lost_from_a_staging_are_noticed(file_storage):
    staging = append(file_storage, file_storage.stage(), b"content")
    os.truncate(file_storage.root / "staging" / staging.id, 3)
    with pytest.raises(StagingLost):
        append(file_storage, staging, b"more")
    with pytest.raises(StagingLost):
        file_storage.finish(staging, Digest.of(b"content"))
    recovered = file_storage.recover(staging)
    assert recovered.size == 3
    staging = append(file_storage, recovered, b"tent")
    blob = file_storage.finish(staging, Digest.of(b"content"))
    assert read(file_storage, blob.storage_key) == b"content"


def test_recover_tells_the_bytes_that_nobody_recorded(file_storage):  # fault 1
    fresh = file_storage.stage()
    append(file_storage, fresh, b"not recorded")
    assert file_storage.recover(fresh).size == len(b"not recorded")


def test_a_blob_is_as_old_as_its_finish(file_storage):  # fault 2
    staging = append(file_storage, file_storage.stage(), b"content")
    os.utime(file_storage.root / "staging" / staging.id, (0, 0))
    file_storage.finish(staging, Digest.of(b"content"))
    (found,) = file_storage.list()
    assert datetime.now(UTC) - found.modified < timedelta(minutes=1)


def test_an_open_blob_is_a_file_fit_for_sendfile(file_storage, tmp_path):
    blob = put(file_storage, b"some content")
    with file_storage.open(blob.storage_key, 5) as reader, (tmp_path / "out").open("w+b") as out:
        assert reader.tell() == 5
        assert os.sendfile(out.fileno(), reader.fileno(), 5, 7) == 7
        assert (tmp_path / "out").read_bytes() == b"content"


def test_an_open_blob_outlives_its_deletion(file_storage):
    blob = put(file_storage, b"content")
    with file_storage.open(blob.storage_key) as reader:
        file_storage.delete(blob.storage_key)
        assert reader.read() == b"content"


@pytest.mark.parametrize("gone", ["", "content", "staging"])
def test_a_missing_disk_is_no_empty_store(file_storage, gone):
    blob = put(file_storage, b"content")
    staging = append(file_storage, file_storage.stage(), b"content")
    shutil.rmtree(file_storage.root / gone)
    with pytest.raises(StorageUnavailable, match="missing"):
        file_storage.check()
    if gone != "staging":
        with pytest.raises(StorageUnavailable):
            file_storage.open(blob.storage_key)
        with pytest.raises(StorageUnavailable):
            file_storage.delete(blob.storage_key)
        with pytest.raises(StorageUnavailable):
            list(file_storage.list())
    if gone != "content":
        for use in (
            lambda: append(file_storage, file_storage.stage(), b"content"),
            lambda: file_storage.finish(staging, Digest.of(b"content")),
            lambda: file_storage.recover(staging),
            lambda: list(file_storage.list_stagings()),
        ):
            with pytest.raises(StorageUnavailable):
                use()


def test_a_file_in_the_place_of_the_store_is_reported(tmp_path):
    (tmp_path / "blobs").touch()
    storage = FileStorage(tmp_path / "blobs")
    with pytest.raises(StorageUnavailable):
        storage.check()
    with pytest.raises(StorageUnavailable):
        storage.create()


def test_a_disk_that_became_read_only_is_reported_and_still_read(small_storage, small_disk):
    blob = put(small_storage, b"content")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(StorageUnavailable, match="cannot be written"):
        small_storage.check()
    with pytest.raises(StorageUnavailable):
        put(small_storage, b"more")
    assert read(small_storage, blob.storage_key) == b"content"


def test_space_is_what_the_file_system_has(file_storage):
    assert abs(file_storage.available_space() - shutil.disk_usage(file_storage.root).free) < 1 << 30


def test_files_give_no_download_address(file_storage):
    assert file_storage.download_address(put(file_storage, b"").storage_key, 60) is None
