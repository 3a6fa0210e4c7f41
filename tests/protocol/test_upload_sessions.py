"""Upload sessions: status, order of chunks, resuming, cancelling."""

import pytest

from repositories.actions import upload_sessions
from repositories.models import Upload
from tests.support.registry import digest_of

ON_BOTH_DATABASES = True

CONTENT = b"Hello, how are you today?" * 10


@pytest.fixture
def location(images) -> str:
    return images.start_upload("team/app")


def test_status_tells_how_far_the_session_is(images, location):
    answer = images.get(location).expect(204)
    assert answer.header("Range") == "0-0"
    assert answer.location == location
    images.patch(location, CONTENT[:30]).expect(202)
    for method in ("GET", "HEAD"):
        answer = images.request(method, location).expect(204)
        assert answer.header("Range") == "0-29"
        assert answer.location == location


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize(
    ("sent", "header"), [(0, "10-19"), (10, "11-20"), (10, "0-9"), (10, "9-18"), (10, "20-29")]
)
def test_a_chunk_out_of_order_is_416_and_changes_nothing(images, location, method, sent, header):
    # fault 18
    images.patch(location, CONTENT[:sent]).expect(202)
    query = f"?digest={digest_of(CONTENT)}" if method == "PUT" else ""
    answer = images.request(method, location + query, b"0123456789", {"Content-Range": header})
    answer.expect(416, "RANGE_INVALID")
    assert answer.location == location
    expected = f"0-{max(sent - 1, 0)}"
    assert answer.header("Range") == expected
    assert images.get(location).expect(204).header("Range") == expected
    images.patch(location, CONTENT[sent:]).expect(202)
    images.put(f"{location}?digest={digest_of(CONTENT)}").expect(201)


def test_a_chunk_that_was_sent_already_is_416(images, location):
    # fault 18
    images.patch(location, CONTENT[:3], Content_Range="0-2").expect(202)
    images.patch(location, CONTENT[:3], Content_Range="0-2").expect(416, "RANGE_INVALID")
    images.patch(location, CONTENT[3:], Content_Range=f"3-{len(CONTENT) - 1}").expect(202)
    images.put(f"{location}?digest={digest_of(CONTENT)}").expect(201)


@pytest.mark.parametrize(
    "header", ["bytes 0-9/10", "bytes=0-9", "0-", "-9", "9-0", "a-b", "0-9/10", "0 - 9", "١-٩"]
)
def test_a_content_range_that_is_none_is_refused(images, location, header):
    answer = images.patch(location, b"0123456789", Content_Range=header)
    answer.expect(400, "BLOB_UPLOAD_INVALID")
    assert images.get(location).header("Range") == "0-0"


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("body", [b"0123456", b"0123456789abc"])
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("before", [0, 5])
def test_a_chunk_of_another_length_than_announced_counts_for_nothing(
    images, location, method, body, chunked, before
):
    # fault 17
    images.patch(location, CONTENT[:before]).expect(202)
    query = f"?digest={digest_of(CONTENT)}" if method == "PUT" else ""
    header = {"Content-Range": f"{before}-{before + 9}"}
    answer = images.request(method, location + query, iter([body]) if chunked else body, header)
    answer.expect(400, "SIZE_INVALID")
    assert images.get(location).expect(204).header("Range") == f"0-{max(before - 1, 0)}"
    images.patch(location, CONTENT[before:]).expect(202)
    images.put(f"{location}?digest={digest_of(CONTENT)}").expect(201)


def test_an_upload_that_broke_off_goes_on_where_it_ended(images, location):
    # fault 1
    body = iter([CONTENT[:40], CONTENT[40:90], ConnectionResetError("gone")])
    images.patch(location, body).expect(400, "BLOB_UPLOAD_INVALID")
    assert images.get(location).expect(204).header("Range") == "0-89"
    images.patch(location, CONTENT[90:], Content_Range=f"90-{len(CONTENT) - 1}").expect(202)
    images.put(f"{location}?digest={digest_of(CONTENT)}").expect(201)
    assert images.get(f"team/app/blobs/{digest_of(CONTENT)}").expect(200).body == CONTENT


