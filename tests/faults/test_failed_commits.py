"""The rows of a pushed blob cannot be committed: the upload can be finished all the same."""

import contextlib
import subprocess
import threading
from collections.abc import Iterator

import pytest

from tests.faults.client import Client, Image, Ledger, digest_of, random_bytes
from tests.faults.test_database_outages import assert_unavailable
from tests.faults.test_full_disk import fill, push_until_refused
from tests.support.server import Answer, wait_for

MIB = 1 << 20
CONTENT = random_bytes(2 * MIB, "content")


def stage(client: Client, content: bytes = CONTENT) -> str:
    """Begin an upload and send all of it but the closing PUT."""
    session = client.start_upload()
    assert client.patch(session, content, 0).status == 202
    return session


def assert_can_be_finished(client: Client, session: str, content: bytes = CONTENT) -> None:
    assert client.request("GET", session).headers["range"] == f"0-{len(content) - 1}"
    assert client.finish_upload(session, digest_of(content)).status == 201
    assert client.request("GET", f"blobs/{digest_of(content)}").body == content


def test_a_full_database_leaves_the_upload_as_it_was(program, small_disk):  # fault 5
    server = program()
    disk = small_disk(server.data, 24)
    # The database is full; the blob store is not.
    blobs = small_disk(server.data / "blobs/default", 64)
    server.start()
    client, ledger = Client(server.create_hosted("hosted").http_port), Ledger()
    ledger.push(client, "before", Image.make("before"))
    contents = [random_bytes(MIB, number) for number in range(3)]
    sessions = [stage(client, content) for content in contents]
    objects = len(list(blobs.rglob("content/sha256/*/*")))

    ballast = fill(disk)
    push_until_refused(client, Image.make("before"))
    for session, content in zip(sessions, contents, strict=True):
        assert_unavailable(client.finish_upload(session, digest_of(content)))
    # Nothing was committed for certain, so nothing is left lying about.
    assert len(list(blobs.rglob("content/sha256/*/*"))) == objects
    ledger.verify(client)

    ballast.unlink()
    assert client.patch(sessions[0], b" and more", MIB).status == 202
    assert_can_be_finished(client, sessions[0], contents[0] + b" and more")
    for session, content in zip(sessions[1:], contents[1:], strict=True):
        assert_can_be_finished(client, session, content)
    assert list((blobs / "staging").iterdir()) == []
    ledger.verify(client)


@contextlib.contextmanager
def failing_syncs(server) -> Iterator[None]:
    """Let every sync of the database's log fail."""
    workers = subprocess.run(
        ["pgrep", "-P", str(server.pid)], check=True, capture_output=True, text=True
    ).stdout.split()
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync"]
    command += ["-e", "inject=fdatasync:error=EIO", "-P", f"{server.data}/nexuslite.sqlite3-wal"]
    for pid in workers:
        command += ["-p", pid]
    tracer = subprocess.Popen(command)
    try:
        for pid in workers:
            wait_for(lambda: "TracerPid:\t0" not in _status(pid), 20, "it is traced")  # noqa: B023
        yield
    finally:
        tracer.terminate()
        tracer.wait(20)


def _status(pid: str) -> str:
    with open(f"/proc/{pid}/status") as status:
        return status.read()


@pytest.mark.slow
def test_a_push_whose_commit_did_not_reach_the_disk_can_be_repeated(program):  # fault 5
    server = program().start()
    client, ledger = Client(server.create_hosted("hosted").http_port), Ledger()
    ledger.push(client, "before", Image.make("before"))
    session, whole = stage(client), client.start_upload()
    other = random_bytes(MIB, "other")
    with failing_syncs(server):
        for _ in range(3):
            assert_unavailable(client.finish_upload(session, digest_of(CONTENT)))
            assert_unavailable(client.finish_upload(whole, digest_of(other), other))
        ledger.verify(client)
    assert client.finish_upload(session, digest_of(CONTENT)).status == 201
    assert client.finish_upload(whole, digest_of(other), other).status == 201
    ledger.push(client, "after", Image.make("after"))
    server.kill()
    server.start()
    server.wait_until_open(client.port)
    for content in (CONTENT, other):
        assert client.request("GET", f"blobs/{digest_of(content)}").body == content
    ledger.verify(client)


