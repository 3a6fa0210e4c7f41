"""Every way of pushing a blob: distribution-spec "Pushing blobs" and what clients make of it."""

import uuid

import pytest

from tests.support.registry import digest_of, pieces_of

ON_BOTH_DATABASES = True

CONTENT = b"what is pushed: " + bytes(range(256)) * 20
HALF = len(CONTENT) // 2
ALGORITHMS = ["sha256", "sha512"]


def content_range(start: int, stop: int) -> str:
    return f"{start}-{stop - 1}"


def by_post_and_put(client, content, digest, algorithm):
    location = client.start_upload("team/app")
    return client.put(f"{location}?digest={digest}", content)


def by_one_post(client, content, digest, algorithm):
    return client.post(f"team/app/blobs/uploads/?digest={digest}", content)


def by_one_chunked_post(client, content, digest, algorithm):
    return client.post(f"team/app/blobs/uploads/?digest={digest}", pieces_of(content, 100))


def by_stream(client, content, digest, algorithm):
    location = client.start_upload("team/app")
    location = client.patch(location, pieces_of(content, 1000)).expect(202).location
    return client.put(f"{location}?digest={digest}")


def by_stream_with_known_algorithm(client, content, digest, algorithm):
    location = client.start_upload("team/app", f"?digest-algorithm={algorithm}")
    location = client.patch(location, pieces_of(content, 1000)).expect(202).location
    return client.put(f"{location}?digest={digest}")


def by_chunks(client, content, digest, algorithm):
    location = client.start_upload("team/app")
    for start in range(0, len(content), 1000):
        part = content[start : start + 1000]
        expected = content_range(start, start + len(part))
        answer = client.patch(location, part, Content_Range=expected).expect(202)
        assert answer.header("Range") == content_range(0, start + len(part))
        location = answer.location
    return client.put(f"{location}?digest={digest}")


def by_chunks_and_the_last_in_put(client, content, digest, algorithm):
    location = client.start_upload("team/app")
    half = len(content) // 2
    if half:
        ranged = content_range(0, half)
        location = client.patch(location, content[:half], Content_Range=ranged).location
    if len(content) > half:
        ranged = content_range(half, len(content))
        return client.put(f"{location}?digest={digest}", content[half:], Content_Range=ranged)
    return client.put(f"{location}?digest={digest}")


def by_patch_and_put_without_ranges(client, content, digest, algorithm):
    location = client.start_upload("team/app")
    half = len(content) // 2
    location = client.patch(location, content[:half]).expect(202).location
    return client.put(f"{location}?digest={digest}", pieces_of(content[half:], 7000))


def by_an_empty_patch_first(client, content, digest, algorithm):
    location = client.start_upload("team/app")
    answer = client.patch(location, b"").expect(202)
    assert answer.header("Range") == "0-0"
    location = client.patch(answer.location, content).expect(202).location
    return client.put(f"{location}?digest={digest}")


WAYS = [
    by_post_and_put,
    by_one_post,
    by_one_chunked_post,
    by_stream,
    by_stream_with_known_algorithm,
    by_chunks,
    by_chunks_and_the_last_in_put,
    by_patch_and_put_without_ranges,
    by_an_empty_patch_first,
]
every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


@every_way
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_blob_can_be_pulled_after_every_way_of_pushing(images, way, algorithm):
    digest = digest_of(CONTENT, algorithm)
    answer = way(images, CONTENT, digest, algorithm).expect(201)
    assert answer.location == f"/v2/team/app/blobs/{digest}"
    assert answer.header("Docker-Content-Digest") == digest
    assert images.head(answer.location).expect(200).header("Content-Length") == str(len(CONTENT))
    pulled = images.get(answer.location).expect(200)
    assert pulled.body == CONTENT
    assert pulled.header("Docker-Content-Digest") == digest


@every_way
def test_an_empty_blob_can_be_pushed_in_every_way(images, way):
    digest = digest_of(b"")
    location = way(images, b"", digest, "sha256").expect(201).location
    assert images.get(location).expect(200).body == b""


