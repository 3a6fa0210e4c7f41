"""Deleting tags, manifests and blobs, with exactly the consequences they have."""

import pytest

from repositories.models import Blob, Image
from repositories.protocol.media_types import OCI_INDEX
from tests.support.manifests import descriptor, index
from tests.support.registry import digest_of

ON_BOTH_DATABASES = True


def tags(client, image="team/app"):
    return client.get(f"{image}/tags/list").expect(200).json()["tags"]


def test_a_deleted_tag_takes_nothing_with_it(images):
    pushed = images.push_image("team/app", "v1")
    images.put_manifest("team/app", "twin", pushed.content).expect(201)
    answer = images.delete("team/app/manifests/v1").expect(202)
    assert answer.header("Content-Length") == "0"
    images.get("team/app/manifests/v1").expect(404, "MANIFEST_UNKNOWN")
    assert images.get("team/app/manifests/twin").expect(200).body == pushed.content
    assert images.get(f"team/app/manifests/{pushed.digest}").expect(200).body == pushed.content
    assert tags(images) == ["twin"]
    images.delete("team/app/manifests/v1").expect(404, "MANIFEST_UNKNOWN")


def test_a_deleted_manifest_takes_all_its_tags_with_it(images):
    pushed = images.push_image("team/app", "v1")
    images.put_manifest("team/app", "v2", pushed.content).expect(201)
    other = images.push_image("team/app", "v3", seed="other")
    images.delete(f"team/app/manifests/{pushed.digest}").expect(202)
    for reference in ("v1", "v2", pushed.digest):
        images.get(f"team/app/manifests/{reference}").expect(404, "MANIFEST_UNKNOWN")
        images.head(f"team/app/manifests/{reference}").expect(404)
    assert tags(images) == ["v3"]
    assert images.get("team/app/manifests/v3").expect(200).body == other.content
    images.delete(f"team/app/manifests/{pushed.digest}").expect(404, "MANIFEST_UNKNOWN")


def test_after_the_last_manifest_the_list_of_tags_is_empty(images):
    pushed = images.push_image("team/app", "v1")
    images.delete(f"team/app/manifests/{pushed.digest}").expect(202)
    assert tags(images) == []


def test_a_deleted_manifest_leaves_its_blobs(images):
    pushed = images.push_image("team/app", "v1")
    images.delete(f"team/app/manifests/{pushed.digest}").expect(202)
    for content in (pushed.config, *pushed.layers):
        assert images.get(f"team/app/blobs/{digest_of(content)}").expect(200).body == content
    images.put_manifest("team/app", "v1", pushed.content).expect(201)


def test_the_same_manifest_in_another_image_or_repository_stays(images, hosted):
    other = hosted("others")
    pushed = images.push_image("team/app", "v1")
    images.push_image("team/twin", "v1")
    other.push_image("team/app", "v1")
    images.delete(f"team/app/manifests/{pushed.digest}").expect(202)
    assert images.get("team/twin/manifests/v1").expect(200).body == pushed.content
    assert other.get("team/app/manifests/v1").expect(200).body == pushed.content


def test_a_deleted_index_leaves_its_children_and_the_other_way_round(images):
    child = images.push_image("team/app", "child")
    listing = index(child.descriptor)
    images.put_manifest("team/app", "all", listing, OCI_INDEX).expect(201)
    images.delete(f"team/app/manifests/{digest_of(listing)}").expect(202)
    images.get(f"team/app/manifests/{child.digest}").expect(200)
    images.put_manifest("team/app", "all", listing, OCI_INDEX).expect(201)
    images.delete(f"team/app/manifests/{child.digest}").expect(202)
    images.get(f"team/app/manifests/{child.digest}").expect(404)
    assert images.get("team/app/manifests/all").expect(200).body == listing


def test_a_deleted_blob_is_gone_from_its_image_alone(images):
    digest = images.push_blob("team/app", b"content")
    images.push_blob("team/other", b"content")
    images.delete(f"team/app/blobs/{digest}").expect(202)
    images.get(f"team/app/blobs/{digest}").expect(404, "BLOB_UNKNOWN")
    images.head(f"team/app/blobs/{digest}").expect(404)
    images.delete(f"team/app/blobs/{digest}").expect(404, "BLOB_UNKNOWN")
    assert images.get(f"team/other/blobs/{digest}").expect(200).body == b"content"


def test_a_deleted_blob_can_be_pushed_again(images):
    digest = images.push_blob("team/app", b"content")
    images.delete(f"team/app/blobs/{digest}").expect(202)
    images.push_blob("team/app", b"content")
    assert images.get(f"team/app/blobs/{digest}").expect(200).body == b"content"
    assert Blob.objects.count() == 1


def test_a_blob_that_a_manifest_needs_is_not_deleted(images):
    pushed = images.push_image("team/app", "v1")
    for content in (pushed.config, *pushed.layers):
        url = f"team/app/blobs/{digest_of(content)}"
        images.delete(url).expect(405, "UNSUPPORTED")
        images.get(url).expect(200)
    images.delete(f"team/app/manifests/{pushed.digest}").expect(202)
    images.delete(f"team/app/blobs/{digest_of(pushed.config)}").expect(202)


def test_a_blob_that_another_image_needs_can_be_deleted_here(images):
    pushed = images.push_image("team/other", "v1")
    digest = images.push_blob("team/app", pushed.config)
    images.delete(f"team/app/blobs/{digest}").expect(202)
    images.get(f"team/other/blobs/{digest}").expect(200)


def test_a_blob_that_a_cache_index_lists_is_not_deleted(images):
    digest = images.push_blob("team/app", b"cached")
    listing = index(descriptor(b"cached", "application/vnd.example.layer"))
    images.put_manifest("team/app", "cache", listing, OCI_INDEX).expect(201)
    images.delete(f"team/app/blobs/{digest}").expect(405, "UNSUPPORTED")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"blobs/{digest_of(b'x')}", "NAME_UNKNOWN"),
        (f"manifests/{digest_of(b'x')}", "NAME_UNKNOWN"),
        ("manifests/v1", "NAME_UNKNOWN"),
    ],
)
def test_nothing_can_be_deleted_of_an_unknown_image(images, path, code):
    images.delete(f"never/seen/{path}").expect(404, code)
    assert not Image.objects.exists()


def test_what_was_deleted_can_be_pushed_again_and_again(images):
    for _ in range(3):
        pushed = images.push_image("team/app", "v1")
        assert images.get("team/app/manifests/v1").expect(200).body == pushed.content
        images.delete(f"team/app/manifests/{pushed.digest}").expect(202)
        images.get("team/app/manifests/v1").expect(404)
