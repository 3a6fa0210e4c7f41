"""A remote that stops, limits, fails and lies: what is held keeps being pulled by every client."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.commands import Client
from tests.clients.dockerd import DockerDaemon
from tests.clients.registries import running_docker_registry
from tests.support.images import Image, random_image, write_layout
from tests.support.process import ADMIN, ADMIN_PASSWORD, HostedRepository, ProgramProcess
from tests.support.remote import Fault, running_remote
from tests.support.repositories import create_proxy
from tests.support.server import free_port, wait_for

pytestmark = [pytest.mark.clients, pytest.mark.slow]

OUTAGES = {
    "limits": Fault(status=429, headers={"Retry-After": "5"}),
    "fails": Fault(status=500),
    "refuses": Fault(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'}),
    "has lost everything": Fault(status=404),
    "sends garbage": Fault(status=200, body=b"<html>sign in to the wireless network</html>"),
    "breaks off": Fault(after=5),
}
Pull = Callable[[], None]


def test_what_is_held_is_pulled_whatever_the_remote_does(  # fault 7
    program: ProgramProcess,
    daemon: DockerDaemon,
    docker: Client,
    signed_in_podman: Client,
    signed_in_skopeo: Client,
    own_folder: Path,
) -> None:
    port = free_port()
    # Each pull asks the remote, and no pull is spared by the block of the one before.
    proxy = create_proxy(
        program,
        "outages",
        f"http://127.0.0.1:{port}",
        proxy={"remoteUrl": f"http://127.0.0.1:{port}", "contentMaxAge": 0, "metadataMaxAge": 0},
        httpClient={"blocked": False, "autoBlock": False},
    )
    reference = f"{proxy.http}/team/app:1.0"
    docker("login", "-u", ADMIN, "-p", ADMIN_PASSWORD, proxy.http).succeeded()
    for client in (signed_in_podman, signed_in_skopeo):
        client(
            "login", "-u", ADMIN, "-p", ADMIN_PASSWORD, "--tls-verify=false", proxy.http
        ).succeeded()

    def pull_by_all(image: Image) -> None:
        docker("rmi", "--force", reference)
        pulled = docker("pull", reference).succeeded()
        assert pulled.output.count("Pull complete") == len(image.layers)
        signed_in_podman("rmi", "--force", reference)
        signed_in_podman("pull", "-q", "--tls-verify=false", reference).succeeded()
        inspected = signed_in_skopeo("inspect", "--tls-verify=false", f"docker://{reference}")
        assert image.manifest.digest in inspected.succeeded().output

    first, second = random_image("outage-1"), random_image("outage-2")
    with running_docker_registry(own_folder / "registry", port):
        push(signed_in_skopeo, own_folder / "first", first, port)
        pull_by_all(first)
        assert described(program, proxy) == "Remote Available"

    invalidate(program, proxy)
    pull_by_all(first)
    assert described(program, proxy) == "Remote Unavailable"

    with running_remote(port) as remote:
        for outage, fault in OUTAGES.items():
            remote.behave()
            remote.script("", fault)
            remote.forget()
            invalidate(program, proxy)
            pull_by_all(first)
            assert remote.requests(), outage

    with running_docker_registry(own_folder / "registry", port):
        push(signed_in_skopeo, own_folder / "second", second, port)
        # Nobody has to do anything: what failed is asked again after a few seconds.
        wait_for(lambda: digest_of_tag(signed_in_skopeo, reference) == second.manifest.digest, 30)
        pull_by_all(second)
        assert described(program, proxy) == "Remote Available"


def push(skopeo: Client, folder: Path, image: Image, port: int) -> None:
    write_layout(folder, {"1.0": image})
    target = f"docker://127.0.0.1:{port}/team/app:1.0"
    skopeo("copy", "--dest-tls-verify=false", f"oci:{folder}:1.0", target).succeeded()


def digest_of_tag(skopeo: Client, reference: str) -> str:
    outcome = skopeo("inspect", "--tls-verify=false", f"docker://{reference}").succeeded()
    return str(json.loads(outcome.output)["Digest"])


def invalidate(program: ProgramProcess, proxy: HostedRepository) -> None:
    answer = program.rest("POST", f"/repositories/{proxy.name}/invalidate-cache")
    assert answer.status == 204, answer


def described(program: ProgramProcess, proxy: HostedRepository) -> str:
    answer = program.rest("GET", f"/repositories/{proxy.name}/status")
    assert answer.status == 200, answer
    return str(json.loads(answer.body)["description"])
