"""GET and HEAD of blobs: distribution-spec "Pulling blobs", RFC 9110 on ranges and conditions."""

import pytest

from tests.support.registry import digest_of

CONTENT = bytes(range(256)) * 8
SIZE = len(CONTENT)


@pytest.fixture
def url(images) -> str:
    return f"team/app/blobs/{images.push_blob('team/app', CONTENT)}"


def test_a_blob_is_served_with_its_digest(images, url):
    answer = images.get(url).expect(200)
    assert answer.body == CONTENT
    assert answer.header("Content-Type") == "application/octet-stream"
    assert answer.header("Docker-Content-Digest") == digest_of(CONTENT)
    assert answer.header("ETag") == f'"{digest_of(CONTENT)}"'
    assert answer.header("Accept-Ranges") == "bytes"
    assert answer.header("Content-Encoding") is None


def test_encodings_that_a_client_offers_are_not_used(images, url):
    answer = images.get(url, Accept_Encoding="zstd;q=1.0, gzip;q=0.8, deflate;q=0.5").expect(200)
    assert answer.header("Content-Encoding") is None
    assert answer.body == CONTENT


def test_head_has_the_headers_of_get(images, url):
    assert images.head(url).expect(200).headers == images.get(url).headers


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        ("bytes=500-1499", 500, 1499),
        ("bytes=500-", 500, SIZE - 1),
        ("bytes=-500", SIZE - 500, SIZE - 1),
        ("bytes=2000-5000", 2000, SIZE - 1),
        ("bytes=0-0", 0, 0),
        (f"bytes=-{SIZE * 2}", 0, SIZE - 1),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
    ],
)
def test_a_range_is_served_as_206(images, url, header, first, last):
    answer = images.get(url, Range=header).expect(206)
    assert answer.body == CONTENT[first : last + 1]
    assert answer.header("Content-Range") == f"bytes {first}-{last}/{SIZE}"
    assert answer.header("Content-Length") == str(last - first + 1)


@pytest.mark.parametrize(
    "header", ["bytes=500-0", "bytes=5000-10000", f"bytes={SIZE}-", "bytes=-0"]
)
def test_a_range_without_a_byte_of_the_blob_is_416(images, url, header):
    answer = images.get(url, Range=header).expect(416, "RANGE_INVALID")
    assert answer.header("Content-Range") == f"bytes */{SIZE}"


@pytest.mark.parametrize(
    "header", ["bytes=0-1,5-6", "lines=0-1", "bytes=-", "bytes=a-b", "bytes", "bytes=1-2-3", ""]
)
def test_a_range_that_is_not_understood_is_ignored(images, url, header):
    assert images.get(url, Range=header).expect(200).body == CONTENT


def test_head_ignores_a_range(images, url):
    answer = images.head(url, Range="bytes=0-9").expect(200)
    assert answer.header("Content-Length") == str(SIZE)


def test_a_download_is_resumed_only_of_the_same_content(images, url):
    etag = images.get(url).header("ETag")
    assert images.get(url, Range="bytes=5-", If_Range=etag).expect(206).body == CONTENT[5:]
    assert images.get(url, Range="bytes=5-", If_Range='"another"').expect(200).body == CONTENT


@pytest.mark.parametrize("form", ['"{}"', "{}", 'W/"{}"', '"x", "{}"', "*"])
def test_what_the_client_has_already_is_304(images, url, form):
    answer = images.get(url, If_None_Match=form.format(digest_of(CONTENT))).expect(304)
    full = images.get(url)
    for name in ("ETag", "Docker-Content-Digest", "Cache-Control"):
        assert answer.header(name) == full.header(name)
    assert images.head(url, If_None_Match=full.header("ETag")).expect(304)


def test_another_etag_gets_the_blob(images, url):
    assert images.get(url, If_None_Match='"sha256:0000"').expect(200).body == CONTENT


@pytest.mark.parametrize("header", [{}, {"Range": "bytes=0-"}, {"Range": "bytes=-5"}])
def test_an_empty_blob_is_served_whole(images, header):
    digest = images.push_blob("team/app", b"")
    answer = images.get(f"team/app/blobs/{digest}", **header).expect(200)
    assert answer.body == b""
    assert answer.header("Content-Length") == "0"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("image", ["team/app", "team/other", "never/seen"])
def test_a_blob_that_the_image_does_not_have_is_404(images, url, method, image):
    images.push_blob("team/other", b"something else")
    unknown = digest_of(b"hello world") if image == "team/app" else digest_of(CONTENT)
    answer = images.request(method, f"{image}/blobs/{unknown}").expect(404)
    if method == "GET":
        assert answer.error["code"] == "BLOB_UNKNOWN"
        assert answer.error["detail"] == {"digest": unknown}


def test_a_blob_of_another_repository_is_404(images, url, hosted):
    # fault 25
    other = hosted("others")
    assert other.get(url).expect(404, "BLOB_UNKNOWN")
    assert other.head(url).expect(404)


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
@pytest.mark.parametrize(
    "digest",
    [
        "sha256:short",
        "sha256:" + "A" * 64,
        "sha256:" + "0" * 63,
        "sha512:" + "0" * 64,
        "md5:" + "0" * 32,
        "blake3:" + "0" * 64,
        "nothing",
        ":" + "0" * 64,
        "sha256:" + "0" * 64 + "%00",
    ],
)
def test_what_is_no_digest_is_400(images, method, digest):
    # fault 17
    answer = images.request(method, f"team/app/blobs/{digest}").expect(400)
    if method != "HEAD":
        assert answer.error["code"] == "DIGEST_INVALID"


def test_a_blob_whose_file_is_lost_is_404_and_not_a_broken_answer(images, url, blob_folder):
    for path in (blob_folder / "content").rglob(f"{digest_of(CONTENT)[7:]}.*"):
        path.unlink()
    images.get(url).expect(404, "BLOB_UNKNOWN")
