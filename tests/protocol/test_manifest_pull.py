"""GET and HEAD of manifests: served as stored, whatever is accepted."""

import pytest

from repositories.protocol.media_types import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_MANIFEST,
    DOCKER_MANIFEST_LIST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
)
from tests.support.manifests import descriptor, image_manifest, index
from tests.support.registry import digest_of

ON_BOTH_DATABASES = True

DOCKER_ACCEPT = ", ".join([DOCKER_MANIFEST, DOCKER_MANIFEST_LIST, OCI_MANIFEST, OCI_INDEX])
ACCEPTS = ["", "*/*", OCI_MANIFEST, DOCKER_MANIFEST, DOCKER_ACCEPT, "text/html;q=0.1", "a,,b;"]


@pytest.fixture
def stored(images):
    """Reference, content and media type of one manifest of each kind."""
    images.push_blob("team/app", b"config")
    images.push_blob("team/app", b"layer")
    oci = image_manifest(descriptor(b"config", OCI_CONFIG))
    docker = image_manifest(
        descriptor(b"config", DOCKER_CONFIG),
        [descriptor(b"layer", DOCKER_LAYER)],
        media_type=DOCKER_MANIFEST,
    )
    found = {"oci": (oci, OCI_MANIFEST), "docker": (docker, DOCKER_MANIFEST)}
    for tag, (content, media_type) in found.items():
        images.put_manifest("team/app", tag, content, media_type).expect(201)
    found["index"] = (index(descriptor(oci, OCI_MANIFEST)), OCI_INDEX)
    docker_list = index(descriptor(docker, DOCKER_MANIFEST), media_type=DOCKER_MANIFEST_LIST)
    found["list"] = (docker_list, DOCKER_MANIFEST_LIST)
    for tag in ("index", "list"):
        images.put_manifest("team/app", tag, *found[tag]).expect(201)
    return found


@pytest.mark.parametrize("accept", ACCEPTS)
def test_a_manifest_is_served_as_it_was_pushed_whatever_is_accepted(images, stored, accept):
    for tag, (content, media_type) in stored.items():
        for reference in (tag, digest_of(content)):
            answer = images.get(f"team/app/manifests/{reference}", Accept=accept).expect(200)
            assert answer.body == content
            assert answer.header("Content-Type") == media_type
            assert answer.header("Docker-Content-Digest") == digest_of(content)
            assert answer.header("ETag") == f'"{digest_of(content)}"'
            assert (answer.header("Last-Modified") or "").endswith(" GMT")


def test_head_has_the_headers_of_get(images, stored):
    for tag in stored:
        url = f"team/app/manifests/{tag}"
        assert images.head(url).expect(200).headers == images.get(url).expect(200).headers


def test_what_the_client_has_already_is_304(images, stored):
    url = "team/app/manifests/oci"
    etag = images.get(url).header("ETag")
    for value in (etag, etag.strip('"'), f"W/{etag}", "*"):
        answer = images.get(url, If_None_Match=value).expect(304)
        assert answer.header("ETag") == etag
        assert images.head(url, If_None_Match=value).expect(304)
    images.get(url, If_None_Match='"sha256:0"').expect(200)


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
@pytest.mark.parametrize(
    "reference",
    [
        "never-pushed",
        digest_of(b"never pushed"),
        digest_of(b"never pushed", "sha512"),
        ".INVALID_MANIFEST_NAME",
        "-x",
        "a" * 129,
        "a%20b",
        "%00",
        "ü",
        "%2e%2e",
    ],
)
def test_what_is_not_there_is_404(images, stored, method, reference):
    # fault 19
    reference = reference.replace("ü", "%C3%BC")
    answer = images.request(method, f"team/app/manifests/{reference}").expect(404)
    if method != "HEAD":
        assert answer.error["code"] == "MANIFEST_UNKNOWN"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
@pytest.mark.parametrize("reference", ["sha256:totallywrong", "sha256:" + "A" * 64, "x:y", ":"])
def test_an_invalid_digest_is_400(images, method, reference):
    # fault 17
    answer = images.request(method, f"team/app/manifests/{reference}", b"blablabla").expect(400)
    if method != "HEAD":
        assert answer.error["code"] == "DIGEST_INVALID"


def test_a_get_with_a_body_is_answered(images):
    answer = images.request("GET", "team/app/manifests/sha256:totallywrong", b"blablabla")
    answer.expect(400, "DIGEST_INVALID")


def test_a_manifest_of_another_image_or_repository_is_404(images, stored, hosted):
    # fault 25
    content, _ = stored["oci"]
    images.get(f"team/other/manifests/{digest_of(content)}").expect(404, "MANIFEST_UNKNOWN")
    hosted("others").get("team/app/manifests/oci").expect(404, "MANIFEST_UNKNOWN")


def test_the_next_pull_sees_what_a_tag_was_moved_to(images, stored):
    for tag in ("docker", "index", "oci", "list", "oci"):
        content, media_type = stored[tag]
        images.put_manifest("team/app", "moving", content, media_type).expect(201)
        assert images.get("team/app/manifests/moving").expect(200).body == content
        head = images.head("team/app/manifests/moving").expect(200)
        assert head.header("Docker-Content-Digest") == digest_of(content)


def test_the_answer_after_a_deletion_is_404(images, stored):
    content, _ = stored["oci"]
    url = f"team/app/manifests/{digest_of(content)}"
    images.get(url).expect(200)
    images.head(url).expect(200)
    images.delete(url).expect(202)
    images.get(url).expect(404)
    images.head(url).expect(404)
