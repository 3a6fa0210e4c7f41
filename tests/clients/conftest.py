"""One running program, its repositories and the clients, for all tests of this folder."""

import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.clients.commands import Client, buildah, podman, require, skopeo
from tests.clients.dockerd import DockerDaemon, running_daemon
from tests.clients.ways import WAYS, Way
from tests.support.process import ADMIN, ADMIN_PASSWORD, ProgramProcess, running_program


def new_folder(parent: Path, prefix: str = "") -> Path:
    """Makes a folder whose name podman takes as a part of an image's: not every random one is."""
    folder = parent / f"{prefix}{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """A folder with a short path, for Unix sockets."""
    folder = new_folder(Path(tempfile.gettempdir()), "nl-")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def own_folder(short_folder: Path) -> Path:
    """A folder of the test's own with a short path."""
    return new_folder(short_folder)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """The certificate authority that the clients are told to trust."""
    return trustme.CA()


@pytest.fixture(scope="session")
def certificate(authority: trustme.CA, short_folder: Path) -> dict[str, str]:
    """The settings that give the program a certificate of that authority."""
    issued = authority.issue_cert("localhost", "127.0.0.1", "192.0.2.1")
    chain, key = short_folder / "server.pem", short_folder / "server.key"
    for each in issued.cert_chain_pems:
        each.write_to_path(chain, append=True)
    issued.private_key_pem.write_to_path(key)
    return {"NEXUSLITE_TLS_CERTIFICATE": str(chain), "NEXUSLITE_TLS_KEY": str(key)}


@pytest.fixture(scope="session")
def authority_folder(authority: trustme.CA, short_folder: Path) -> Path:
    """A folder for ``--cert-dir``."""
    folder = short_folder / "authority"
    folder.mkdir()
    authority.cert_pem.write_to_path(folder / "ca.crt")
    return folder


@pytest.fixture(scope="session")
def program(short_folder: Path, certificate: dict[str, str]) -> Iterator[ProgramProcess]:
    """The program."""
    with running_program(short_folder / "data", certificate) as running:
        yield running


@pytest.fixture(autouse=True)
def _log_of_the_program(request: pytest.FixtureRequest) -> Iterator[None]:
    """Prints what the program logged during a test, which pytest shows when the test fails."""
    if "program" not in request.fixturenames:
        yield
        return
    program: ProgramProcess = request.getfixturevalue("program")
    before = len(program.log)
    yield
    print(program.log[before:])


@pytest.fixture(scope="session")
def ways(program: ProgramProcess) -> dict[str, Way]:
    """Every way to a repository, by its name in ``WAYS``."""
    basic = program.create_hosted("basic", https=True)
    bearer = program.create_hosted("bearer", https=True, force_basic_auth=False)
    program.create_hosted("paths", http=False, path_enabled=True, force_basic_auth=False)
    return {
        "http-basic": Way(basic.http),
        "http-bearer": Way(bearer.http),
        "https-basic": Way(basic.https, tls=True),
        "https-bearer": Way(bearer.https, tls=True),
        "path": Way(program.host, prefix="paths/"),
    }


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, ways: dict[str, Way]) -> Way:
    """Each way in turn."""
    return ways[request.param]


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """An image name that no other test uses."""
    return "team/" + re.sub("[^a-z0-9]+", "-", request.node.name.lower()).strip("-")


@pytest.fixture(scope="session")
def signed_in_skopeo(short_folder: Path, ways: dict[str, Way], authority_folder: Path) -> Client:
    """skopeo with credentials for every way."""
    require("skopeo")
    client = skopeo(short_folder / "skopeo")
    _sign_in(client, ways, authority_folder)
    return client


@pytest.fixture(scope="session")
def signed_in_podman(short_folder: Path, ways: dict[str, Way], authority_folder: Path) -> Client:
    """podman with credentials for every way."""
    require("podman")
    client = podman(short_folder / "podman")
    _sign_in(client, ways, authority_folder)
    return client


@pytest.fixture(scope="session")
def signed_in_buildah(short_folder: Path, ways: dict[str, Way], authority_folder: Path) -> Client:
    """buildah with credentials for every way."""
    require("buildah")
    client = buildah(short_folder / "buildah")
    _sign_in(client, ways, authority_folder)
    return client


@pytest.fixture(scope="session")
def daemon(short_folder: Path) -> Iterator[DockerDaemon]:
    """A docker daemon."""
    require("dockerd", "containerd", "unshare", "nsenter", "ip")
    with running_daemon(short_folder / "d") as running:
        yield running


@pytest.fixture(scope="session")
def docker(daemon: DockerDaemon, ways: dict[str, Way]) -> Client:
    """docker with credentials for every way."""
    client = daemon.docker()
    for registry in {way.registry for way in ways.values()}:
        password = ADMIN_PASSWORD.encode()
        client("login", "-u", ADMIN, "--password-stdin", registry, give=password).succeeded()
    return client


def _sign_in(client: Client, ways: dict[str, Way], authority_folder: Path) -> None:
    for way in {way.registry: way for way in ways.values()}.values():
        options = way.trust(authority_folder)
        client("login", "-u", ADMIN, "-p", ADMIN_PASSWORD, *options, way.registry).succeeded()
