"""Who gets in with real clients: the cells of docs/sign-in.md where docker and podman differ, the
steps of an administrator who gives and takes a role, and a registry without accounts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.commands import Client, Outcome, podman, require, skopeo
from tests.clients.dockerd import DockerDaemon
from tests.clients.ways import Way
from tests.rest.security_bodies import changed_user, role_body, user_body
from tests.support.images import random_image, write_layout
from tests.support.process import ProgramProcess, running_program

pytestmark = [pytest.mark.clients, pytest.mark.slow]

REALMS = ["NexusAuthenticatingRealm", "DockerToken"]
NOT_ACTIVE = "The Docker Bearer Token Realm is not active"
NOT_AUTHORIZED = "unauthorized: access to the requested resource is not authorized"
DENIED = "denied: requested access to the resource is denied"
# What a refused HEAD becomes: it has no body to take words from.
REQUIRED = "unauthorized: authentication required"
FORBIDDEN = "403 (Forbidden)"
QUICK = 5
"""Seconds. docker repeats what it takes for a passing trouble for 50."""


@pytest.fixture(scope="module")
def server(short_folder: Path) -> Iterator[ProgramProcess]:
    """A program of this file's own: what others use it must not lock out."""
    with running_program(short_folder / "signing-in") as running:
        yield running


@pytest.fixture(scope="module")
def forced(server: ProgramProcess) -> Way:
    """A repository without "Allow anonymous docker pull"."""
    return Way(server.create_hosted("forced").http)


@pytest.fixture(scope="module")
def allowing(server: ProgramProcess) -> Way:
    """A repository with it."""
    return Way(server.create_hosted("allowing", force_basic_auth=False).http)


@pytest.fixture(autouse=True)
def settings(server: ProgramProcess, forced: Way, allowing: Way) -> Iterator[None]:
    """Begins and ends each test with tokens on and anonymous access off."""
    change(server, anonymous=False, tokens=True)
    yield
    change(server, anonymous=False, tokens=True)


def change(server: ProgramProcess, *, anonymous: bool, tokens: bool) -> None:
    """Switches anonymous access and the Docker Bearer Token Realm."""
    access = {
        "enabled": anonymous,
        "userId": "anonymous",
        "realmName": "NexusAuthorizingRealm",
    }
    rest(server, "PUT", "/security/anonymous", access)
    rest(server, "PUT", "/security/realms/active", REALMS if tokens else REALMS[:1])


def rest(server: ProgramProcess, method: str, path: str, document: object = None) -> None:
    """REST as admin."""
    answer = server.rest(method, path, document)
    assert answer.status < 300, (method, path, answer.status, answer.body)


def give(server: ProgramProcess, user: str, *actions: str) -> None:
    """Makes a user whose role has the privileges of the actions, in both repositories."""
    privileges = [
        f"nx-repository-view-docker-{repository}-{action}"
        for repository in ("forced", "allowing")
        for action in actions
    ]
    rest(server, "POST", "/security/roles", role_body(f"{user}-role", privileges=privileges))
    rest(server, "POST", "/security/users", user_body(user, roles=[f"{user}-role"]))


def take(server: ProgramProcess, user: str) -> None:
    """Takes the role away: what is left allows nothing in these repositories."""
    rest(server, "POST", "/security/roles", role_body(f"{user}-idle", privileges=[]))
    rest(server, "PUT", f"/security/users/{user}", changed_user(user, roles=[f"{user}-idle"]))


def way_of(request: pytest.FixtureRequest, name: str) -> Way:
    way: Way = request.getfixturevalue(name)
    return way


class Docker:
    """docker, with credentials of its own, at one daemon."""

    def __init__(self, daemon: DockerDaemon, name: str) -> None:
        self.daemon = daemon
        self.run = daemon.docker(name)

    def login(self, way: Way, user: str) -> Outcome:
        password = f"{user}-password".encode()
        return self.run("login", "-u", user, "--password-stdin", way.registry, give=password)

    def push(self, way: Way, name: str, folder: Path) -> Outcome:
        reference = way.image(f"{name}:1")
        self.daemon.load({reference: random_image(name)})
        return self.run("push", reference)

    def pull(self, way: Way, name: str, folder: Path) -> Outcome:
        reference = way.image(f"{name}:1")
        self.run("rmi", "--force", reference)
        return self.run("pull", reference)


class ContainersTool:
    """podman or skopeo, with credentials of its own."""

    def __init__(self, run: Client, *, is_podman: bool) -> None:
        self.run = run
        self.is_podman = is_podman

    def login(self, way: Way, user: str) -> Outcome:
        password = f"{user}-password"
        return self.run("login", "--tls-verify=false", "-u", user, "-p", password, way.registry)

    def push(self, way: Way, name: str, folder: Path) -> Outcome:
        layout = folder / f"layout-{name.replace('/', '-')}"
        image = random_image(name)
        if not layout.exists():
            write_layout(layout, {"1": image})
        remote = way.remote(f"{name}:1")
        if not self.is_podman:
            return self.run("copy", "--dest-tls-verify=false", f"oci:{layout}:1", remote)
        self.run("pull", "-q", f"oci:{layout}:1").succeeded()
        local = image.config.digest.removeprefix("sha256:")
        return self.run("push", "--tls-verify=false", local, remote)

    def pull(self, way: Way, name: str, folder: Path) -> Outcome:
        remote = way.remote(f"{name}:1")
        if self.is_podman:
            return self.run("pull", "--tls-verify=false", remote)
        target = f"dir:{folder / 'pulled'}"
        return self.run("copy", "--src-tls-verify=false", remote, target)


