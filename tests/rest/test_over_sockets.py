"""REST of the whole program, over real sockets."""

from __future__ import annotations

import json
import time

import pytest

from tests.support.process import ProgramProcess, running_program
from tests.support.server import free_port

from .conftest import hosted_body

HOSTED = "/repositories/docker/hosted"
PATIENCE_SECONDS = 10


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> ProgramProcess:
    with running_program(tmp_path_factory.mktemp("program") / "data") as running:
        yield running


def test_clients_of_nexus_find_their_version_at_the_root(program):
    answer = program.request("GET", "/")
    assert answer.status == 200
    assert [value for name, value in answer.headers.items() if name.lower() == "server"] == [
        "Nexus/3.77.1-01 (OSS)"
    ]


def test_connectors_follow_a_change_without_a_restart(program):
    first, second = free_port(), free_port()
    body = hosted_body("moving", docker__httpPort=first)
    assert program.rest("POST", HOSTED, body).status == 201
    _wait_for_state(program, first, "open")
    body["docker"]["httpPort"] = second
    assert program.rest("PUT", f"{HOSTED}/moving", body).status == 204
    _wait_for_state(program, second, "open")
    assert program.request("GET", "/v2/", port=second).status == 401
    assert program.rest("DELETE", "/repositories/moving").status == 204
    deadline = time.monotonic() + PATIENCE_SECONDS
    while _answers(program, second) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _answers(program, second)


def _wait_for_state(program: ProgramProcess, port: int, state: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    wanted = [{"scheme": "http", "port": port, "state": state, "reason": ""}]
    while time.monotonic() < deadline:
        answer = program.rest("GET", "/repositories/moving/connectors")
        if json.loads(answer.body) == wanted:
            return
        time.sleep(0.05)
    raise AssertionError(answer.body)


def _answers(program: ProgramProcess, port: int) -> bool:
    try:
        program.request("GET", "/v2/", port=port)
    except OSError:
        return False
    return True
