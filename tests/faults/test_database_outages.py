"""The database is locked or lost: 503 with Retry-After, no half state, and then it goes on."""

import contextlib
import json
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.client import Client, Image, Ledger, digest_of, random_bytes
from tests.support.server import Answer, wait_for


def assert_unavailable(answer: Answer) -> None:
    assert answer.status == 503, answer
    assert int(answer.headers["retry-after"]) > 0
    (error,) = json.loads(answer.body)["errors"]
    assert error["code"] == "UNAVAILABLE"


@pytest.mark.slow
def test_a_database_locked_by_another_program_is_unavailable_for_writes(program):  # fault 16
    server = program().start()
    client, ledger = Client(server.create_hosted("hosted").http_port), Ledger()
    image, content = Image.make("locked"), random_bytes(1000, "locked")
    ledger.push(client, "before", Image.make("before"))
    for blob in (image.config, image.layer):
        ledger.push_blob(client, blob)
    session = client.start_upload()
    path = server.data / "nexuslite.sqlite3"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as intruder:
        intruder.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor() as clients:
            answers = [
                clients.submit(client.put_manifest, "locked", image.manifest),
                clients.submit(client.finish_upload, session, digest_of(content), content),
            ]
            while not all(answer.done() for answer in answers):
                assert client.request("GET", "manifests/before").status == 200
                assert client.request("GET", "tags/list").status == 200
                time.sleep(0.1)
        for answer in answers:
            assert_unavailable(answer.result())
        assert client.request("GET", "manifests/locked").status == 404
        assert client.request("HEAD", f"blobs/{digest_of(content)}").status == 404
        intruder.execute("ROLLBACK")
    ledger.put_manifest(client, "locked", image)
    ledger.push_blob(client, content)
    ledger.verify(client)


@pytest.fixture
def on_postgres(program, postgres_database):
    server, name = postgres_database
    running = program(DATABASE_URL=server.address(name)).start()
    return server, name, Client(running.create_hosted("hosted").http_port)


@pytest.mark.slow
def test_a_connection_lost_within_a_transaction_leaves_nothing_half(on_postgres):  # fault 16
    postgres, name, client = on_postgres
    ledger, image = Ledger(), Image.make("lost")
    ledger.push(client, "before", Image.make("before"))
    for blob in (image.config, image.layer):
        ledger.push_blob(client, blob)
    for tag in ("lost", "before"):
        with postgres.connect(name) as intruder, intruder.transaction():
            # Nothing goes further than the image's row while it is locked here.
            intruder.execute("SELECT id FROM repositories_image FOR UPDATE")
            answers: list[Answer] = []
            pushing = threading.Thread(
                target=lambda: answers.append(client.put_manifest(tag, image.manifest))  # noqa: B023
            )
            pushing.start()
            wait_for(lambda: waiting(postgres, name), 20, "the push waits for the row")
            terminate_waiting(postgres, name)
            pushing.join(20)
        assert_unavailable(answers[0])
    assert client.request("GET", "manifests/lost").status == 404
    ledger.verify(client)
    ledger.put_manifest(client, "lost", image)
    ledger.verify(client)


_WAITING = "FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"


def waiting(postgres, name: str) -> bool:
    with postgres.connect() as connection:
        return connection.execute(f"SELECT 1 {_WAITING}", [name]).fetchone() is not None


def terminate_waiting(postgres, name: str) -> None:
    with postgres.connect() as connection:
        connection.execute(f"SELECT pg_terminate_backend(pid) {_WAITING}", [name])


@pytest.mark.slow
def test_after_a_failover_the_next_request_is_answered(on_postgres):  # fault 16
    postgres, name, client = on_postgres
    ledger = Ledger()
    for round_number in range(3):
        ledger.push(client, "latest", Image.make(round_number))
        with ThreadPoolExecutor(20) as clients:
            # Several connections wait in the pools of both workers.
            list(clients.map(lambda _: client.request("GET", "tags/list"), range(60)))
        session = client.start_upload()
        terminated = terminate_all(postgres, name)
        assert len(terminated) >= 2
        for _ in range(20):
            answer = client.request("GET", "manifests/latest")
            assert answer.status == 200, answer
        assert client.patch(session, b"content", 0).status == 202
        terminate_all(postgres, name)
        assert client.finish_upload(session, digest_of(b"content")).status == 201
    ledger.verify(client)


def terminate_all(postgres, name: str) -> list[int]:
    """End all connections; the program makes new ones only when it notices."""
    ended = postgres.terminate_backends(name)
    wait_for(lambda: not set(ended) & set(postgres.backends(name)), 10, "they are ended")
    return ended
