"""`/service/rest/v1/blobstores`, type File."""

from __future__ import annotations

import os
import threading

import pytest

from repositories import blob_stores
from repositories.blobs.file import FileStorage
from repositories.models import Blob, BlobStore

from .conftest import errors_of, hosted_body, message_of

FILE = "blobstores/file"


def file_body(name: str = "second", path: str | None = None, **fields) -> dict:
    return {"name": name, "path": path or name, **fields}


def used(limit: int) -> dict:
    return {"type": "spaceUsedQuota", "limit": limit}


def remaining(limit: int) -> dict:
    return {"type": "spaceRemainingQuota", "limit": limit}


def test_a_blob_store_is_made_read_changed_and_deleted(admin):
    made = admin.post(FILE, file_body("second", "folder/second"))
    assert (made.status_code, made.content) == (204, b"")
    assert admin.get(f"{FILE}/second").json() == {"softQuota": None, "path": "folder/second"}
    changed = admin.put(f"{FILE}/second", {"path": "folder/second", "softQuota": used(5)})
    assert (changed.status_code, changed.content) == (204, b"")
    assert admin.get(f"{FILE}/second").json()["softQuota"] == used(5)
    deleted = admin.delete("blobstores/second")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert admin.get(f"{FILE}/second").status_code == 404


def test_a_relative_path_lies_in_the_data_folder(admin, tmp_path):
    admin.post(FILE, file_body("second", "folder/second"))
    assert FileStorage(tmp_path / "blobs/folder/second").check() is None


def test_an_absolute_path_is_taken_as_it_is(admin, tmp_path):
    path = str(tmp_path / "elsewhere")
    assert admin.post(FILE, file_body("second", path)).status_code == 204
    assert FileStorage(tmp_path / "elsewhere").check() is None
    assert admin.get(f"{FILE}/second").json()["path"] == path


def test_the_list_has_the_figures_of_every_store(admin, hosted):
    hosted("images").push_blob("a/b", b"x" * 1000)
    admin.post(FILE, file_body("second", softQuota=remaining(7)))
    default, second = admin.get("blobstores").json()
    available = default.pop("availableSpaceInBytes")
    assert available > 0
    assert default == {
        "name": "default",
        "type": "File",
        "unavailable": False,
        "blobCount": 1,
        "totalSizeInBytes": 1000,
        "softQuota": None,
    }
    assert second["blobCount"] == second["totalSizeInBytes"] == 0
    assert second["softQuota"] == remaining(7)


def test_a_store_whose_disk_is_gone_is_unavailable(admin, tmp_path):
    admin.post(FILE, file_body("second"))
    os.rename(tmp_path / "blobs/second", tmp_path / "blobs/away")
    states = {each["name"]: each["unavailable"] for each in admin.get("blobstores").json()}
    assert states == {"default": False, "second": True}


def test_a_store_that_hangs_does_not_hang_the_list(admin, monkeypatch):
    stuck = threading.Event()
    monkeypatch.setattr(blob_stores, "PROBE_SECONDS", 0.1)
    monkeypatch.setattr(FileStorage, "check", lambda self: stuck.wait(30))
    try:
        assert admin.get("blobstores").json()[0]["unavailable"] is True
    finally:
        stuck.set()


@pytest.mark.parametrize("name", ["file", "s3", "quota-status"])
def test_a_store_may_be_called_like_a_part_of_an_address(admin, name):
    assert admin.post(FILE, file_body(name)).status_code == 204
    assert admin.get(f"blobstores/{name}/quota-status").json()["blobStoreName"] == name
    assert admin.delete(f"blobstores/{name}").status_code == 204
    assert admin.delete(f"blobstores/{name}").status_code == 404


def test_a_used_store_stays(admin, hosted):
    hosted("images")
    assert message_of(admin.delete("blobstores/default"), 400) == (
        "BlobStore default is in use and cannot be deleted"
    )
    assert admin.get(f"{FILE}/default").status_code == 200


def test_a_deleted_store_frees_its_space(admin, hosted, tmp_path):
    admin.post(FILE, file_body("second"))
    hosted("images", storage__blobStoreName="second").push_blob("a/b", b"content")
    folder = tmp_path / "blobs/second"
    assert _files(folder) == 1
    admin.delete("repositories/images")
    assert admin.delete("blobstores/second").status_code == 204
    assert _files(folder) == 0
    assert Blob.objects.count() == 0


def _files(folder) -> int:
    return sum(len(names) for _, _, names in os.walk(folder))


@pytest.mark.parametrize("name", ["", "_a", ".a", "a b", "a/b", "a\n", "a" * 201])
def test_a_bad_name_is_refused(admin, name):
    assert set(errors_of(admin.post(FILE, file_body(name, "path")))) == {"name"}


def test_a_name_is_used_once_whatever_its_case(admin):
    answer = admin.post(FILE, file_body("DEFAULT", "other"))
    assert errors_of(answer) == {"name": "Name is already used, must be unique (ignoring case)"}