@pytest.fixture
def on_postgres(program, postgres_database):
    server, name = postgres_database
    running = program(DATABASE_URL=server.address(name)).start()
    return server, name, Client(running.create_hosted("hosted").http_port)


class Finishing:
    """A closing PUT under way, whose connection to the database is ended when it waits."""

    def __init__(self, client: Client, session: str, body: bytes = b"") -> None:
        self._answers: list[Answer] = []
        self._thread = threading.Thread(
            target=lambda: self._answers.append(
                client.finish_upload(session, digest_of(CONTENT), body)
            )
        )
        self._thread.start()

    def end_when_waiting(self, postgres, name: str, event_type: str) -> Answer:
        query = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = %s AND (wait_event_type = %s OR wait_event = %s)"
        )

        def ended() -> bool:
            with postgres.connect() as connection:
                parameters = [name, event_type, event_type]
                return connection.execute(query, parameters).fetchone() is not None

        wait_for(ended, 20, "the push waits")
        self._thread.join(20)
        return self._answers[0]


@pytest.mark.slow
def test_a_connection_lost_before_the_commit_leaves_the_upload_as_it_was(on_postgres):  # fault 16
    postgres, name, client = on_postgres
    for session, body in ((stage(client), b""), (client.start_upload(), CONTENT)):
        with postgres.connect(name) as intruder, intruder.transaction():
            intruder.execute("SELECT id FROM repositories_repository FOR UPDATE")
            finishing = Finishing(client, session, body)
            assert_unavailable(finishing.end_when_waiting(postgres, name, "Lock"))
        assert client.finish_upload(session, digest_of(CONTENT), body).status == 201
        assert client.request("GET", f"blobs/{digest_of(CONTENT)}").body == CONTENT
        client.request("DELETE", f"blobs/{digest_of(CONTENT)}")


@pytest.mark.slow
def test_a_commit_that_failed_half_way_can_be_repeated(on_postgres):  # fault 16
    postgres, name, client = on_postgres
    Ledger().push(client, "before", Image.make("before"))
    session = stage(client)
    with postgres.connect(name) as intruder, intruder.transaction():
        # Foreign keys are checked when the push commits.
        intruder.execute("SELECT id FROM repositories_image FOR UPDATE")
        finishing = Finishing(client, session)
        assert_unavailable(finishing.end_when_waiting(postgres, name, "Lock"))
    assert client.request("HEAD", f"blobs/{digest_of(CONTENT)}").status == 404
    assert_can_be_finished(client, session)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["streamed", "in one request"])
def test_a_commit_whose_answer_was_lost_can_be_repeated(on_postgres, way):  # fault 16
    postgres, name, client = on_postgres
    Ledger().push(client, "before", Image.make("before"))
    body = CONTENT if way == "in one request" else b""
    session = client.start_upload() if body else stage(client)
    # A commit is done here and then waits for a second server that never comes.
    configure(postgres, "nowhere")
    try:
        finishing = Finishing(client, session, body)
        assert_unavailable(finishing.end_when_waiting(postgres, name, "SyncRep"))
    finally:
        configure(postgres, "")
    assert client.request("GET", session).status == 404
    assert client.finish_upload(session, digest_of(CONTENT), body).status == 201
    assert client.request("GET", f"blobs/{digest_of(CONTENT)}").body == CONTENT


def configure(postgres, standby: str) -> None:
    with postgres.connect() as connection:
        connection.execute("SET synchronous_commit = local")
        connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{standby}'")
        connection.execute("SELECT pg_reload_conf()")

        def is_set() -> bool:
            found = connection.execute("SHOW synchronous_standby_names").fetchone()
            return found == (standby,)

        wait_for(is_set, 10, "the server is configured")
