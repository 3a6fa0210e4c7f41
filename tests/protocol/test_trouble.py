"""What clients are told when storage, database or the program itself are in trouble."""

import pytest
from django.db import OperationalError

from accounts import authentication
from accounts.errors import TooManyAttempts
from repositories import statements
from repositories.blobs import StorageFull
from repositories.blobs.file import FileStorage
from repositories.models import BlobStore, Upload
from tests.support.registry import Answer, digest_of

CONTENT = b"a layer"
DIGEST = digest_of(CONTENT)


def raising(error):
    def fail(*args, **kwargs):
        raise error

    return fail


def test_a_full_store_is_507_and_the_upload_goes_on_when_there_is_space(images, monkeypatch):
    # fault 5
    pushed = images.push_image("team/app", "v1")
    location = images.start_upload("team/app")
    images.patch(location, CONTENT[:3]).expect(202)
    with monkeypatch.context() as patch:
        patch.setattr(FileStorage, "append", raising(StorageFull("no space")))
        images.patch(location, CONTENT[3:]).expect(507, "UNAVAILABLE")
        images.put(f"{location}?digest={DIGEST}", CONTENT[3:]).expect(507, "UNAVAILABLE")
        images.post(f"team/app/blobs/uploads/?digest={DIGEST}", CONTENT).expect(507, "UNAVAILABLE")
        assert images.get(f"team/app/blobs/{digest_of(pushed.config)}").expect(200)
    assert images.get(location).expect(204).header("Range") == "0-2"
    images.put(f"{location}?digest={DIGEST}", CONTENT[3:]).expect(201)


def test_a_store_that_fills_up_while_finishing_leaves_nothing_of_a_single_post(
    images, monkeypatch, contents
):
    # fault 5
    before = contents()
    monkeypatch.setattr(FileStorage, "finish", raising(StorageFull("no space")))
    images.post(f"team/app/blobs/uploads/?digest={DIGEST}", CONTENT).expect(507, "UNAVAILABLE")
    assert contents() == before


def test_a_store_that_is_not_there_is_503_and_manifests_are_served(hosted, tmp_path):
    store = BlobStore.objects.create(
        name="lost", type="File", configuration={"path": str(tmp_path / "not mounted")}
    )
    images = hosted(blob_store=store)
    answer = images.post(f"team/app/blobs/uploads/?digest={DIGEST}", CONTENT)
    assert answer.expect(503, "UNAVAILABLE").header("Retry-After")
    assert str(tmp_path) not in answer.body.decode()
    location = images.start_upload("team/app")
    images.patch(location, CONTENT).expect(503, "UNAVAILABLE")
    images.get("team/app/manifests/v1").expect(404)


@pytest.mark.parametrize("error", [OperationalError("database is locked"), OperationalError("x")])
def test_a_busy_database_is_503_and_nothing_is_half_done(images, monkeypatch, contents, error):
    # fault 16
    pushed = images.push_image("team/app")
    location = images.start_upload("team/app")
    images.patch(location, CONTENT).expect(202)
    before = contents()
    with monkeypatch.context() as patch:
        patch.setattr(statements, "point_tag", raising(error))
        patch.setattr(statements, "link_blob", raising(error))
        answer = images.put_manifest("team/app", "v1", pushed.content).expect(503, "UNAVAILABLE")
        assert answer.header("Retry-After")
        assert "locked" not in answer.error["message"]
        mount = f"team/new/blobs/uploads/?mount={digest_of(pushed.config)}&from=team/app"
        images.post(mount).expect(503, "UNAVAILABLE")
    assert contents() == before
    images.put_manifest("team/app", "v1", pushed.content).expect(201)


def test_a_database_that_fails_at_the_last_moment_takes_back_the_whole_manifest(
    images, monkeypatch, contents
):
    # fault 3
    pushed = images.push_image("team/app", "old")
    newer = images.push_image("team/app", seed="newer")
    before = contents()
    with monkeypatch.context() as patch:
        patch.setattr(
            "repositories.actions.put_manifest.checkpoint", raising(OperationalError("gone"))
        )
        images.put_manifest("team/app", "old", newer.content).expect(503)
    assert contents() == before
    assert images.get("team/app/manifests/old").expect(200).body == pushed.content


def test_too_many_passwords_at_once_are_429(images, monkeypatch):
    # fault 30
    monkeypatch.setattr(
        authentication, "authenticate_credentials", raising(TooManyAttempts(retry_after=3))
    )
    for path in ("/v2/", "team/app/manifests/v1", "/v2/token"):
        answer = images.get(path).expect(429, "TOOMANYREQUESTS")
        assert answer.header("Retry-After") == "3"


def test_a_bug_is_500_and_tells_nothing_of_itself(images, monkeypatch):
    monkeypatch.setattr(statements, "insert_upload", raising(ZeroDivisionError("secret")))
    answer: Answer = images.transport.send(
        images.entrance,
        "POST",
        "/v2/team/app/blobs/uploads/",
        {"Authorization": str(images.authorization)},
        b"",
    )
    assert answer.expect(500, "UNKNOWN").error["message"] == "unknown error"
    assert b"secret" not in answer.body
    assert not Upload.objects.exists()
