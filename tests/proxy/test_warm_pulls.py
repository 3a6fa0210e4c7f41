"""A warm pull through a proxy costs the server no more time than one from a hosted repository."""

from __future__ import annotations

import http.client
import os
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.client import Client, Image, digest_of
from tests.proxy.programs import create_proxy
from tests.support.process import ProgramProcess, running_program
from tests.support.remote import running_remote

pytestmark = pytest.mark.slow

ROUNDS = 6
PULLS = 1000
TICK = os.sysconf("SC_CLK_TCK")


def test_warm_pulls_through_a_proxy_cost_what_those_from_hosted_do(tmp_path):
    with running_remote() as remote, running_program(tmp_path / "data") as program:
        hosted = Client(program.create_hosted("hosted", force_basic_auth=False).http_port)
        proxy = create_proxy(program, remote.url, docker__forceBasicAuth=False).client("team/app")
        image = Image.make("warm", 100_000)
        hosted.push(image, "latest")
        for content in (image.layer, image.config):
            remote.add_blob("team/app", content)
        remote.add_manifest("team/app", image.manifest, "latest")
        for client in (hosted, proxy):
            seconds_of(program, client, image, 50)
        remote.forget()
        costs = {"hosted": [], "proxy": []}
        for _ in range(ROUNDS):
            costs["hosted"].append(seconds_of(program, hosted, image, PULLS))
            costs["proxy"].append(seconds_of(program, proxy, image, PULLS))
        assert remote.requests() == []
        # Noise of the machine only ever adds.
        ratio = min(costs["proxy"]) / min(costs["hosted"])
        print(f"CPU seconds of {PULLS} pulls: {costs}, ratio {ratio:.3f}")
        assert ratio < 1.15


def seconds_of(program: ProgramProcess, client: Client, image: Image, pulls: int) -> float:
    """CPU time of the program for so many whole pulls of an image."""
    before = cpu_seconds(program)
    client = client.with_token()
    with closing(client.connect()) as connection:
        for _ in range(pulls):
            pull(connection, client, image)
    return cpu_seconds(program) - before


def pull(connection: http.client.HTTPConnection, client: Client, image: Image) -> None:
    for method, path, expected in [
        ("HEAD", "manifests/latest", b""),
        ("GET", f"manifests/{image.digest}", image.manifest),
        ("GET", f"blobs/{digest_of(image.config)}", image.config),
        ("GET", f"blobs/{digest_of(image.layer)}", image.layer),
    ]:
        connection.request(method, client.path(path), headers=client.headers())
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, expected)


def cpu_seconds(program: ProgramProcess) -> float:
    ticks = 0
    for pid in program.processes():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICK
