"""What a remote did not have is looked for again once something says that it may be there."""

from __future__ import annotations

from tests.proxy.pulls import pull
from tests.support.manifests import index
from tests.support.registry import digest_of
from tests.support.remote import OCI_INDEX


def test_layers_that_were_looked_for_before_their_push_are_pulled_after_it(remote, proxy):
    # fault 7
    proxy.head(f"app/blobs/{digest_of(b'layer')}").expect(404)
    pull(proxy, remote.add_image("app"))


def test_an_image_that_was_looked_for_before_its_index_was_pushed_is_pulled_after_it(remote, proxy):
    # fault 7
    digest = remote.add_image("other").digest
    proxy.get(f"app/manifests/{digest}").expect(404)
    image = remote.add_image("app", None)
    remote.add_manifest("app", index(image.descriptor), "multi", OCI_INDEX)
    proxy.get("app/manifests/multi").expect(200)
    proxy.get(f"app/manifests/{digest}").expect(200)
