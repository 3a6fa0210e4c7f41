"""docker for somebody who may use a part of a repository, and where nobody has an account."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.commands import Client, Outcome
from tests.clients.dockerd import DockerDaemon
from tests.support.images import random_image
from tests.support.process import ADMIN, ADMIN_PASSWORD, ProgramProcess, running_program

pytestmark = [pytest.mark.clients, pytest.mark.slow]

PASSWORD = "a password of member"


@pytest.fixture
def fresh(own_folder: Path) -> Iterator[ProgramProcess]:
    """A server that nobody has used yet, with docker tokens."""
    with running_program(own_folder / "data") as running:
        running.activate_docker_tokens()
        yield running


def expect(program: ProgramProcess, status: int, method: str, path: str, document: Any) -> None:
    answer = program.rest(method, path, document)
    assert answer.status == status, (path, answer.status, answer.body)


def user(user_id: str, *roles: str) -> dict[str, Any]:
    return {
        "userId": user_id,
        "firstName": "A",
        "lastName": "User",
        "emailAddress": "user@example.org",
        "source": "default",
        "status": "active",
        "roles": list(roles),
    }


def login(docker: Client, host: str, user_id: str, password: str) -> None:
    give = password.encode()
    docker("login", "-u", user_id, "--password-stdin", host, give=give).succeeded()


def refused_at_once(outcome: Outcome) -> str:
    """What docker says, without names."""
    assert outcome.failed().seconds < 10
    return outcome.errors.replace("hidden", "*").replace("unknown/", "*/").strip()


@pytest.mark.parametrize("force_basic_auth", [False, True])
def test_a_member_of_a_team_uses_the_images_of_the_team_alone(
    fresh: ProgramProcess, daemon: DockerDaemon, force_basic_auth: bool
) -> None:
    host = fresh.create_hosted("images", force_basic_auth=force_basic_auth).http
    selector = {"name": "team", "expression": 'format == "docker" and path =~ "^/v2/team/.*"'}
    expect(fresh, 204, "POST", "/security/content-selectors", selector)
    privilege = {
        "name": "team-images",
        "format": "docker",
        "repository": "images",
        "contentSelector": "team",
        "actions": ["READ", "BROWSE", "ADD", "EDIT"],
    }
    expect(fresh, 201, "POST", "/security/privileges/repository-content-selector", privilege)
    role = {"id": "team", "name": "Team", "privileges": ["team-images"], "roles": []}
    expect(fresh, 200, "POST", "/security/roles", role)
    expect(fresh, 200, "POST", "/security/users", {**user("member", "team"), "password": PASSWORD})

    admin, member = daemon.docker("partial-admin"), daemon.docker("partial-member")
    login(admin, host, ADMIN, ADMIN_PASSWORD)
    login(member, host, "member", PASSWORD)
    names = [f"{host}/{name}:1" for name in ("team/app", "hidden/app", "unknown/app")]
    daemon.load({name: random_image(name) for name in names})
    ours, hidden, unknown = names
    admin("push", hidden).succeeded()

    member("push", ours).succeeded()
    member("rmi", ours).succeeded()
    member("pull", ours).succeeded()
    pulls = [refused_at_once(member("pull", name)) for name in (hidden, unknown)]
    assert pulls[0] == pulls[1]
    pushes = [refused_at_once(member("push", name)) for name in (hidden, unknown)]
    assert pushes[0] == pushes[1]

    # Taken away, it counts for nothing from the next request on.
    expect(fresh, 204, "PUT", "/security/roles/team", {**role, "privileges": []})
    refused_at_once(member("pull", ours))


def test_where_nobody_has_an_account_docker_pushes_and_pulls(
    fresh: ProgramProcess, daemon: DockerDaemon
) -> None:
    host = fresh.create_hosted("images", force_basic_auth=False).http
    setting = {"enabled": True, "userId": "anonymous", "realmName": "NexusAuthorizingRealm"}
    expect(fresh, 200, "PUT", "/security/anonymous", setting)
    nobody = daemon.docker("without-accounts")
    reference = f"{host}/app:1"
    daemon.load({reference: random_image(reference)})
    # The role that every server gives to somebody anonymous lets pull, not push.
    assert nobody("push", reference).failed().seconds < 10

    privileges = [f"nx-repository-view-docker-images-{action}" for action in ("add", "edit")]
    role = {"id": "pushers", "name": "Pushers", "privileges": privileges, "roles": []}
    expect(fresh, 200, "POST", "/security/roles", role)
    changed = user("anonymous", "nx-anonymous", "pushers")
    expect(fresh, 204, "PUT", "/security/users/anonymous", changed)
    nobody("push", reference).succeeded()
    nobody("rmi", reference).succeeded()
    nobody("pull", reference).succeeded()
