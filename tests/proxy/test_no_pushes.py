"""A proxy repository takes its content from its remote alone."""

from __future__ import annotations

import pytest

from tests.proxy.pulls import blob_path, pull
from tests.support.manifests import EMPTY_JSON
from tests.support.registry import ANONYMOUS, STRANGER

WRITES = [
    ("POST", "team/app/blobs/uploads/"),
    ("PATCH", "team/app/blobs/uploads/0f0e8b1c-5a5b-4f6e-9d5c-0a1b2c3d4e5f"),
    ("PUT", "team/app/blobs/uploads/0f0e8b1c-5a5b-4f6e-9d5c-0a1b2c3d4e5f"),
    ("PUT", "team/app/manifests/latest"),
    ("DELETE", "team/app/manifests/latest"),
]


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_writes_are_not_supported(remote, proxy, method, path):
    image = remote.add_image("team/app")
    pull(proxy, image)
    proxy.request(method, path, EMPTY_JSON).expect(405, "UNSUPPORTED")
    proxy.request("DELETE", blob_path(image, image.config)).expect(405, "UNSUPPORTED")
    pull(proxy, image)


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_who_may_not_write_gets_the_usual_refusal(proxy, method, path):
    proxy.as_(ANONYMOUS).request(method, path).expect(401)
    proxy.as_(STRANGER).request(method, path).expect(403, "DENIED")
