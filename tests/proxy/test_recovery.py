"""A remote in trouble and what becomes of it, in the whole program: nothing held is let down."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proxy.programs import ProgramProxy, create_proxy
from tests.support.process import ADMIN, ADMIN_PASSWORD, basic_authorization, running_program
from tests.support.remote import Fault, Remote, RemoteImage, running_remote
from tests.support.server import Answer, wait_for

LIMITED = {"Retry-After": "1", "RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "0;w=21600"}
TROUBLE = {
    "limits": Fault(status=429, headers=LIMITED),
    "fails": Fault(status=500),
    "lies": Fault(status=200, body=b"<html>garbage</html>"),
    "hangs up": Fault(after=0),
}


@pytest.fixture
def remote() -> Iterator[Remote]:
    with running_remote() as running:
        yield running


@pytest.fixture
def proxy(tmp_path: Path, remote: Remote) -> Iterator[ProgramProxy]:
    """A proxy whose tags are never fresh, so that each pull asks the remote."""
    short = {"NEXUSLITE_REMOTE_BLOCK_SECONDS": "0.5"}
    with running_program(tmp_path / "data", short) as program:
        yield create_proxy(program, remote.url, proxy__metadataMaxAge=0)


def get(proxy: ProgramProxy, path: str) -> Answer:
    headers = {"Authorization": basic_authorization(ADMIN, ADMIN_PASSWORD)}
    return proxy.program.request("GET", f"/v2/{path}", headers=headers, port=proxy.port)


def status(proxy: ProgramProxy) -> dict[str, object]:
    answer = proxy.program.rest("GET", f"/repositories/{proxy.name}/status")
    found: dict[str, object] = json.loads(answer.body)
    return found


def pull(proxy: ProgramProxy, image: RemoteImage) -> None:
    for path in ("manifests/v1", *(f"blobs/{digest}" for digest in image.layer_digests)):
        answer = get(proxy, f"{image.name}/{path}")
        assert answer.status == 200, (answer.status, answer.body)


# fault 7
def test_every_trouble_passes_and_what_is_held_keeps_being_pulled(
    proxy: ProgramProxy, remote: Remote
) -> None:
    held = remote.add_image("team/held", "v1")
    pull(proxy, held)
    assert status(proxy)["description"] == "Remote Available"
    for number, (name, fault) in enumerate(TROUBLE.items()):
        remote.script("/v2/", fault)
        image = remote.add_image(f"team/new-{number}", "v1", seed=name)
        missing = get(proxy, f"{image.name}/manifests/v1")
        assert missing.status in {429, 502}, (name, missing.status, missing.body)
        for _ in range(3):
            pull(proxy, held)
        remote.behave()
        wait_for(lambda image=image: _is_pulled(proxy, image), 20.0, f"pulls after it {name}")
    limits = status(proxy)["remoteLimits"]
    assert limits == {"limit": 100, "remaining": 0, "window": 21600}


def test_the_background_process_finds_a_remote_that_is_back(
    proxy: ProgramProxy, remote: Remote
) -> None:
    remote.add_image("team/app", "v1")
    remote.script("/v2/", Fault(status=503))
    assert get(proxy, "team/app/manifests/v1").status == 502
    assert status(proxy)["description"] == "Remote Auto Blocked and Unavailable"
    remote.behave()
    remote.forget()
    # Nobody pulls meanwhile.
    wait_for(
        lambda: status(proxy)["description"] == "Remote Available", 20.0, "the remote is available"
    )
    assert [request.path for request in remote.requests()] == ["/v2/"]


def _is_pulled(proxy: ProgramProxy, image: RemoteImage) -> bool:
    time.sleep(0.2)
    return get(proxy, f"{image.name}/manifests/v1").status == 200
