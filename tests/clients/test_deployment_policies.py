"""What people see when a deployment policy refuses their push, and how long they wait for it."""

import json
from pathlib import Path

import pytest

from tests.clients.commands import Client
from tests.clients.dockerd import DockerDaemon
from tests.clients.ways import Way
from tests.support.images import random_image, write_layout
from tests.support.process import ADMIN, ADMIN_PASSWORD, ProgramProcess

pytestmark = pytest.mark.clients

PATIENCE_SECONDS = 5


@pytest.fixture(scope="session")
def read_only(program: ProgramProcess, daemon: DockerDaemon) -> Way:
    """A repository that refuses every push."""
    return _signed_in(program, daemon, "frozen", write_policy="DENY")


@pytest.fixture(scope="session")
def write_once(program: ProgramProcess, daemon: DockerDaemon) -> Way:
    """A repository that refuses to change a tag."""
    return _signed_in(program, daemon, "once", write_policy="ALLOW_ONCE")


@pytest.fixture(scope="session")
def latest_moves(program: ProgramProcess, daemon: DockerDaemon) -> Way:
    """A repository that refuses to change a tag other than latest."""
    return _signed_in(program, daemon, "moving", write_policy="ALLOW_ONCE", latest_policy=True)


def _signed_in(
    program: ProgramProcess,
    daemon: DockerDaemon,
    repository: str,
    write_policy: str,
    latest_policy: bool | None = None,
) -> Way:
    created = program.create_hosted(
        repository,
        force_basic_auth=False,
        write_policy=write_policy,
        latest_policy=latest_policy,
    )
    password = ADMIN_PASSWORD.encode()
    login = ["login", "-u", ADMIN, "--password-stdin", created.http]
    daemon.docker()(*login, give=password).succeeded()
    return Way(created.http)


def test_docker_says_at_once_that_a_repository_is_read_only(
    daemon: DockerDaemon, docker: Client, read_only: Way, name: str
) -> None:
    reference = read_only.image(f"{name}:1.0")
    daemon.load({reference: random_image(name)})

    refused = docker("push", reference).failed()

    assert refused.errors.strip() == "denied: Repository is read only: frozen"
    assert refused.seconds < PATIENCE_SECONDS


def test_skopeo_says_at_once_that_a_repository_is_read_only(
    signed_in_skopeo: Client, read_only: Way, tmp_path: Path, name: str
) -> None:
    write_layout(tmp_path / "image", {"1.0": random_image(name)})
    credentials = f"--dest-creds={ADMIN}:{ADMIN_PASSWORD}"
    copy = ["copy", credentials, "--dest-tls-verify=false", f"oci:{tmp_path}/image:1.0"]

    refused = signed_in_skopeo(*copy, read_only.remote(f"{name}:1.0")).failed()

    assert "denied: Repository is read only: frozen" in refused.errors
    assert refused.seconds < PATIENCE_SECONDS


def test_a_repository_made_read_only_refuses_what_it_has_already(
    program: ProgramProcess, daemon: DockerDaemon, docker: Client, name: str
) -> None:
    way = _signed_in(program, daemon, "freezing", write_policy="ALLOW")
    reference = way.image(f"{name}:1.0")
    daemon.load({reference: random_image(name)})
    docker("push", reference).succeeded()
    settings = json.loads(program.rest("GET", "/repositories/docker/hosted/freezing").body)
    settings["storage"]["writePolicy"] = "DENY"
    changed = program.rest("PUT", "/repositories/docker/hosted/freezing", settings)
    assert changed.status == 204, changed

    # No layer has to be sent, so the manifest is what meets the refusal.
    refused = docker("push", reference).failed()

    assert refused.errors.strip() == "denied: Repository is read only: freezing"
    assert refused.seconds < PATIENCE_SECONDS
    docker("pull", reference).succeeded()


def test_docker_says_at_once_that_a_tag_may_not_be_changed(
    daemon: DockerDaemon, docker: Client, write_once: Way, name: str
) -> None:
    reference = write_once.image(f"{name}:1.0")
    first = random_image(f"{name}-first")
    daemon.load({reference: first})
    docker("push", reference).succeeded()
    daemon.load({reference: random_image(f"{name}-second")})

    refused = docker("push", reference).failed()

    path = f"once/v2/{name}/manifests/1.0"
    assert refused.errors.strip() == (
        f"blob upload invalid: {path} cannot be updated as asset already exists "
        "and redeploy is not allowed"
    )
    assert refused.seconds < PATIENCE_SECONDS
    docker("rmi", reference).succeeded()
    docker("pull", reference).succeeded()
    found = docker("inspect", "--format", "{{.Id}}", reference).succeeded().output
    assert found.strip() == first.config.digest


def test_write_once_allows_new_tags_on_what_is_there(
    daemon: DockerDaemon, docker: Client, write_once: Way, name: str
) -> None:
    image = random_image(name)
    references = [write_once.image(f"{name}:{tag}") for tag in ("1.0", "2.0")]
    daemon.load(dict.fromkeys(references, image))
    docker("push", references[0]).succeeded()

    again = docker("push", references[1]).succeeded().output

    assert again.count("Layer already exists") == len(image.layers)


def test_the_latest_policy_lets_latest_move_and_nothing_else(
    daemon: DockerDaemon, docker: Client, latest_moves: Way, name: str
) -> None:
    for version in ("first", "second"):
        image = random_image(f"{name}-{version}")
        daemon.load({latest_moves.image(f"{name}:{tag}"): image for tag in ("latest", "1.0")})
        docker("push", latest_moves.image(f"{name}:latest")).succeeded()
        if version == "first":
            docker("push", latest_moves.image(f"{name}:1.0")).succeeded()

    refused = docker("push", latest_moves.image(f"{name}:1.0")).failed()

    assert "redeploy is not allowed" in refused.errors


def test_of_two_clients_that_push_a_tag_once_one_is_refused(
    daemon: DockerDaemon, docker: Client, write_once: Way, name: str
) -> None:
    # Two names of one registry, because a daemon holds one image for a reference.
    other = f"localhost:{write_once.registry.partition(':')[2]}"
    password = ADMIN_PASSWORD.encode()
    docker("login", "-u", ADMIN, "--password-stdin", other, give=password).succeeded()
    references = [f"{registry}/{name}:1.0" for registry in (write_once.registry, other)]
    daemon.load({each: random_image(each) for each in references})

    pushes = [docker.start("push", reference) for reference in references]
    outputs = [push.communicate(timeout=60)[0].decode() for push in pushes]

    assert sorted(push.returncode for push in pushes) == [0, 1], outputs
    assert sum("redeploy is not allowed" in output for output in outputs) == 1
