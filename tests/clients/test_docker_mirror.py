"""Clients with a port of ours as mirror of Docker Hub; dockerd has a sign-in of it stored."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.commands import Client, podman, require
from tests.clients.dockerd import running_daemon
from tests.support.images import random_image
from tests.support.process import ProgramProcess, running_program
from tests.support.remote import Remote, running_remote
from tests.support.server import free_port

pytestmark = [pytest.mark.clients, pytest.mark.slow]

HUB_USER, HUB_PASSWORD = "hub-user", "password-of-docker-hub"
PROXIES = "/repositories/docker/proxy"


@pytest.fixture
def remote() -> Iterator[Remote]:
    """What stands in for Docker Hub."""
    with running_remote() as running:
        image = random_image("mirrored")
        for content in image.contents():
            running.add_blob("library/tool", content.data)
        running.add_manifest("library/tool", image.manifest.data, "v1")
        yield running


@pytest.fixture
def program(own_folder: Path) -> Iterator[ProgramProcess]:
    """A program of the test's own: it switches anonymous access on."""
    with running_program(own_folder / "data") as running:
        yield running


@pytest.fixture
def mirror(program: ProgramProcess, remote: Remote) -> int:
    """The port of a proxy repository that is a mirror of it."""
    port = free_port()
    program.activate_docker_tokens()
    access = {"enabled": True, "userId": "anonymous", "realmName": "NexusAuthorizingRealm"}
    assert program.rest("PUT", "/security/anonymous", access).status == 200
    answer = program.rest("POST", PROXIES, proxy_body(remote.url, port, is_mirror=True))
    assert answer.status == 201, answer.body
    program.wait_until_open(port)
    return port


def proxy_body(remote_url: str, port: int, *, is_mirror: bool) -> dict[str, object]:
    return {
        "name": "hub",
        "online": True,
        "storage": {"blobStoreName": "default", "strictContentTypeValidation": True},
        "proxy": {"remoteUrl": remote_url, "contentMaxAge": 1440, "metadataMaxAge": 1440},
        "negativeCache": {"enabled": True, "timeToLive": 1440},
        "httpClient": {"blocked": False, "autoBlock": True},
        "dockerProxy": {"indexType": "REGISTRY"},
        "docker": {
            "v1Enabled": False,
            "forceBasicAuth": not is_mirror,
            "httpPort": port,
            "readOnlyMirror": is_mirror,
        },
    }


def sign_in_to_hub(configuration: Path) -> None:
    """Stores a sign-in as `docker login` would."""
    pair = base64.b64encode(f"{HUB_USER}:{HUB_PASSWORD}".encode()).decode()
    auths = {"https://index.docker.io/v1/": {"auth": pair}}
    configuration.write_text(json.dumps({"auths": auths}))


def sign_ins_of_the_hub_user(program: ProgramProcess) -> int:
    return program.log.count(HUB_USER)


def test_a_mirror_never_sees_the_password_of_docker_hub(
    program: ProgramProcess, remote: Remote, mirror: int, own_folder: Path
) -> None:
    require("dockerd", "containerd", "unshare")
    option = f"--registry-mirror=http://127.0.0.1:{mirror}"
    with running_daemon(own_folder / "d", options=[option]) as daemon:
        docker = daemon.docker()
        sign_in_to_hub(daemon.folder / "cli" / "config.json")
        docker("pull", "tool:v1").succeeded()
        assert remote.requests("GET", "/v2/library/tool/blobs/")
        assert sign_ins_of_the_hub_user(program) == 0

        # The same port without the mark: it challenges, and dockerd answers with the password.
        body = proxy_body(remote.url, mirror, is_mirror=False)
        assert program.rest("PUT", f"{PROXIES}/hub", body).status == 204
        docker("pull", "tool:v1")
        assert sign_ins_of_the_hub_user(program) > 0
    assert HUB_PASSWORD not in program.log


def test_podman_pulls_what_docker_hub_has_from_the_mirror(
    remote: Remote, mirror: int, own_folder: Path
) -> None:
    require("podman")
    configuration = own_folder / "registries.conf"
    configuration.write_text(
        '[[registry]]\nprefix = "docker.io"\nlocation = "docker.io"\n'
        f'[[registry.mirror]]\nlocation = "127.0.0.1:{mirror}"\ninsecure = true\n'
    )
    client = podman(own_folder, {"CONTAINERS_REGISTRIES_CONF": str(configuration)})
    client("pull", "-q", "docker.io/library/tool:v1").succeeded()
    assert remote.requests("GET", "/v2/library/tool/blobs/")


def test_containerd_pulls_what_docker_hub_has_from_the_mirror(
    remote: Remote, mirror: int, own_folder: Path
) -> None:
    require("dockerd", "containerd", "ctr", "unshare")
    hosts = own_folder / "hosts" / "docker.io"
    hosts.mkdir(parents=True)
    (hosts / "hosts.toml").write_text(
        f'[host."http://127.0.0.1:{mirror}"]\n  capabilities = ["pull", "resolve"]\n'
    )
    with running_daemon(own_folder / "d") as daemon:
        socket = daemon.folder / "exec" / "containerd" / "containerd.sock"
        ctr = Client(["ctr", "--address", str(socket), "--namespace", "test"], {})
        pull = ("images", "pull", "--snapshotter", "native", "--hosts-dir", hosts.parent)
        ctr(*pull, "docker.io/library/tool:v1").succeeded()
        assert "docker.io/library/tool:v1" in ctr("images", "list", "-q").succeeded().output
    assert remote.requests("GET", "/v2/library/tool/blobs/")
