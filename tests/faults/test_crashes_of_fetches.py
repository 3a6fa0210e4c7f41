"""kill -9 at every step of a fetch: the next pull goes on, and no row is without its bytes."""

import pytest

from tests.faults.client import LOST, Client, Image
from tests.proxy.programs import create_proxy
from tests.support.remote import Remote, running_remote

pytestmark = pytest.mark.slow

IMAGES = 4


def show(remote: Remote, number: int) -> Image:
    image = Image.make(number, 3_000_000)
    for content in (image.layer, image.config):
        remote.add_blob("team/app", content)
    remote.add_manifest("team/app", image.manifest, f"v{number}")
    return image


def pull_insistently(client: Client, reference: str) -> int:
    """Pulls a whole image; returns how often the server died under it."""
    for lost in range(20):
        try:
            client.assert_whole(reference)
        except (*LOST, AssertionError):
            # A short answer fails the client's comparison of digests.
            continue
        return lost
    raise AssertionError(f"never a whole answer for {reference}")


@pytest.mark.parametrize(
    "checkpoint",
    [
        "fetch.noted:4",
        "blob.written:5",
        "blob.file_synced:2",
        "blob.named:2",
        "blob.folder_synced:2",
        "fetch.before_commit:3",
        "fetch.committed:2",
    ],
)
def test_killed_at_a_checkpoint_the_next_pull_goes_on(program, checkpoint):  # fault 9
    with running_remote() as remote:
        server = program(NEXUSLITE_CHECKPOINT=checkpoint, NEXUSLITE_WORKERS=1).start()
        proxy = create_proxy(server, remote.url)
        client = proxy.client("team/app")
        images = [show(remote, number) for number in range(IMAGES)]
        lost = sum(pull_insistently(client, f"v{number}") for number in range(IMAGES))
        assert lost > 0
        server.kill()
        server.environment.clear()
        server.start()
        server.wait_until_open(proxy.port)
        for number, image in enumerate(images):
            assert client.assert_whole(f"v{number}") == image.digest
    # Without the remote: what is held is whole.
    for number, image in enumerate(images):
        assert client.assert_whole(f"v{number}") == image.digest