@pytest.mark.parametrize("path", ["", "..", "../x", "a/../b", " ", " a", "a ", ".", "x" * 300])
def test_a_bad_path_is_refused(admin, path):
    answer = admin.post(FILE, {"name": "second", "path": path})
    assert set(errors_of(answer)) == {"path"}
    assert BlobStore.objects.count() == 1


def test_a_path_that_cannot_be_made_is_refused_with_the_reason(admin, tmp_path):
    (tmp_path / "file").write_text("in the way")
    answer = admin.post(FILE, file_body("second", str(tmp_path / "file/store")))
    assert "Not a directory" in errors_of(answer)["path"]


@pytest.mark.parametrize("path", ["taken", "taken/inside", "./taken/", "link"])
def test_two_stores_never_share_a_place(admin, tmp_path, path):
    admin.post(FILE, file_body("first", "taken"))
    (tmp_path / "blobs/link").symlink_to(tmp_path / "blobs/taken")
    message = errors_of(admin.post(FILE, file_body("second", path)))["path"]
    assert message == "The place is already used by blob store first"


def test_a_store_is_not_put_around_another(admin):
    admin.post(FILE, file_body("first", "outer/inner"))
    assert set(errors_of(admin.post(FILE, file_body("second", "outer")))) == {"path"}


def test_an_empty_store_may_move(admin, tmp_path):
    admin.post(FILE, file_body("second"))
    assert admin.put(f"{FILE}/second", {"path": "moved"}).status_code == 204
    assert admin.get(f"{FILE}/second").json()["path"] == "moved"
    assert FileStorage(tmp_path / "blobs/moved").check() is None


def test_a_used_store_may_not_move(admin, hosted):
    admin.post(FILE, file_body("second"))
    hosted("images", storage__blobStoreName="second")
    assert set(errors_of(admin.put(f"{FILE}/second", {"path": "moved"}))) == {"path"}


def test_the_quota_changes_while_the_disk_is_away(admin, tmp_path):
    admin.post(FILE, file_body("second"))
    os.rename(tmp_path / "blobs/second", tmp_path / "blobs/away")
    body = {"path": "second", "softQuota": used(10)}
    assert admin.put(f"{FILE}/second", body).status_code == 204


@pytest.mark.parametrize("limit", [0, -1, 2**63, 10**40])
@pytest.mark.parametrize("quota", [used, remaining])
def test_a_quota_needs_a_limit(admin, quota, limit):
    answer = admin.post(FILE, file_body(softQuota=quota(limit)))
    assert set(errors_of(answer)) == {"softQuota.limit"}


def test_the_largest_limit_is_kept(admin):
    admin.post(FILE, file_body(softQuota=used(2**63 - 1)))
    assert admin.get(f"{FILE}/second").json()["softQuota"] == used(2**63 - 1)


def test_a_quota_of_unknown_type_is_refused(admin):
    answer = admin.post(FILE, file_body(softQuota={"type": "someQuota", "limit": 1}))
    assert set(errors_of(answer)) == {"softQuota.type"}


def test_a_store_without_quota_violates_none(admin):
    assert admin.get("blobstores/default/quota-status").json() == {
        "isViolation": False,
        "message": "Blob store default has no quota",
        "blobStoreName": "default",
    }


@pytest.mark.parametrize(("limit", "violated"), [(1500, True), (2000, False)])
def test_a_quota_of_used_space(admin, hosted, limit, violated):
    admin.post(FILE, file_body(softQuota=used(limit)))
    hosted("images", storage__blobStoreName="second").push_blob("a/b", b"x" * 2000)
    assert admin.get("blobstores/second/quota-status").json() == {
        "isViolation": violated,
        "message": (
            f"Blob store second is using 2.00 KB space and has a limit of {limit / 1000:.2f} KB"
        ),
        "blobStoreName": "second",
    }


@pytest.mark.parametrize(("limit", "violated"), [(1, False), (2**62, True)])
def test_a_quota_of_remaining_space(admin, limit, violated):
    admin.post(FILE, file_body(softQuota=remaining(limit)))
    answer = admin.get("blobstores/second/quota-status").json()
    assert answer["isViolation"] is violated
    assert answer["message"].startswith("Blob store second is limited to having ")


def test_what_does_not_exist_is_not_found(admin):
    assert message_of(admin.get(f"{FILE}/x"), 404) == "Unable to find File 'x' blobstore"
    assert admin.put(f"{FILE}/x", {"path": "x"}).status_code == 404
    assert admin.delete("blobstores/x").status_code == 404
    assert admin.get("blobstores/x/quota-status").status_code == 404


def test_a_store_of_another_type_is_no_file_store(admin):
    BlobStore.objects.create(name="bucket", type="S3", configuration={"bucketConfiguration": {}})
    assert message_of(admin.get(f"{FILE}/bucket"), 400) == (
        "Unable to read non-file blob store configuration (type was S3)"
    )


def test_a_repository_can_be_made_in_a_new_store_at_once(admin, hosted):
    admin.post(FILE, file_body("second"))
    admin.post("repositories/docker/hosted", hosted_body("x", storage__blobStoreName="second"))
    assert admin.delete("blobstores/second").status_code == 400
