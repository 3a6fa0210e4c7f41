"""Reading manifests and blobs of a remote, and refusing what is none."""

from __future__ import annotations

import hashlib
import json

import pytest

from repositories.remote.errors import RemoteNotFound, RemoteUnavailable
from tests.remote.clients import client_of
from tests.support.scripted_host import Received, Reply, Script, json_reply, scripted_host

MANIFEST = json.dumps({"schemaVersion": 2, "layers": []}).encode()
MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"
DIGEST = "sha256:" + hashlib.sha256(MANIFEST).hexdigest()
SHA512 = "sha512:" + hashlib.sha512(MANIFEST).hexdigest()
BLOB = bytes(range(256)) * 400
BLOB_DIGEST = "sha256:" + hashlib.sha256(BLOB).hexdigest()


def manifest_reply(**changes: object) -> Script:
    headers = {"Content-Type": f"{MEDIA_TYPE}; charset=utf-8", "Docker-Content-Digest": DIGEST}
    reply = Reply(200, headers, MANIFEST)
    return lambda request: Reply(**{**vars(reply), **changes})  # type: ignore[arg-type]


def blob_reply(request: Received) -> Reply:
    start = request.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-")
    part = BLOB[int(start) :]
    if "range" not in request.headers:
        return Reply(200, {"Content-Type": "application/octet-stream"}, BLOB)
    content_range = f"bytes {start}-{len(BLOB) - 1}/{len(BLOB)}"
    return Reply(206, {"Content-Range": content_range}, part)


def test_a_manifest_comes_with_its_digest_and_type() -> None:
    with scripted_host(manifest_reply()) as host:
        manifest = client_of(host.url).manifest("team/app", "v1")
    assert (manifest.media_type, manifest.digest) == (MEDIA_TYPE, DIGEST)
    assert (manifest.content, manifest.size) == (MANIFEST, len(MANIFEST))
    assert host.paths() == ["/v2/team/app/manifests/v1"]


def test_head_tells_the_digest_without_the_content() -> None:
    with scripted_host(manifest_reply()) as host:
        manifest = client_of(host.url).manifest("app", "v1", method="HEAD")
    assert (manifest.digest, manifest.content, manifest.size) == (DIGEST, None, len(MANIFEST))
    assert [request.method for request in host.requests] == ["HEAD"]


@pytest.mark.parametrize(
    "head", [Reply(405), Reply(200, {"Content-Type": MEDIA_TYPE}), Reply(404, {"X": "no registry"})]
)
def test_a_remote_that_cannot_answer_head_is_asked_by_get(head: Reply) -> None:
    get = manifest_reply()
    with scripted_host(lambda r: head if r.method == "HEAD" else get(r)) as host:
        manifest = client_of(host.url).manifest("app", "v1", method="HEAD")
    assert manifest.content == MANIFEST


def test_a_manifest_without_named_digest_gets_the_one_of_its_content() -> None:
    with scripted_host(manifest_reply(headers={"Content-Type": MEDIA_TYPE})) as host:
        assert client_of(host.url).manifest("app", "v1").digest == DIGEST


def test_a_manifest_is_verified_by_the_algorithm_it_is_asked_for_with() -> None:
    with scripted_host(manifest_reply()) as host:
        assert client_of(host.url).manifest("app", SHA512).digest == SHA512


# fault 6
@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, {"Content-Type": MEDIA_TYPE, "Docker-Content-Digest": DIGEST}, MANIFEST + b" "),
        Reply(200, {"Content-Type": "text/html"}, b"<html>sign in to the network</html>"),
        Reply(200, {"Content-Type": "text/html"}, MANIFEST),
        Reply(200, {"Content-Type": MEDIA_TYPE, "Content-Encoding": "gzip"}, MANIFEST),
        Reply(200, {"Content-Type": MEDIA_TYPE}, b"garbage"),
        Reply(200, {"Content-Type": MEDIA_TYPE}, b"{" + b" " * (4 * 1024 * 1024) + b"}"),
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\nContent-Length: 2\r\n\r\n{}",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
    ],
    ids="digest html typed-html gzip garbage long cut long-head ssh nothing".split(),  # noqa: SIM905
)
def test_what_is_no_manifest_is_no_answer(reply: Reply | bytes) -> None:
    with scripted_host(lambda request: reply) as host, pytest.raises(RemoteUnavailable) as caught:
        client_of(host.url).manifest("app", "v1")
    assert not caught.value.timed_out


def test_another_digest_than_asked_for_is_refused() -> None:
    with scripted_host(manifest_reply()) as host, pytest.raises(RemoteUnavailable):
        client_of(host.url).manifest("app", "sha256:" + "0" * 64)


