"""Groups and real clients: the refusal as each of them shows it, and pulls through the group."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.commands import Client
from tests.clients.dockerd import DockerDaemon
from tests.clients.ways import Way
from tests.support.images import Image, docker_archive, random_image, write_layout
from tests.support.process import ADMIN, ADMIN_PASSWORD, ProgramProcess
from tests.support.repositories import create_group, create_proxy
from tests.support.server import free_port

pytestmark = [pytest.mark.clients, pytest.mark.slow]

SENTENCE = (
    "denied: Deploying to groups is a PRO-licensed feature. "
    "See https://links.sonatype.com/product-nexus-repository"
)


@pytest.fixture(scope="module", params=[True, False], ids=["basic", "bearer"])
def group(request: pytest.FixtureRequest, program: ProgramProcess, ways: dict[str, Way]) -> Way:
    """A group over the repository `bearer`, which clients sign in to by Basic or by tokens."""
    forced: bool = request.param
    name = "group-basic" if forced else "group-bearer"
    repository = create_group(program, name, ["bearer"])
    answer = program.rest("GET", f"/repositories/docker/group/{name}")
    assert answer.status == 200
    document = {
        "name": name,
        "online": True,
        "storage": {"blobStoreName": "default", "strictContentTypeValidation": True},
        "group": {"memberNames": ["bearer"]},
        "docker": {
            "v1Enabled": False,
            "forceBasicAuth": forced,
            "httpPort": repository.http_port,
        },
    }
    assert program.rest("PUT", f"/repositories/docker/group/{name}", document).status == 204
    return Way(repository.http)


def sign_in(client: Client, group: Way, *options: str) -> None:
    client("login", "-u", ADMIN, "-p", ADMIN_PASSWORD, *options, group.registry).succeeded()


def put_into_member(
    skopeo: Client, ways: dict[str, Way], folder: Path, name: str, image: Image
) -> None:
    write_layout(folder / "there", {"1.0": image})
    remote = ways["http-bearer"].remote(f"{name}:1.0")
    skopeo("copy", "--dest-tls-verify=false", f"oci:{folder}/there:1.0", remote).succeeded()


def test_docker_shows_the_sentence_and_pulls(
    daemon: DockerDaemon,
    docker: Client,
    ways: dict[str, Way],
    group: Way,
    name: str,
) -> None:
    image, own = random_image(name), ways["http-bearer"].image(f"{name}:1.0")
    reference = group.image(f"{name}:1.0")
    daemon.load({reference: image, own: image})
    sign_in(docker, group)

    refused = docker("push", reference).failed()
    assert refused.errors.strip() == SENTENCE
    assert refused.seconds < 5

    docker("push", own).succeeded()
    refused = docker("push", reference).failed()
    assert refused.errors.strip() == SENTENCE
    assert refused.output.count("Layer already exists") == len(image.layers)

    docker("rmi", "--force", reference, own).succeeded()
    pulled = docker("pull", reference).succeeded().output
    assert pulled.count("Pull complete") == len(image.layers)


def test_podman_shows_the_sentence_and_pulls(
    signed_in_podman: Client,
    signed_in_skopeo: Client,
    ways: dict[str, Way],
    group: Way,
    tmp_path: Path,
    name: str,
) -> None:
    image = random_image(name)
    put_into_member(signed_in_skopeo, ways, tmp_path, name, image)
    sign_in(signed_in_podman, group, "--tls-verify=false")
    reference = group.image(f"{name}:1.0")
    signed_in_podman("pull", "-q", "--tls-verify=false", reference).succeeded()

    for target in (reference, group.image(f"{name}-new:1.0")):
        refused = signed_in_podman("push", "--tls-verify=false", reference, target).failed()
        assert SENTENCE in refused.errors
        assert refused.seconds < 5


def test_skopeo_shows_the_sentence_and_pulls(
    signed_in_skopeo: Client,
    ways: dict[str, Way],
    group: Way,
    tmp_path: Path,
    name: str,
) -> None:
    image = random_image(name)
    put_into_member(signed_in_skopeo, ways, tmp_path, name, image)
    sign_in(signed_in_skopeo, group, "--tls-verify=false")
    inspected = signed_in_skopeo("inspect", "--tls-verify=false", group.remote(f"{name}:1.0"))
    assert image.manifest.digest in inspected.succeeded().output

    for target in (name, f"{name}-new"):
        copy = ["copy", "--dest-tls-verify=false", f"oci:{tmp_path}/there:1.0"]
        refused = signed_in_skopeo(*copy, group.remote(f"{target}:1.0")).failed()
        assert SENTENCE in refused.errors
        assert refused.seconds < 10


@pytest.fixture(scope="module")
def group_of_the_cut_off(program: ProgramProcess, ways: dict[str, Way]) -> Way:
    """A group over hosted and a proxy whose remote cannot be reached."""
    create_proxy(program, "cut-off", f"http://127.0.0.1:{free_port()}")
    return Way(create_group(program, "group-cut-off", ["bearer", "cut-off"]).http)


def test_the_sentence_is_shown_while_a_remote_cannot_be_reached(
    daemon: DockerDaemon,
    docker: Client,
    signed_in_podman: Client,
    signed_in_skopeo: Client,
    group_of_the_cut_off: Way,
    tmp_path: Path,
    name: str,
) -> None:
    group, image = group_of_the_cut_off, random_image(name)
    daemon.load({group.image(f"{name}:1.0"): image})
    sign_in(docker, group)
    assert docker("push", group.image(f"{name}:1.0")).failed().errors.strip() == SENTENCE

    write_layout(tmp_path / "new", {"1.0": image})
    layout = f"oci:{tmp_path}/new:1.0"
    sign_in(signed_in_skopeo, group, "--tls-verify=false")
    copied = signed_in_skopeo("copy", "--dest-tls-verify=false", layout, group.remote(f"{name}:1"))
    assert SENTENCE in copied.failed().errors

    sign_in(signed_in_podman, group, "--tls-verify=false")
    local = "localhost/new:1.0"
    archive = tmp_path / "new.tar"
    archive.write_bytes(docker_archive({local: image}))
    signed_in_podman("load", "-q", "-i", archive).succeeded()
    target = group.image(f"{name}-podman:1.0")
    assert SENTENCE in signed_in_podman("push", "--tls-verify=false", local, target).failed().errors
