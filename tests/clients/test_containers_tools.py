"""podman, buildah and skopeo: what they make, they can push, and get back."""

import json
import re
from pathlib import Path

import pytest

from tests.clients.commands import Client, podman, skopeo
from tests.clients.ways import Way
from tests.support.images import random_image, random_index, read_layout, write_layout

pytestmark = [pytest.mark.clients, pytest.mark.slow]


def test_podman_pushes_and_pulls_by_tag_and_digest(
    signed_in_podman: Client, way: Way, authority_folder: Path, tmp_path: Path, name: str
) -> None:
    image = random_image(name)
    write_layout(tmp_path / "image", {"1.0": image})
    reference, trust = way.image(f"{name}:1.0"), way.trust(authority_folder)
    # podman names what it takes from a layout by its digest.
    signed_in_podman("pull", "-q", f"oci:{tmp_path}/image:1.0").succeeded()
    local = image.config.digest.removeprefix("sha256:")

    signed_in_podman("push", *trust, local, reference).succeeded()
    again = signed_in_podman("--log-level=debug", "push", *trust, local, reference).succeeded()
    assert len(re.findall(r"Skipping blob \S+ \(already present\)", again.errors)) == 2
    assert "/blobs/uploads/" not in again.errors
    signed_in_podman("rmi", "--force", local).succeeded()

    pulled = signed_in_podman("pull", *trust, reference).succeeded()
    assert pulled.output.strip() == local
    inspect = ["inspect", "--format", "{{.Digest}}", reference]
    digest = signed_in_podman(*inspect).succeeded().output.strip()
    signed_in_podman("rmi", "--force", local).succeeded()

    by_digest = signed_in_podman("pull", *trust, way.image(f"{name}@{digest}")).succeeded()
    assert by_digest.output.strip() == local


def test_podman_pulls_one_platform_of_an_index(
    signed_in_podman: Client,
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

    for image in index.images:
        pull = ["pull", *way.trust(authority_folder), "--arch", image.architecture]
        pulled = signed_in_podman(*pull, way.image(f"{name}:1.0")).succeeded()
        assert pulled.output.strip() == image.config.digest.removeprefix("sha256:")


def test_podman_without_login_is_refused(
    way: Way, authority_folder: Path, own_folder: Path
) -> None:
    pull = podman(own_folder)("pull", *way.trust(authority_folder), way.image("team/x:1.0"))

    assert "unauthorized: access to the requested resource is not authorized" in (
        pull.failed().errors
    )


def test_podman_names_an_unknown_tag(
    signed_in_podman: Client, way: Way, authority_folder: Path, name: str
) -> None:
    pull = signed_in_podman("pull", *way.trust(authority_folder), way.image(f"{name}:1.0"))

    expected = f"reading manifest 1.0 in {way.image(name)}: manifest unknown"
    assert expected in pull.failed().errors


@pytest.mark.parametrize(
    "options",
    [
        ["--format=oci"],
        ["--format=v2s2"],
        ["--format=oci", "--compression-format=zstd"],
        ["--format=oci", "--disable-compression"],
    ],
    ids=["oci", "v2s2", "zstd", "uncompressed"],
)
def test_buildah_builds_pushes_and_pulls(
    signed_in_buildah: Client,
    way: Way,
    authority_folder: Path,
    tmp_path: Path,
    name: str,
    options: list[str],
) -> None:
    (tmp_path / "file").write_text(name * 1000)
    (tmp_path / "Containerfile").write_text("FROM scratch\nCOPY file /file\nLABEL made=here\n")
    trust, remote = way.trust(authority_folder), way.remote(f"{name}:1.0")
    build = ["bud", "-q", "--network=none", "-t", name, "-f", tmp_path / "Containerfile", tmp_path]
    signed_in_buildah(*build).succeeded()

    signed_in_buildah("push", *trust, *options, f"localhost/{name}", remote).succeeded()
    signed_in_buildah("rmi", "--force", f"localhost/{name}").succeeded()
    signed_in_buildah("pull", "-q", *trust, remote).succeeded()

    inspected = signed_in_buildah("inspect", "--type=image", way.image(f"{name}:1.0")).succeeded()
    assert json.loads(inspected.output)["OCIv1"]["config"]["Labels"]["made"] == "here"


def test_buildah_pushes_an_index_of_what_it_built(
    signed_in_buildah: Client,
    signed_in_skopeo: Client,
    way: Way,
    authority_folder: Path,
    tmp_path: Path,
    name: str,
) -> None:
    trust = way.trust(authority_folder)
    for architecture in ("amd64", "arm64"):
        (tmp_path / "file").write_text(architecture)
        (tmp_path / "Containerfile").write_text("FROM scratch\nCOPY file /file\n")
        platform = ["--platform", f"linux/{architecture}", "--manifest", name]
        build = ["bud", "-q", "--network=none", *platform, "-f", tmp_path / "Containerfile"]
        signed_in_buildah(*build, tmp_path).succeeded()

    remote = way.remote(f"{name}:1.0")
    signed_in_buildah("manifest", "push", "--all", *trust, name, remote).succeeded()

    raw = signed_in_skopeo("inspect", "--raw", *trust, remote).succeeded().output
    entries = json.loads(raw)["manifests"]
    assert {each["platform"]["architecture"] for each in entries} == {"amd64", "arm64"}


def test_skopeo_copies_inside_the_registry_by_mounting(
    signed_in_skopeo: Client, way: Way, authority_folder: Path, tmp_path: Path, name: str
) -> None:
    write_layout(tmp_path / "there", {"1.0": random_index(name)})
    source, copied = way.remote(f"{name}-source:1.0"), way.remote(f"{name}-copy:1.0")
    to, back = way.trust(authority_folder, "dest-"), way.trust(authority_folder, "src-")
    signed_in_skopeo("copy", "--all", *to, f"oci:{tmp_path}/there:1.0", source).succeeded()

    signed_in_skopeo("copy", "--all", *back, *to, source, copied).succeeded()

    signed_in_skopeo("copy", "--all", *back, copied, f"oci:{tmp_path}/back:1.0").succeeded()
    assert read_layout(tmp_path / "back") == read_layout(tmp_path / "there")


def test_an_unknown_authority_is_not_trusted(ways: dict[str, Way], own_folder: Path) -> None:
    client, registry = skopeo(own_folder), ways["https-basic"].registry

    login = client("login", "-u", "x", "-p", "y", registry).failed()

    assert "certificate signed by unknown authority" in login.errors
