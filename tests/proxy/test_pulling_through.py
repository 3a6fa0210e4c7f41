"""What was never asked for before comes from the remote, and is kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from repositories.models import AwaitedContent, ManifestBlob, ManifestChild
from tests.proxy.pulls import blob_path, image_names, pull, wait_until_held
from tests.support.manifests import index
from tests.support.registry import digest_of
from tests.support.remote import OCI_INDEX, Fault
from tests.support.server import wait_for


def test_an_image_is_pulled_through_and_then_held(remote, proxy):
    image = remote.add_image("team/app", layers=(b"a" * 300_000, b"b"))
    pull(proxy, image)
    remote.forget()
    pull(proxy, image)
    pull(proxy, image, image.digest)
    assert remote.requests() == []


def test_every_blob_and_manifest_is_asked_for_once(remote, proxy):
    image = remote.add_image("team/app", layers=(b"a", b"b"))
    pull(proxy, image)
    pull(proxy, image)
    assert len(remote.requests("GET", "/manifests/")) == 1
    assert len(remote.requests("GET", "/blobs/")) == 3
    assert remote.requests("HEAD") == []


def test_a_held_image_has_the_rows_of_a_pushed_one(remote, proxy):
    image = remote.add_image("team/app", layers=(b"a", b"b"))
    proxy.get("team/app/manifests/latest").expect(200)
    assert (AwaitedContent.objects.count(), ManifestBlob.objects.count()) == (3, 0)
    pull(proxy, image)
    wait_until_held(*image.blobs)
    assert (AwaitedContent.objects.count(), ManifestBlob.objects.count()) == (0, 3)
    assert proxy.get("_catalog").json() == {"repositories": ["team/app"]}
    assert proxy.get("team/app/tags/list").json()["tags"] == ["latest"]


def test_children_of_an_index_come_on_demand(remote, proxy):
    wanted = remote.add_image("team/app", None, seed="amd64")
    other = remote.add_image("team/app", None, seed="arm64")
    content = index(wanted.descriptor, other.descriptor)
    remote.add_manifest("team/app", content, "multi", OCI_INDEX)
    assert proxy.get("team/app/manifests/multi").expect(200).body == content
    pull(proxy, wanted, wanted.digest)
    assert ManifestChild.objects.count() == 1
    assert not any(other.digest in each.path for each in remote.requests())


def test_what_arrived_before_its_manifest_belongs_to_it(remote, proxy):
    image = remote.add_image("team/app")
    for content in image.blobs:
        proxy.get(blob_path(image, content)).expect(200)
    wait_until_held(*image.blobs)
    proxy.get("team/app/manifests/latest").expect(200)
    assert (AwaitedContent.objects.count(), ManifestBlob.objects.count()) == (0, 2)


@pytest.mark.parametrize("with_manifest", [True, False])
def test_head_of_a_blob_fetches_nothing(remote, proxy, with_manifest):
    image = remote.add_image("team/app", layers=(b"l" * 5000,))
    if with_manifest:
        proxy.get("team/app/manifests/latest").expect(200)
    answer = proxy.head(blob_path(image, image.layers[0])).expect(200)
    assert answer.header("Content-Length") == "5000"
    assert answer.header("Docker-Content-Digest") == image.layer_digests[0]
    assert remote.requests("GET", "/blobs/") == []
    assert len(remote.requests("HEAD", "/blobs/")) == (0 if with_manifest else 1)


@pytest.mark.parametrize(
    ("wanted", "start", "stop"),
    [("bytes=0-0", 0, 1), ("bytes=100-", 100, 5000), ("bytes=-1", 4999, 5000)],
)
def test_a_range_of_a_blob_that_is_not_held_yet(remote, proxy, wanted, start, stop):
    layer = bytes(range(250)) * 20
    image = remote.add_image("team/app", layers=(layer,))
    answer = proxy.get(blob_path(image, layer), Range=wanted).expect(206)
    assert answer.body == layer[start:stop]
    assert answer.header("Content-Range") == f"bytes {start}-{stop - 1}/5000"
    wait_until_held(layer)


def test_a_range_beyond_the_end_of_a_blob_that_is_not_held_yet(remote, proxy):
    image = remote.add_image("team/app", layers=(b"abc",))
    answer = proxy.get(blob_path(image, b"abc"), Range="bytes=3-").expect(416, "RANGE_INVALID")
    assert answer.header("Content-Range") == "bytes */3"


def test_an_empty_blob(remote, proxy):
    digest = remote.add_blob("team/app", b"")
    assert proxy.get(f"team/app/blobs/{digest}").expect(200).body == b""
    assert proxy.get(f"team/app/blobs/{digest}").expect(200).body == b""
    assert len(remote.requests("GET")) == 1


def test_a_blob_of_another_image_is_shown_only_if_the_remote_shows_it(remote, proxy):
    image = remote.add_image("team/app")
    pull(proxy, image)
    layer = image.layer_digests[0]
    proxy.get(f"team/other/blobs/{layer}").expect(404, "BLOB_UNKNOWN")
    remote.add_blob("team/third", image.layers[0])
    assert proxy.get(f"team/third/blobs/{layer}").expect(200).body == image.layers[0]
    # Proven by HEAD, not downloaded again.
    assert len(remote.requests("GET", layer)) == 1
    assert image_names() == {"team/app", "team/third"}


def test_a_blob_of_another_repository_is_shown_only_if_the_remote_shows_it(remote, proxy, hosted):
    secret = b"pushed to a hosted repository"
    hosted("images").push_blob("team/app", secret)
    proxy.get(f"team/app/blobs/{digest_of(secret)}").expect(404, "BLOB_UNKNOWN")
    proxy.head(f"team/app/blobs/{digest_of(secret)}").expect(404)


def test_sha512(remote, proxy):
    content = b"a layer by sha512"
    digest = digest_of(content, "sha512")
    remote.blobs["team/app", digest] = content
    assert proxy.get(f"team/app/blobs/{digest}").expect(200).body == content
    assert proxy.get(f"team/app/blobs/{digest}").expect(200).body == content
    assert len(remote.requests("GET")) == 1


def test_a_blob_on_its_way_is_shown_only_to_images_that_the_remote_shows_it_under(remote, proxy):
    layer = bytes(200_000)
    digest = remote.add_blob("team/app", layer)
    remote.add_blob("team/third", layer)
    remote.script("/blobs/", Fault(after=100_000, then="wait"), "GET")
    with ThreadPoolExecutor() as clients:
        first = clients.submit(proxy.get, f"team/app/blobs/{digest}")
        wait_for(lambda: remote.sent, what="the transfer has begun")
        proxy.get(f"team/other/blobs/{digest}").expect(404, "BLOB_UNKNOWN")
        third = clients.submit(proxy.get, f"team/third/blobs/{digest}")
        wait_for(lambda: remote.requests("HEAD", "team/third"), what="the proof")
        remote.resume()
        assert first.result().expect(200).body == third.result().expect(200).body == layer
    assert len(remote.requests("GET")) == 1
    wait_until_held(layer)
    assert image_names() == {"team/app", "team/third"}
