"""Who waits for a remote keeps nobody else from the database."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.client import Image, digest_of
from tests.proxy.programs import create_proxy
from tests.support.remote import Fault, running_remote
from tests.support.server import wait_for

WAITING = 12
WAIT = Fault(after=0, then="wait")


@pytest.mark.parametrize("path", ["manifests/latest", "blobs"])
def test_a_crowd_that_waits_for_a_remote_leaves_the_database_to_others(
    program, postgres_database, path
) -> None:
    # fault 10
    server, name = postgres_database
    environment = {
        "DATABASE_URL": server.address(name),
        "NEXUSLITE_DATABASE_POOL": 4,
        "NEXUSLITE_WORKERS": 1,
    }
    image = Image.make("cold")
    if path == "blobs":
        path = f"blobs/{digest_of(image.layer)}"
    with running_remote() as remote, ThreadPoolExecutor(WAITING) as threads:
        node = program(**environment).start()
        client = create_proxy(node, remote.url).client("team/app")
        remote.add_blob("team/app", image.layer)
        remote.add_manifest("team/app", image.manifest, "latest")
        remote.script("/team/app/", WAIT, method="GET")
        answers = [threads.submit(client.request, "GET", path) for _ in range(WAITING)]
        try:
            wait_for(lambda: bool(remote.requests("GET", "/team/app/")), 10)
            time.sleep(1.0)
            began = time.monotonic()
            assert node.rest("GET", "/security/users").status == 200
            assert time.monotonic() - began < 5.0
        finally:
            remote.resume()
        assert {each.result().status for each in answers} == {200}
