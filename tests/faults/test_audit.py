"""The audit over processes: stops, crashes, several workers, both databases."""

import json
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from tests.faults.client import Client, Image
from tests.support.process import ProgramProcess
from tests.support.server import PROJECT


def lines_of(program: ProgramProcess) -> list[dict[str, object]]:
    """The lines of the audit log, all of them valid."""
    path = program.data / "log/audit.log"
    return [json.loads(line) for line in path.read_text().splitlines()]


def items_of(program: ProgramProcess, query: str = "") -> list[dict[str, object]]:
    """The newest events as REST tells them."""
    answer = program.rest("GET", f"/audit{query}")
    assert answer.status == 200, answer
    return json.loads(answer.body)["items"]


def role(name: str) -> dict[str, object]:
    return {"id": name, "name": name, "description": "", "privileges": [], "roles": []}


def test_what_happened_is_told_after_a_crash_and_a_stop(program, database):
    server = program(**database).start()
    client = Client(server.create_hosted("hosted").http_port)
    client.push(Image.make(1), "v1")
    server.kill()
    server.start()
    items = [item for item in items_of(server) if item["domain"] != "security.signin"]
    assert [f"{item['initiator']} {item['domain']} {item['type']}" for item in items] == [
        "admin/127.0.0.1 repository.asset created",
        "admin/127.0.0.1 repository created",
        "system blobstore created",
        "system security.user created",
        "system security.user created",
    ]
    assert items[0]["attributes"]["tags"] == ["v1"]
    assert items[0]["requestId"]
    # A worker that ends in peace takes nothing with it.
    assert server.stop() == 0
    server.start()
    sign_ins = items_of(server, "?domain=security.signin&type=accepted")
    assert {item["userId"] for item in sign_ins} == {"admin"}
    lines = [line for line in lines_of(server) if line["domain"] != "security.signin"]
    assert [line["context"] for line in lines] == [item["context"] for item in reversed(items)]


def test_lines_of_workers_never_mix(program):
    server = program().start()
    with ThreadPoolExecutor(8) as pool:
        made = pool.map(
            lambda number: server.rest("POST", "/security/roles", role(f"role{number}")), range(60)
        )
        assert {answer.status for answer in made} == {200}
    found = {line["context"] for line in lines_of(server) if line["domain"] == "security.role"}
    assert found == {f"role{number}" for number in range(60)}
    with sqlite3.connect(server.data / "nexuslite.sqlite3") as database:
        ((count,),) = database.execute(
            "SELECT count(*) FROM accounts_audit_event WHERE domain = 'security.role'"
        )
    assert count == 60


def test_rescue_is_told_as_the_system(program):
    server = program().start()
    environment = server._environment()
    command = [sys.executable, "manage.py", "rescue", "--random"]
    subprocess.run(command, cwd=PROJECT, env=environment, check=True, capture_output=True)
    last = lines_of(server)[-1]
    assert (last["initiator"], last["type"], last["source"]) == ("system", "rescued", "system")
