"""What everybody does every day, by the clients that everybody has."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.commands import Client, podman, require, skopeo
from tests.clients.dockerd import DockerDaemon
from tests.clients.ways import Way
from tests.support.images import random_image, random_index, read_layout, write_layout
from tests.support.process import ADMIN, ADMIN_PASSWORD

pytestmark = pytest.mark.clients


def test_skopeo_copies_an_index_there_and_back_byte_for_byte(
    signed_in_skopeo: Client, way: Way, authority_folder: Path, tmp_path: Path, name: str
) -> None:
    write_layout(tmp_path / "there", {"1.0": random_index(name)})
    remote = way.remote(f"{name}:1.0")
    trust = way.trust(authority_folder, "dest-")
    signed_in_skopeo("copy", "--all", *trust, f"oci:{tmp_path}/there:1.0", remote).succeeded()

    trust = way.trust(authority_folder, "src-")
    signed_in_skopeo("copy", "--all", *trust, remote, f"oci:{tmp_path}/back:1.0").succeeded()

    assert read_layout(tmp_path / "back") == read_layout(tmp_path / "there")


def test_skopeo_inspects_lists_and_deletes(
    signed_in_skopeo: Client, ways: dict[str, Way], tmp_path: Path, name: str
) -> None:
    way, image = ways["http-bearer"], random_image(name)
    write_layout(tmp_path / "there", {"1.0": image})
    for tag in ("1.0", "latest"):
        remote = way.remote(f"{name}:{tag}")
        copied = ["copy", "--dest-tls-verify=false", f"oci:{tmp_path}/there:1.0", remote]
        signed_in_skopeo(*copied).succeeded()
    listed = ["list-tags", "--tls-verify=false", way.remote(name)]

    inspected = signed_in_skopeo("inspect", "--tls-verify=false", remote).succeeded()
    assert image.manifest.digest in inspected.output
    assert all(layer.blob.digest in inspected.output for layer in image.layers)
    assert '"1.0",\n        "latest"' in signed_in_skopeo(*listed).succeeded().output

    other = f"{name}-other"
    write_layout(tmp_path / "other", {"1.0": random_image(other)})
    signed_in_skopeo(
        "copy", "--dest-tls-verify=false", f"oci:{tmp_path}/other:1.0", way.remote(f"{name}:other")
    ).succeeded()
    signed_in_skopeo("delete", "--tls-verify=false", remote).succeeded()

    # skopeo deletes the manifest itself, so its other tag is gone as well.
    tags = signed_in_skopeo(*listed).succeeded().output
    assert '"other"' in tags
    assert '"1.0"' not in tags
    assert '"latest"' not in tags
    gone = signed_in_skopeo("inspect", "--tls-verify=false", remote).failed()
    assert f"reading manifest latest in {way.image(name)}: manifest unknown" in gone.errors


@pytest.mark.parametrize("make", [skopeo, podman])
def test_login_by_containers_tools(
    make: Callable[[Path], Client], way: Way, authority_folder: Path, own_folder: Path
) -> None:
    require(make.__name__)
    client = make(own_folder)
    trust = way.trust(authority_folder)

    refused = client("login", "-u", ADMIN, "-p", "wrong", *trust, way.registry).failed()
    assert f'logging into "{way.registry}": invalid username/password' in refused.errors

    accepted = client("login", "-u", ADMIN, "-p", ADMIN_PASSWORD, *trust, way.registry)
    assert "Login Succeeded!" in accepted.succeeded().output


def test_docker_login_push_and_pull(daemon: DockerDaemon, ways: dict[str, Way], name: str) -> None:
    way, image = ways["http-bearer"], random_image(name)
    reference = way.image(f"{name}:1.0")
    daemon.load({reference: image})
    docker = daemon.docker(name.replace("/", "-"))

    password = ADMIN_PASSWORD.encode()
    login = docker("login", "-u", ADMIN, "--password-stdin", way.registry, give=password)
    assert "Login Succeeded" in login.succeeded().output

    pushed = docker("push", reference).succeeded().output
    assert f"The push refers to repository [{way.image(name)}]" in pushed
    assert pushed.count("Pushed") == len(image.layers)
    assert "1.0: digest: sha256:" in pushed

    docker("rmi", reference).succeeded()
    pulled = docker("pull", reference).succeeded().output
    assert pulled.count("Pull complete") == len(image.layers)
    assert f"Status: Downloaded newer image for {reference}" in pulled
    found = docker("inspect", "--format", "{{.Id}}", reference).succeeded().output
    assert found.strip() == image.config.digest
