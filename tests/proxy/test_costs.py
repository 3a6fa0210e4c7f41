"""What a pull of something held costs, compared with the same pull from a hosted repository."""

from __future__ import annotations

import pytest

from nexuslite import stamps
from repositories.content import remembered
from repositories.docker import hot
from tests.proxy.pulls import blob_path, pull, wait_until_held


@pytest.fixture
def image(remote, proxy):
    """An image that is held."""
    image = remote.add_image("team/app")
    pull(proxy, image)
    wait_until_held(*image.blobs)
    remote.forget()
    return image


def paths(image) -> list[str]:
    return [
        "team/app/manifests/latest",
        f"team/app/manifests/{image.digest}",
        blob_path(image, image.layers[0]),
    ]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_pull_with_a_token_is_one_query_and_then_none(remote, proxy, image, cost, method):
    client = proxy.with_token("repository:team/app:pull")
    client.get("").expect(200)
    for path in paths(image):
        remembered._entries.clear()
        hot._answers.clear()
        assert cost(lambda path=path: client.request(method, path)) == 1
        assert cost(lambda path=path: client.request(method, path)) == 0
    assert remote.requests() == []


def test_a_worker_that_has_seen_nothing_yet_asks_as_few_as_for_hosted(proxy, image, cost, hosted):
    images = hosted("images")
    images.push_image("team/app", "latest")
    costs = []
    for client in (images, proxy):
        remembered._entries.clear()
        stamps.begin()
        costs.append(cost(lambda client=client: client.get("team/app/manifests/latest")))
    assert costs[1] <= costs[0] + 1
