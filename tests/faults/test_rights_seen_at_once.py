"""A right that was given or taken counts for the next request, whichever worker gets it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.faults.client import Client, Image
from tests.faults.test_seen_at_once import WORKERS, Connections
from tests.support.process import ProgramProcess, basic_authorization

ROUNDS = 20
PASSWORD = "a password of member"
OPEN, SHUT = 'path =^ "/v2/team/"', 'path =^ "/v2/other/"'


def rest(program: ProgramProcess, method: str, path: str, document: Any = None) -> None:
    answer = program.rest(method, f"/security/{path}", document)
    assert answer.status < 300, (path, answer.status, answer.body)


@pytest.mark.slow
def test_selectors_roles_and_users(program, database):  # fault 26
    server = program(NEXUSLITE_WORKERS=WORKERS, **database).start()
    admin = Client(server.create_hosted("hosted", force_basic_auth=False).http_port)
    assert admin.push(Image.make(0), "v0").status == 201
    selector = {"name": "part", "expression": SHUT}
    rest(server, "POST", "content-selectors", selector)
    privilege = {
        "name": "part",
        "format": "docker",
        "repository": "*",
        "contentSelector": "part",
        "actions": ["READ"],
    }
    rest(server, "POST", "privileges/repository-content-selector", privilege)
    role = {"id": "part", "name": "Part", "privileges": ["part"], "roles": []}
    rest(server, "POST", "roles", role)
    rest(server, "POST", "roles", {"id": "empty", "name": "Empty"})
    user = {
        "userId": "member",
        "firstName": "A",
        "lastName": "Member",
        "emailAddress": "member@example.org",
        "source": "default",
        "status": "active",
        "roles": ["part"],
    }
    rest(server, "POST", "users", {**user, "password": PASSWORD})
    member = replace(admin, authorization=basic_authorization("member", PASSWORD))
    connections = Connections(member)

    def expect(status: int) -> None:
        found = {connections.ask("GET", "manifests/v0")[0] for _ in range(2 * WORKERS)}
        assert found == {status}

    expect(403)
    for _ in range(ROUNDS):
        rest(server, "PUT", "content-selectors/part", {"expression": OPEN})
        expect(200)
        rest(server, "PUT", "content-selectors/part", {"expression": SHUT})
        expect(403)
    rest(server, "PUT", "content-selectors/part", {"expression": OPEN})
    for _ in range(ROUNDS // 4):
        rest(server, "PUT", "roles/part", {**role, "privileges": []})
        expect(403)
        rest(server, "PUT", "roles/part", role)
        expect(200)
        rest(server, "PUT", "users/member", {**user, "roles": ["nx-anonymous"]})
        expect(200)
        rest(server, "PUT", "users/member", {**user, "roles": ["empty"]})
        expect(403)
        rest(server, "PUT", "users/member", user)
        expect(200)
