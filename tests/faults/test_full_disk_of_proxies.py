"""A full disk under a proxy: what is held is served, nothing broken is kept, and it recovers."""

import http.client
from contextlib import suppress

import pytest

from tests.faults.client import Client, Image
from tests.faults.test_full_disk import MIB, REFUSALS, fill
from tests.proxy.programs import create_proxy
from tests.support.remote import Remote, running_remote

pytestmark = pytest.mark.slow


def show(remote: Remote, tag: str, size: int) -> Image:
    image = Image.make(tag, size)
    for content in (image.layer, image.config):
        remote.add_blob("team/app", content)
    remote.add_manifest("team/app", image.manifest, tag)
    return image


def is_refused_or_broken_off(client: Client, tag: str) -> bool:
    """Whether no whole image came, and nothing that looked like one."""
    with suppress(http.client.IncompleteRead, AssertionError):
        client.assert_whole(tag)
        return False
    return True


@pytest.mark.parametrize("full", ["blob store", "data folder"])
def test_a_full_disk(program, small_disk, full):  # fault 5
    server = program()
    folder = server.data if full == "data folder" else server.data / "blobs/default"
    disk = small_disk(folder, 32)
    with running_remote() as remote:
        server.start()
        client = create_proxy(server, remote.url).client("team/app")
        held = show(remote, "held", MIB)
        large = show(remote, "large", 6 * MIB)
        assert client.assert_whole("held") == held.digest
        ballast = fill(disk, leave=2 * MIB if full == "blob store" else 0)

        for _ in range(2):
            assert is_refused_or_broken_off(client, "large")
            assert client.assert_whole("held") == held.digest
        status = client.request("GET", "manifests/missing").status
        assert status == 404 or status in REFUSALS

        ballast.unlink()
        assert client.assert_whole("large") == large.digest
    assert client.assert_whole("large") == large.digest