AnyClient = Docker | ContainersTool


@pytest.fixture(params=["docker", "podman", "skopeo"])
def kind(request: pytest.FixtureRequest) -> str:
    """Each client in turn."""
    return str(request.param)


@pytest.fixture
def make(request: pytest.FixtureRequest, kind: str, own_folder: Path) -> AnyClient:
    """The client, without a login."""
    require("dockerd" if kind == "docker" else kind)
    if kind == "docker":
        daemon: DockerDaemon = request.getfixturevalue("daemon")
        return Docker(daemon, f"signing-in-{own_folder.name}")
    run = podman(own_folder) if kind == "podman" else skopeo(own_folder)
    return ContainersTool(run, is_podman=kind == "podman")


@pytest.mark.parametrize("anonymous", [False, True])
def test_without_a_login_where_basic_is_asked_for(
    server, forced, make, kind, own_folder, name, anonymous
):
    change(server, anonymous=anonymous, tokens=True)

    pull = make.pull(forced, name, own_folder).failed()
    push = make.push(forced, name, own_folder).failed()

    # docker does not even ask; the others send an empty user and an empty password.
    is_docker = kind == "docker"
    assert ("no basic auth credentials" if is_docker else NOT_AUTHORIZED) in pull.text
    assert ("no basic auth credentials" if is_docker else REQUIRED) in push.text
    assert max(pull.seconds, push.seconds) < QUICK


def test_without_the_realm_docker_says_what_is_missing_and_others_that_it_is_forbidden(
    server, allowing, make, kind, own_folder, name
):
    user = f"user-{own_folder.name}"
    give(server, user, "read", "add", "edit")
    change(server, anonymous=True, tokens=False)

    login = make.login(allowing, user).failed()
    pull = make.pull(allowing, name, own_folder).failed()

    for outcome in (login, pull):
        assert (NOT_ACTIVE if kind == "docker" else FORBIDDEN) in outcome.text
        assert outcome.seconds < QUICK


def test_without_a_login_guests_pull_and_do_not_push(server, allowing, make, own_folder, name):
    user = f"user-{own_folder.name}"
    give(server, user, "read", "add", "edit")
    change(server, anonymous=True, tokens=True)
    publish(own_folder, allowing, user, name)

    assert make.pull(allowing, name, own_folder).succeeded()
    push = make.push(allowing, f"{name}-more", own_folder).failed()

    assert DENIED in push.text
    assert push.seconds < QUICK


def publish(folder: Path, way: Way, user: str, name: str) -> None:
    """Pushes an image as the user."""
    client = ContainersTool(skopeo(folder / "publisher"), is_podman=False)
    client.login(way, user).succeeded()
    client.push(way, name, folder / "publisher").succeeded()


@pytest.mark.parametrize("repository", ["forced", "allowing"])
def test_a_push_without_the_right_to_add_is_refused_at_once(
    request, server, make, own_folder, name, repository
):
    way = way_of(request, repository)
    user = f"user-{own_folder.name}"
    give(server, user, "read")
    make.login(way, user).succeeded()

    push = make.push(way, name, own_folder).failed()

    assert DENIED in push.text
    assert push.seconds < QUICK


@pytest.mark.parametrize("repository", ["forced", "allowing"])
def test_a_role_is_given_used_and_taken_away(
    request, server, make, kind, own_folder, name, repository
):
    """Role, user, realm, login, push, pull; then the same without the role."""
    way = way_of(request, repository)
    user = f"user-{own_folder.name}"
    give(server, user, "browse", "read", "add", "edit")
    assert "Login Succeeded" in make.login(way, user).succeeded().output

    make.push(way, name, own_folder).succeeded()
    make.pull(way, name, own_folder).succeeded()

    take(server, user)
    pull = make.pull(way, name, own_folder).failed()
    push = make.push(way, f"{name}-again", own_folder).failed()

    assert "denied" in pull.text or NOT_AUTHORIZED in pull.text
    # docker asks for the token first, the others for a layer by HEAD.
    by_head = kind != "docker" and repository == "forced"
    assert (FORBIDDEN if by_head else DENIED) in push.text
    assert max(pull.seconds, push.seconds) < QUICK


def test_a_registry_without_accounts_takes_pushes_of_anybody(
    server, allowing, make, own_folder, name
):
    """As the plain registry image does."""
    privileges = [f"nx-repository-view-docker-allowing-{action}" for action in ("add", "edit")]
    role = f"role-{own_folder.name}"
    rest(server, "POST", "/security/roles", role_body(role, privileges=privileges))
    change(server, anonymous=True, tokens=True)
    everybody = changed_user("anonymous", roles=["nx-anonymous", role])
    rest(server, "PUT", "/security/users/anonymous", everybody)
    try:
        make.push(allowing, name, own_folder).succeeded()
        make.pull(allowing, name, own_folder).succeeded()
    finally:
        nobody = changed_user("anonymous", roles=["nx-anonymous"])
        rest(server, "PUT", "/security/users/anonymous", nobody)
