"""What crashes leave behind is swept, and nothing that is younger or still needed."""

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.faults.client import LOST, Client, Image, Ledger, digest_of, random_bytes
from tests.support.process import ProgramProcess
from tests.support.server import PROJECT

LIFETIME = 60


def sweep(server: ProgramProcess) -> str:
    return subprocess.run(
        [sys.executable, "manage.py", "sweep"],
        cwd=PROJECT,
        env=server._environment(),
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def files(server: ProgramProcess, folder: str) -> list[Path]:
    found = (server.data / "blobs/default" / folder).rglob("*")
    return sorted(path for path in found if path.is_file())


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def age_sessions(server: ProgramProcess) -> None:
    """Let all upload sessions look as if nobody had touched them for years."""
    then = "'2020-01-01 00:00:00.000'"
    statement = f"UPDATE repositories_upload SET created = {then}, updated = {then}"
    address = server.environment.get("DATABASE_URL")
    if address:
        with psycopg.connect(address) as connection:
            connection.execute(statement)
        return
    with closing(sqlite3.connect(server.data / "nexuslite.sqlite3")) as connection, connection:
        connection.execute(statement)


def is_lost(action, *arguments) -> bool:
    try:
        action(*arguments)
    except LOST:
        return True
    return False


@pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)
def test_leftovers_of_a_crash_are_swept_once_they_are_old_enough(program, database):  # fault 2
    server = program(
        NEXUSLITE_CHECKPOINT="blob.before_commit:3",
        NEXUSLITE_UPLOAD_LIFETIME=LIFETIME,
        NEXUSLITE_WORKERS=1,
        **database,
    ).start()
    repository = server.create_hosted("hosted")
    client, ledger = Client(repository.http_port), Ledger()
    for number in range(2):
        ledger.push_blob(client, random_bytes(1000, number))
    kept = files(server, "content")
    # An object without a row and its session, one more session, a staging without a session.
    assert is_lost(client.push_monolithic, random_bytes(1000, "orphan"))
    (orphan,) = set(files(server, "content")) - set(kept)
    abandoned = client.start_upload()
    assert client.patch(abandoned, b"abandoned", 0).status == 202
    staged = files(server, "staging")
    assert len(staged) == 2
    stray = staged[0].with_name("0" * 32)
    stray.write_bytes(b"of a request that was killed")

    assert sweep(server) == "Swept 0 sessions, 0 stagings, 0 objects."
    for path in [*kept, orphan, stray, *staged]:
        age(path, 10 * LIFETIME)
    # The session is young, and as long as it is there nothing younger than it is taken.
    assert sweep(server) == "Swept 0 sessions, 1 stagings, 1 objects."
    assert files(server, "content") == kept
    assert files(server, "staging") == staged
    age_sessions(server)
    young = client.start_upload()
    assert client.patch(young, b"young", 0).status == 202
    assert sweep(server) == "Swept 2 sessions, 0 stagings, 0 objects."
    assert client.request("GET", abandoned).status == 404
    assert len(files(server, "staging")) == 1
    assert client.patch(young, b"er", 5).status == 202
    assert client.finish_upload(young, digest_of(b"younger")).status == 201
    ledger.verify(client)


@pytest.mark.slow
def test_sweeping_under_load_takes_nothing_that_is_needed(program):
    server = program(NEXUSLITE_UPLOAD_LIFETIME=LIFETIME).start()
    repository = server.create_hosted("hosted")
    client, ledger = Client(repository.http_port), Ledger()
    for round_number in range(4):
        # Its bytes get older than the lifetime, but it is finished and gets a row in time.
        slow = client.start_upload()
        content = random_bytes(5000, f"slow {round_number}")
        assert client.patch(slow, content[:4000], 0).status == 202
        for path in files(server, "staging"):
            age(path, 10 * LIFETIME)
        sweeper = subprocess.Popen(
            [sys.executable, "manage.py", "sweep"],
            cwd=PROJECT,
            env=server._environment(),
            stdout=subprocess.DEVNULL,
        )
        for number in range(5):
            ledger.push(client, f"v{number}", Image.make(f"{round_number} {number}"))
        assert client.finish_upload(slow, digest_of(content), content[4000:]).status == 201
        assert sweeper.wait(60) == 0
    ledger.verify(client)
