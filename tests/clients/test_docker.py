"""docker against every way to a repository, with the texts that its users know."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker as docker_sdk
import pytest

from tests.clients.commands import Client
from tests.clients.cutting_proxy import cutting_proxy
from tests.clients.dockerd import DockerDaemon, running_daemon
from tests.clients.ways import Way
from tests.support.images import (
    Image,
    make_image,
    random_image,
    random_index,
    random_layer,
    write_layout,
)
from tests.support.process import ADMIN, ADMIN_PASSWORD

pytestmark = [pytest.mark.clients, pytest.mark.slow]

PASSWORD = ADMIN_PASSWORD.encode()


def test_login_with_a_right_password(daemon: DockerDaemon, way: Way, name: str) -> None:
    docker = daemon.docker(name.replace("/", "-"))

    login = docker("login", "-u", ADMIN, "--password-stdin", way.registry, give=PASSWORD)

    assert "Login Succeeded" in login.succeeded().output


def test_login_with_a_wrong_password(
    daemon: DockerDaemon, ways: dict[str, Way], way: Way, name: str
) -> None:
    docker = daemon.docker(name.replace("/", "-"))
    url = f"{'https' if way.tls else 'http'}://{way.registry}/v2/"
    basic = f"login attempt to {url} failed with status: 401 Unauthorized"
    bearer = f'Get "{url}": unauthorized: incorrect username or password'

    login = docker("login", "-u", ADMIN, "--password-stdin", way.registry, give=b"wrong").failed()

    expected = basic if way in (ways["http-basic"], ways["https-basic"]) else bearer
    assert login.errors.strip() == f"Error response from daemon: {expected}"


def test_push_without_login(
    daemon: DockerDaemon, ways: dict[str, Way], way: Way, name: str
) -> None:
    reference = way.image(f"{name}:1.0")
    daemon.load({reference: random_image(name)})

    push = daemon.docker("nobody")("push", reference).failed()

    basic = way in (ways["http-basic"], ways["https-basic"])
    assert push.errors.strip() == (
        "no basic auth credentials"
        if basic
        else "unauthorized: access to the requested resource is not authorized"
    )
    assert push.seconds < 5


def test_pull_of_an_unknown_tag(docker: Client, way: Way, name: str) -> None:
    reference = way.image(f"{name}:1.0")

    pull = docker("pull", reference).failed()

    assert pull.errors.strip() == (
        "Error response from daemon: "
        f"manifest for {reference} not found: manifest unknown: manifest unknown"
    )


def test_push_and_pull_by_tag_and_digest(
    daemon: DockerDaemon, docker: Client, way: Way, name: str
) -> None:
    image = random_image(name)
    reference = way.image(f"{name}:1.0")
    daemon.load({reference: image})

    first = docker("push", reference).succeeded().output
    assert first.count("Pushed") == len(image.layers)
    digest = _pushed_digest(first)

    again = docker("push", reference).succeeded().output
    assert again.count("Layer already exists") == len(image.layers)
    assert _pushed_digest(again) == digest

    _forget(docker, reference)
    by_digest = way.image(f"{name}@{digest}")
    pulled = docker("pull", by_digest).succeeded().output
    assert pulled.count("Pull complete") == len(image.layers)
    assert f"Digest: {digest}" in pulled

    pulled = docker("pull", reference).succeeded().output
    assert f"Digest: {digest}" in pulled
    assert "Already exists" not in pulled
    up_to_date = docker("pull", reference).succeeded().output
    assert f"Status: Image is up to date for {reference}" in up_to_date
    assert _image_id(docker, reference) == image.config.digest


def test_layers_are_mounted_from_another_image(
    daemon: DockerDaemon, docker: Client, way: Way, name: str
) -> None:
    shared = random_layer(300_000, name)
    base, child = way.image(f"{name}-base:1.0"), way.image(f"{name}-child:1.0")
    images = {base: make_image(shared), child: make_image(shared, random_layer(1000, f"{name}-2"))}
    daemon.load(images)
    docker("push", base).succeeded()

    pushed = docker("push", child).succeeded().output

    assert f"Mounted from {way.prefix}{name}-base" in pushed
    assert pushed.count("Pushed") == 1
    _forget(docker, base, child)
    docker("pull", child).succeeded()
    assert _image_id(docker, child) == images[child].config.digest


def test_pull_of_all_tags(daemon: DockerDaemon, docker: Client, way: Way, name: str) -> None:
    references = [way.image(f"{name}:{tag}") for tag in ("1.0", "1.1", "latest")]
    daemon.load({each: random_image(each) for each in references})
    docker("push", "-a", way.image(name)).succeeded()
    _forget(docker, *references)

    docker("pull", "-a", way.image(name)).succeeded()

    images = docker("images", "--format", "{{.Repository}}:{{.Tag}}", way.image(name))
    assert sorted(images.succeeded().output.split()) == references


def test_pull_of_one_platform_of_an_index(
    docker: Client,
    signed_in_skopeo: Client,
    way: Way,
    authority_folder: Path,
    tmp_path: Path,
    name: str,
) -> None:
    index = random_index(name)
    write_layout(tmp_path / "index", {"1.0": index})
    trust = way.trust(authority_folder, "dest-")
    copy = ["copy", "--all", *trust, f"oci:{tmp_path}/index:1.0"]
    signed_in_skopeo(*copy, way.remote(f"{name}:1.0")).succeeded()
    reference = way.image(f"{name}:1.0")

    for image in index.images:
        platform = f"linux/{image.architecture}"
        pulled = docker("pull", "--platform", platform, reference).succeeded().output
        assert f"Digest: {index.manifest.digest}" in pulled
        assert _image_id(docker, reference) == image.config.digest


def test_docker_manifest_makes_and_pushes_an_index(
    daemon: DockerDaemon, docker: Client, ways: dict[str, Way], name: str
) -> None:
    way = ways["http-bearer"]
    parts = {
        way.image(f"{name}-{architecture}:1.0"): _image(name, architecture)
        for architecture in ("amd64", "arm64")
    }
    daemon.load(parts)
    for reference in parts:
        docker("push", reference).succeeded()
    together = way.image(f"{name}:1.0")

    docker("manifest", "create", "--insecure", together, *parts).succeeded()
    pushed = docker("manifest", "push", "--insecure", together).succeeded().output

    assert "sha256:" in pushed
    inspected = docker("manifest", "inspect", "--insecure", together).succeeded().output
    entries = json.loads(inspected)["manifests"]
    assert {each["platform"]["architecture"] for each in entries} == {"amd64", "arm64"}
    for image in parts.values():
        platform = f"linux/{image.architecture}"
        docker("pull", "--platform", platform, together).succeeded()
        assert _image_id(docker, together) == image.config.digest


def test_a_cut_download_goes_on_where_it_was(
    daemon: DockerDaemon, ways: dict[str, Way], name: str
) -> None:
    way = ways["http-bearer"]
    image = random_image(name, [20_000_000])
    docker = daemon.docker(name.replace("/", "-"))
    port = int(way.registry.partition(":")[2])
    with cutting_proxy(port, after=8_000_000) as proxy:
        through = f"127.0.0.1:{proxy.port}"
        docker("login", "-u", ADMIN, "--password-stdin", through, give=PASSWORD).succeeded()
        reference = f"{through}/{name}:1.0"
        daemon.load({reference: image})
        docker("push", reference).succeeded()
        _forget(docker, reference)

        docker("pull", reference).succeeded()

    assert proxy.cuts == 1
    # The rest alone came after the cut.
    assert proxy.bytes_down < 23_000_000
    assert _image_id(docker, reference) == image.config.digest


def test_two_daemons_push_a_shared_layer_at_the_same_time(
    daemon: DockerDaemon, docker: Client, short_folder: Path, ways: dict[str, Way], name: str
) -> None:
    way = ways["http-bearer"]
    with running_daemon(short_folder / "e") as second:
        other = second.docker()
        other("login", "-u", ADMIN, "--password-stdin", way.registry, give=PASSWORD).succeeded()
        for attempt in range(5):
            shared = random_layer(3_000_000, f"{name}-{attempt}")
            images = [
                make_image(shared, random_layer(1000, f"{name}-{attempt}-{each}"))
                for each in range(2)
            ]
            # One name with two tags, so that both write to the same image.
            references = [way.image(f"{name}:{attempt}-{each}") for each in range(2)]
            daemon.load({references[0]: images[0]})
            second.load({references[1]: images[1]})
            with ThreadPoolExecutor(2) as pool:
                clients = (docker, other)
                pushes = pool.map(lambda client, to: client("push", to), clients, references)
                for push in pushes:
                    push.succeeded()
            _forget(docker, references[0])
            for reference, image in zip(references, images, strict=True):
                docker("pull", reference).succeeded()
                assert _image_id(docker, reference) == image.config.digest


def test_the_python_sdk_signs_in_pushes_and_pulls(
    daemon: DockerDaemon, way: Way, name: str
) -> None:
    image = random_image(name)
    repository = way.image(name)
    daemon.load({f"{repository}:1.0": image})
    client = docker_sdk.DockerClient(base_url=f"unix://{daemon.socket}")
    credentials = {"username": ADMIN, "password": ADMIN_PASSWORD}
    try:
        with pytest.raises(docker_sdk.errors.APIError, match=r"(?i)unauthorized"):
            client.login(ADMIN, "wrong", registry=way.registry, reauth=True)
        login = client.login(ADMIN, ADMIN_PASSWORD, registry=way.registry, reauth=True)
        assert login["Status"] == "Login Succeeded"

        messages = [
            json.loads(line)
            for line in client.images.push(repository, "1.0", auth_config=credentials).splitlines()
        ]
        digest = next(each["aux"]["Digest"] for each in messages if "aux" in each)
        found = client.images.get_registry_data(f"{repository}:1.0", auth_config=credentials)
        assert found.id == digest

        client.images.remove(f"{repository}:1.0", force=True)
        assert client.images.pull(repository, "1.0", auth_config=credentials).id == (
            image.config.digest
        )
    finally:
        client.close()


def _image(name: str, architecture: str) -> Image:
    return make_image(random_layer(10_000, f"{name}-{architecture}"), architecture=architecture)


def _pushed_digest(output: str) -> str:
    return output.partition("digest: ")[2].split()[0]


def _image_id(docker: Client, reference: str) -> str:
    return docker("inspect", "--format", "{{.Id}}", reference).succeeded().output.strip()


def _forget(docker: Client, *references: str) -> None:
    docker("rmi", "--force", *references).succeeded()