def test_a_closing_put_that_broke_off_can_be_repeated(images, location):
    images.patch(location, CONTENT[:40]).expect(202)
    close = f"{location}?digest={digest_of(CONTENT)}"
    images.put(close, iter([CONTENT[40:50], ConnectionResetError("gone")])).expect(400)
    assert images.get(location).expect(204).header("Range") == "0-49"
    images.put(close, CONTENT[50:]).expect(201)


def test_a_cancelled_session_is_over_and_its_bytes_are_gone(images, location, contents, staged):
    staged_before = staged()
    images.patch(location, CONTENT).expect(202)
    assert staged() == staged_before + 1
    images.delete(location).expect(204)
    assert staged() == staged_before
    assert not Upload.objects.exists()
    assert_is_over(images, location)


def test_whoever_may_push_may_cancel(images):
    pusher = images.with_token("repository:team/app:pull,push")
    pusher.delete(pusher.start_upload("team/app")).expect(204)


def test_whoever_may_only_pull_may_not_cancel(images, location):
    # fault 26
    puller = images.with_token("repository:team/app:pull")
    puller.delete(location).expect(401, "UNAUTHORIZED")
    images.get(location).expect(204)


def test_a_finished_session_is_over(images, location):
    images.put(f"{location}?digest={digest_of(CONTENT)}", CONTENT).expect(201)
    assert_is_over(images, location, digest_of(b"x"))


def test_the_closing_put_may_be_repeated(images, location):
    # fault 16
    for body in (CONTENT, b"", CONTENT):
        answer = images.put(f"{location}?digest={digest_of(CONTENT)}", body).expect(201)
        assert answer.header("Docker-Content-Digest") == digest_of(CONTENT)
    elsewhere = location.replace("team/app", "team/other")
    images.put(f"{elsewhere}?digest={digest_of(CONTENT)}").expect(404, "BLOB_UPLOAD_UNKNOWN")


def test_the_closing_put_may_be_overtaken_by_its_repetition(images, location, monkeypatch):
    # fault 16
    images.patch(location, CONTENT).expect(202)
    close = f"{location}?digest={digest_of(CONTENT)}"
    find_upload = upload_sessions.find_upload

    def overtaken(*arguments):
        found = find_upload(*arguments)
        monkeypatch.undo()
        images.put(close).expect(201)
        return found

    monkeypatch.setattr(upload_sessions, "find_upload", overtaken)
    images.put(close).expect(201)


def test_a_session_that_ended_with_a_wrong_digest_is_over(images, location, staged):
    # fault 17
    before = staged()
    images.patch(location, CONTENT).expect(202)
    images.put(f"{location}?digest={digest_of(b'x')}").expect(400, "DIGEST_INVALID")
    assert staged() == before
    assert_is_over(images, location)


def assert_is_over(client, location, digest=digest_of(CONTENT)):  # noqa: B008
    for method in ("GET", "PATCH", "DELETE", "PUT"):
        query = f"?digest={digest}" if method == "PUT" else ""
        client.request(method, location + query).expect(404, "BLOB_UPLOAD_UNKNOWN")


@pytest.mark.parametrize(
    "session", ["00000000-0000-4000-8000-000000000000", "x", "a" * 300, "%00", "%2e%2e", "0"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PATCH", "PUT", "DELETE"])
def test_an_unknown_session_is_404(images, method, session):
    query = f"?digest={digest_of(CONTENT)}" if method == "PUT" else ""
    answer = images.request(method, f"team/app/blobs/uploads/{session}{query}").expect(404)
    if method != "HEAD":
        assert answer.error["code"] == "BLOB_UPLOAD_UNKNOWN"


def test_a_session_belongs_to_its_image_and_repository(images, hosted, location):
    session = location.rpartition("/")[2]
    other = hosted("others")
    for client, image in ((images, "team/other"), (other, "team/app")):
        client.get(f"{image}/blobs/uploads/{session}").expect(404, "BLOB_UPLOAD_UNKNOWN")
        client.patch(f"{image}/blobs/uploads/{session}", b"x").expect(404, "BLOB_UPLOAD_UNKNOWN")
    assert images.get(location).expect(204).header("Range") == "0-0"


def test_a_session_whose_bytes_are_lost_is_over(images, location, blob_folder):
    images.patch(location, CONTENT).expect(202)
    staging = Upload.objects.get().staging["id"]
    (blob_folder / "staging" / staging).unlink()
    images.patch(location, b"more").expect(404, "BLOB_UPLOAD_UNKNOWN")
    assert not Upload.objects.exists()