# fault 7
def test_a_registry_that_does_not_have_it_is_believed() -> None:
    unknown = json_reply({"errors": [{"code": "MANIFEST_UNKNOWN"}]}, 404)
    with scripted_host(lambda request: unknown) as host:
        client = client_of(host.url)
        for method in ("GET", "HEAD"):
            with pytest.raises(RemoteNotFound):
                client.manifest("app", "v1", method=method)  # type: ignore[arg-type]
        with pytest.raises(RemoteNotFound):
            client.open_blob("app", BLOB_DIGEST)


# fault 7
def test_a_web_server_that_does_not_have_it_is_no_registry() -> None:
    page = Reply(404, {"Content-Type": "text/html"}, b"<h1>Not Found</h1>")
    with scripted_host(lambda request: page) as host:
        client = client_of(host.url)
        for method in ("GET", "HEAD"):
            with pytest.raises(RemoteUnavailable):
                client.manifest("app", "v1", method=method)  # type: ignore[arg-type]


def test_a_blob_is_read_as_it_arrives() -> None:
    with scripted_host(blob_reply) as host:
        with client_of(host.url).open_blob("team/app", BLOB_DIGEST) as blob:
            assert blob.size == len(BLOB)
            pieces = list(iter(lambda: blob.read(10_000), b""))
    assert b"".join(pieces) == BLOB
    assert max(map(len, pieces)) <= 10_000
    assert host.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_blob_is_continued_whether_or_not_the_remote_knows_ranges(knows_ranges: bool) -> None:
    whole = Reply(200, {}, BLOB)
    with scripted_host(lambda r: blob_reply(r) if knows_ranges else whole) as host:
        with client_of(host.url).open_blob("app", BLOB_DIGEST, offset=1000) as blob:
            assert blob.size == len(BLOB)
            assert b"".join(iter(lambda: blob.read(1 << 20), b"")) == BLOB[1000:]
    assert host.requests[0].headers["range"] == "bytes=1000-"


@pytest.mark.parametrize(
    "content_range", ["bytes 5-9/10", "bytes 4-8/10", "bytes 4-9", "4-9/10", ""]
)
def test_another_part_than_asked_for_is_refused(content_range: str) -> None:
    part = Reply(206, {"Content-Range": content_range}, b"456789")
    with scripted_host(lambda request: part) as host, pytest.raises(RemoteUnavailable):
        client_of(host.url).open_blob("app", BLOB_DIGEST, offset=4)


# fault 6
@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>"),
        Reply(200, {"Content-Encoding": "gzip"}, BLOB),
        Reply(206, {"Content-Range": "bytes 0-9/10"}, b"0123456789"),
    ],
    ids=["html", "gzip", "part"],
)
def test_what_is_no_blob_is_refused_before_a_byte_of_it(reply: Reply) -> None:
    with scripted_host(lambda request: reply) as host, pytest.raises(RemoteUnavailable):
        client_of(host.url).open_blob("app", BLOB_DIGEST)


# fault 6
@pytest.mark.parametrize(
    "cut",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"a" * 999,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\naaaaa\r\n",
    ],
)
def test_a_blob_that_breaks_off_is_an_error_after_what_has_come(cut: bytes) -> None:
    with scripted_host(lambda request: cut) as host:
        with client_of(host.url).open_blob("app", BLOB_DIGEST) as blob:
            assert blob.read(5) == b"aaaaa"
            with pytest.raises(RemoteUnavailable):
                list(iter(lambda: blob.read(1 << 16), b""))


def test_connections_are_used_again() -> None:
    with scripted_host(manifest_reply()) as host:
        client = client_of(host.url)
        for _ in range(5):
            client.manifest("app", "v1")
    assert (len(host.requests), host.connections) == (5, 1)


def test_a_blob_has_a_size_by_head() -> None:
    with scripted_host(blob_reply) as host:
        assert client_of(host.url).head_blob("app", BLOB_DIGEST) == len(BLOB)
    assert host.requests[0].method == "HEAD"


def test_a_foreign_layer_is_read_from_its_own_address() -> None:
    with scripted_host(blob_reply) as elsewhere, scripted_host(blob_reply) as remote:
        client = client_of(remote.url, username="u", password="secret", preemptive=True)
        with client.open_url(f"{elsewhere.url}/layers/1.tar") as blob:
            assert blob.read(10) == BLOB[:10]
    assert elsewhere.paths() == ["/layers/1.tar"]
    assert "authorization" not in elsewhere.requests[0].headers


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a/b", "no url", "http://", "//a/b"])
def test_a_foreign_layer_has_an_address_of_the_web(url: str) -> None:
    with pytest.raises(RemoteUnavailable):
        client_of("http://127.0.0.1:1").open_url(url)
