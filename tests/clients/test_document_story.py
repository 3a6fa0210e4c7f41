"""The whole way of a team: from an empty server to pulling its own images and others' by a group.

Step by step what a tutorial for Nexus shows, with REST in the administrator's place.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.commands import Client, require
from tests.clients.dockerd import DockerDaemon
from tests.clients.registries import running_docker_registry
from tests.support.images import random_image
from tests.support.process import ProgramProcess, running_program
from tests.support.server import free_port

pytestmark = [pytest.mark.clients, pytest.mark.slow]

SENTENCE = (
    "denied: Deploying to groups is a PRO-licensed feature. "
    "See https://links.sonatype.com/product-nexus-repository"
)
USER, PASSWORD = "dev", "a password of dev"


@pytest.fixture
def fresh(own_folder: Path) -> Iterator[ProgramProcess]:
    """A server that nobody has used yet."""
    with running_program(own_folder / "data") as running:
        yield running


@pytest.fixture
def third_party(own_folder: Path) -> Iterator[str]:
    """Somebody else's registry."""
    require("docker-registry")
    with running_docker_registry(own_folder / "registry") as host:
        yield host


def expect(program: ProgramProcess, status: int, method: str, path: str, document: Any) -> None:
    answer = program.rest(method, path, document)
    assert answer.status == status, (path, answer.status, answer.body)


def repository(name: str, port: int, **sections: Any) -> dict[str, Any]:
    return {
        "name": name,
        "online": True,
        "storage": {"blobStoreName": "docker", "strictContentTypeValidation": True},
        "docker": {"v1Enabled": False, "forceBasicAuth": False, "httpPort": port},
        **sections,
    }


def test_a_team_pushes_to_hosted_and_pulls_everything_from_the_group(
    fresh: ProgramProcess, third_party: str, daemon: DockerDaemon
) -> None:
    ports = {"hosted": free_port(), "proxy": free_port(), "group": free_port()}
    hosted, group = f"127.0.0.1:{ports['hosted']}", f"127.0.0.1:{ports['group']}"
    docker, guest = daemon.docker("story"), daemon.docker("story-guest")
    theirs, ours = random_image("nginx"), random_image("myimage")
    _push_to(docker, daemon, f"{third_party}/library/nginx:1.15.3", theirs)

    # A blob store, and three repositories in it with a port each.
    expect(fresh, 204, "POST", "/blobstores/file", {"name": "docker", "path": "docker"})
    storage = {
        "blobStoreName": "docker",
        "strictContentTypeValidation": True,
        "writePolicy": "ALLOW",
    }
    body = repository("docker-hosted", ports["hosted"], storage=storage)
    body["docker"]["httpsPort"] = free_port()
    expect(fresh, 201, "POST", "/repositories/docker/hosted", body)
    body = repository(
        "docker-proxy",
        ports["proxy"],
        proxy={
            "remoteUrl": f"http://{third_party}",
            "contentMaxAge": 1440,
            "metadataMaxAge": 1440,
        },
        negativeCache={"enabled": True, "timeToLive": 1440},
        httpClient={"blocked": False, "autoBlock": True},
        dockerProxy={"indexType": "REGISTRY"},
    )
    expect(fresh, 201, "POST", "/repositories/docker/proxy", body)
    members = {"memberNames": ["docker-hosted", "docker-proxy"]}
    body = repository("docker-group", ports["group"], group=members)
    expect(fresh, 201, "POST", "/repositories/docker/group", body)

    # A role of all that has to do with docker, a user, the realm, anonymous access.
    actions = ("browse", "read", "edit", "add", "delete")
    privileges = [f"nx-repository-view-docker-*-{action}" for action in actions]
    role = {"id": "docker", "name": "docker", "privileges": privileges, "roles": []}
    expect(fresh, 200, "POST", "/security/roles", role)
    user = {
        "userId": USER,
        "firstName": "A",
        "lastName": "Developer",
        "emailAddress": "dev@example.org",
        "password": PASSWORD,
        "status": "active",
        "roles": ["docker"],
    }
    expect(fresh, 200, "POST", "/security/users", user)
    realms = ["NexusAuthenticatingRealm", "DockerToken"]
    expect(fresh, 204, "PUT", "/security/realms/active", realms)
    anonymous = {"enabled": True, "userId": "anonymous", "realmName": "NexusAuthorizingRealm"}
    expect(fresh, 200, "PUT", "/security/anonymous", anonymous)
    for port in ports.values():
        fresh.wait_until_open(port)

    # Sign in to the group; what the remote has comes through it.
    _sign_in(docker, group)
    pulled = docker("pull", f"{group}/library/nginx:1.15.3").succeeded().output
    assert pulled.count("Pull complete") == len(theirs.layers)

    # A push to the group is refused, and nothing of it is stored.
    reference = f"{group}/myimage:v1"
    daemon.load({reference: ours})
    refused = docker("push", reference).failed()
    assert refused.errors.strip() == SENTENCE
    assert refused.seconds < 10

    # A push to hosted is not.
    _sign_in(docker, hosted)
    docker("tag", reference, f"{hosted}/myimage:v1").succeeded()
    pushed = docker("push", f"{hosted}/myimage:v1").succeeded().output
    assert pushed.count("Pushed") == len(ours.layers)
    assert "v1: digest: sha256:" in pushed

    # With everything there already, the group says so before it refuses.
    refused = docker("push", reference).failed()
    assert refused.errors.strip() == SENTENCE
    assert refused.output.count("Layer already exists") == len(ours.layers)

    # Everybody pulls through the group, guests too.
    docker("rmi", "--force", reference, f"{hosted}/myimage:v1").succeeded()
    for client in (docker, guest):
        pulled = client("pull", reference).succeeded().output
        assert f"Status: Downloaded newer image for {reference}" in pulled
        inspected = client("inspect", "--format", "{{.Id}}", reference).succeeded().output
        assert inspected.strip() == ours.config.digest
        client("rmi", "--force", reference).succeeded()


def _sign_in(docker: Client, registry: str) -> None:
    login = docker("login", "-u", USER, "--password-stdin", registry, give=PASSWORD.encode())
    assert "Login Succeeded" in login.succeeded().output


def _push_to(docker: Client, daemon: DockerDaemon, reference: str, image: Any) -> None:
    daemon.load({reference: image})
    docker("push", reference).succeeded()
    docker("rmi", "--force", reference).succeeded()
