"""Pulling through a proxy with each database, by a crowd, a moved tag and a killed worker."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.client import Client, Image
from tests.proxy.programs import create_proxy
from tests.support.process import ProgramProcess
from tests.support.remote import Remote, running_remote
from tests.support.server import children, wait_for

pytestmark = pytest.mark.slow

CLIENTS = 20


def show(remote: Remote, image: Image, tag: str = "latest") -> None:
    for content in (image.layer, image.config):
        remote.add_blob("team/app", content)
    remote.add_manifest("team/app", image.manifest, tag)


def crowd(client: Client, reference: str = "latest") -> set[str]:
    """The digests that a crowd got, each of which has pulled the whole image."""
    with ThreadPoolExecutor(CLIENTS) as threads:
        return set(threads.map(client.assert_whole, [reference] * CLIENTS))


def test_a_crowd_pulls_an_image_whose_tag_moves(program, database) -> None:  # fault 10
    with running_remote() as remote:
        server: ProgramProcess = program(**database).start()
        # An age of nothing: each pull asks what the tag means.
        ages = {"proxy__metadataMaxAge": 0, "negativeCache__timeToLive": 1}
        client = create_proxy(server, remote.url, **ages).client("team/app")
        assert client.request("GET", "manifests/latest").status == 404
        answer = server.rest("POST", "/repositories/proxy/invalidate-cache")
        assert answer.status == 204
        first, second = Image.make("first", 300_000), Image.make("second", 300_000)
        for image in (first, second):
            show(remote, image)
            remote.forget()
            assert crowd(client) == {image.digest}
            blobs = [each.path for each in remote.requests("GET", "/blobs/")]
            assert len(blobs) == len(set(blobs)) == 2
        os.kill(max(children(server.pid)), signal.SIGKILL)
        wait_for(lambda: crowd_or_none(client) == {second.digest}, 20)
        assert len(remote.requests("GET", "/blobs/")) == 2


def crowd_or_none(client: Client) -> set[str] | None:
    """What a crowd gets, None when a process dies under it."""
    try:
        return crowd(client)
    except OSError:
        return None


def test_two_nodes_share_what_one_has_fetched(program, postgres_database, tmp_path) -> None:
    server, name = postgres_database
    shared = {"DATABASE_URL": server.address(name), "NEXUSLITE_SECRET_KEY": "shared by nodes " * 3}
    with running_remote() as remote:
        first = program(**shared).start()
        folder = tmp_path / "blobs"
        store = {"name": "shared", "path": str(folder)}
        assert first.rest("POST", "/blobstores/file", store).status in {201, 204}
        proxy = create_proxy(first, remote.url, storage__blobStoreName="shared")
        image = Image.make("shared", 300_000)
        show(remote, image)
        assert proxy.client("team/app").assert_whole("latest") == image.digest
        remote.forget()
        first.stop()
        second = program(**shared).start()
        second.wait_until_open(proxy.port)
        assert proxy.client("team/app").assert_whole("latest") == image.digest
        assert remote.requests() == []
