"""Layers that are elsewhere: cached if the repository says so, from where the whitelist allows."""

from __future__ import annotations

import pytest

from tests.proxy.pulls import get_unchecked, holds_blob, is_broken_off, wait_until_held
from tests.support.manifests import descriptor, image_manifest
from tests.support.registry import digest_of
from tests.support.remote import OCI_CONFIG, Fault

FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
LAYER = b"a layer of somebody else" * 100
CONFIG = b"{}"


def sends(content: bytes) -> Fault:
    """What a web server answers that has the content."""
    return Fault(status=200, body=content, headers={"Content-Type": "application/octet-stream"})


@pytest.fixture
def image(remote) -> str:
    """An image with a foreign layer that lies on the remote's host outside of its registry."""
    urls = [f"{remote.url}/elsewhere/1", f"{remote.url}/elsewhere/2"]
    remote.add_blob("team/app", CONFIG)
    layer = descriptor(LAYER, FOREIGN, urls=urls)
    content = image_manifest(descriptor(CONFIG, OCI_CONFIG), [layer])
    remote.add_manifest("team/app", content, "latest")
    remote.script("/elsewhere/", sends(LAYER))
    return f"team/app/blobs/{digest_of(LAYER)}"


def test_they_are_not_cached_by_default(remote, proxy, image):
    proxy.get("team/app/manifests/latest").expect(200)
    proxy.get(image).expect(404, "BLOB_UNKNOWN")
    proxy.head(image).expect(404)
    assert remote.requests(None, "/elsewhere/") == []


def test_they_are_cached_from_where_the_whitelist_allows(remote, proxy_of, image):
    proxy = proxy_of(cache_foreign_layers=True, foreign_layer_whitelist=[".*/elsewhere/2"])
    proxy.get("team/app/manifests/latest").expect(200)
    assert proxy.head(image).expect(200).header("Content-Length") == str(len(LAYER))
    assert proxy.get(image).expect(200).body == LAYER
    wait_until_held(LAYER)
    assert proxy.get(image).expect(200).body == LAYER
    assert [each.path for each in remote.requests(None, "/elsewhere/")] == ["/elsewhere/2"]


def test_the_next_url_is_asked_when_one_fails(remote, proxy_of, image):
    proxy = proxy_of(cache_foreign_layers=True, foreign_layer_whitelist=[".*"])
    remote.script("/elsewhere/1", Fault(status=500))
    proxy.get("team/app/manifests/latest").expect(200)
    assert proxy.get(image).expect(200).body == LAYER


@pytest.mark.parametrize("whitelist", [[], ["https://elsewhere.example/.*"], ["elsewhere"]])
def test_nothing_else_is_asked(remote, proxy_of, image, whitelist):
    proxy = proxy_of(cache_foreign_layers=True, foreign_layer_whitelist=whitelist)
    proxy.get("team/app/manifests/latest").expect(200)
    proxy.get(image).expect(404)
    assert remote.requests(None, "/elsewhere/") == []


def test_a_layer_that_is_something_else_is_not_kept(remote, proxy_of, image):
    proxy = proxy_of(cache_foreign_layers=True, foreign_layer_whitelist=[".*"])
    remote.script("/elsewhere/", sends(LAYER[:-1] + b"!"))
    proxy.get("team/app/manifests/latest").expect(200)
    answer = get_unchecked(proxy, image)
    assert answer.status == 502 or is_broken_off(answer)
    assert not holds_blob(LAYER)


def test_an_internal_address_is_not_asked(remote, proxy_of):  # fault 23
    proxy = proxy_of(cache_foreign_layers=True, foreign_layer_whitelist=[".*"])
    layer = descriptor(LAYER, FOREIGN, urls=[f"http://127.0.0.2:{remote.port}/elsewhere/1"])
    remote.add_manifest(
        "team/app", image_manifest(descriptor(CONFIG, OCI_CONFIG), [layer]), "latest"
    )
    proxy.get("team/app/manifests/latest").expect(200)
    proxy.get(f"team/app/blobs/{digest_of(LAYER)}").expect(502)
    assert remote.requests(None, "/elsewhere/") == []