@every_way
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_wrong_digest_is_refused_and_leaves_nothing(images, way, algorithm, contents):
    # fault 17
    before = contents()
    wrong = digest_of(b"something else", algorithm)
    way(images, CONTENT, wrong, algorithm).expect(400, "DIGEST_INVALID")
    images.head(f"team/app/blobs/{wrong}").expect(404)
    images.head(f"team/app/blobs/{digest_of(CONTENT)}").expect(404)
    assert contents() == before


@every_way
def test_a_known_blob_is_stored_once(images, way, contents):
    images.push_blob("team/other", CONTENT)
    before = contents()
    way(images, CONTENT, digest_of(CONTENT), "sha256").expect(201)
    after = contents()
    assert after["files"] == before["files"]
    assert after["Blob"] == before["Blob"]
    assert after["ImageBlob"] == before["ImageBlob"] + 1


def test_one_content_under_two_algorithms_is_two_blobs(images):
    images.push_blob("team/app", CONTENT, "sha512")
    images.head(f"team/app/blobs/{digest_of(CONTENT)}").expect(404)
    images.push_blob("team/app", CONTENT, "sha256")
    for algorithm in ALGORITHMS:
        images.head(f"team/app/blobs/{digest_of(CONTENT, algorithm)}").expect(200)


def test_an_upload_for_one_algorithm_may_end_with_another(images):
    location = images.start_upload("team/app", "?digest-algorithm=sha512")
    location = images.patch(location, CONTENT).location
    images.put(f"{location}?digest={digest_of(CONTENT)}").expect(201)
    assert images.get(f"team/app/blobs/{digest_of(CONTENT)}").expect(200).body == CONTENT


def test_post_starts_a_session_with_a_uuid(images):
    answer = images.post("team/app/blobs/uploads/").expect(202)
    session = uuid.UUID(answer.location.rpartition("/")[2])
    assert answer.location == f"/v2/team/app/blobs/uploads/{session}"
    assert answer.header("Docker-Upload-UUID") == str(session)
    assert answer.header("Range") == "0-0"
    assert answer.header("Content-Length") == "0"


def test_post_works_without_the_closing_slash(images):
    images.post("team/app/blobs/uploads").expect(202)


@pytest.mark.parametrize("parameter", ["digest", "mount"])
@pytest.mark.parametrize(
    "digest", ["sha256:x", "sha256:" + "F" * 64, "md5:" + "0" * 32, "blake3:" + "0" * 64, "", "x"]
)
def test_post_with_an_invalid_digest_is_refused(images, parameter, digest, contents):
    # fault 17
    before = contents()
    answer = images.post(f"team/app/blobs/uploads/?{parameter}={digest}&from=x", CONTENT)
    answer.expect(400, "DIGEST_INVALID")
    assert contents() == before


@pytest.mark.parametrize("algorithm", ["md5", "blake3", "SHA256", "sha-256", "%00"])
def test_post_with_an_unknown_algorithm_is_refused(images, algorithm, contents):
    # fault 17
    before = contents()
    answer = images.post(f"team/app/blobs/uploads/?digest-algorithm={algorithm}")
    answer.expect(400, "DIGEST_INVALID")
    assert contents() == before


@pytest.mark.parametrize("query", ["", "?digest=", "?digest=sha256:zz", "?digest=md5:" + "0" * 32])
def test_closing_without_a_valid_digest_is_refused_and_the_session_goes_on(images, query):
    location = images.start_upload("team/app")
    images.patch(location, CONTENT).expect(202)
    images.put(f"{location}{query}").expect(400, "DIGEST_INVALID")
    assert images.get(location).expect(204).header("Range") == content_range(0, len(CONTENT))
    images.put(f"{location}?digest={digest_of(CONTENT)}").expect(201)


def test_a_body_that_breaks_off_in_a_single_post_leaves_nothing(images, contents):
    before = contents()
    body = iter([CONTENT[:100], ConnectionResetError("gone")])
    answer = images.post(f"team/app/blobs/uploads/?digest={digest_of(CONTENT)}", body)
    answer.expect(400, "BLOB_UPLOAD_INVALID")
    assert contents() == before
