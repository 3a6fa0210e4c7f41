"""A PostgreSQL server of the tests' own, on loopback, with a fresh database for each test."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg

from tests.support.server import free_port, wait_for

USER = "postgres"


@dataclass(frozen=True)
class PostgresServer:
    """A running server; anybody on loopback may sign in as `postgres`."""

    port: int
    log: Path

    def address(self, database: str) -> str:
        """Value of ``DATABASE_URL``."""
        return f"postgres://{USER}@127.0.0.1:{self.port}/{database}"

    def create_database(self) -> str:
        """Make an empty database and return its name."""
        name = f"nexuslite_{uuid4().hex[:12]}"
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever still uses it."""
        with self.connect() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def connect(self, database: str = USER) -> "psycopg.Connection[tuple[object, ...]]":
        """Return a connection that commits each statement."""
        return psycopg.connect(self.address(database), autocommit=True)

    def terminate_backends(self, database: str) -> list[int]:
        """End every connection to the database, as a failover does; return their processes."""
        backends = self.backends(database)
        with self.connect() as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s) pid", [backends])
        return backends

    def backends(self, database: str) -> list[int]:
        """Return the processes that serve connections to the database."""
        with self.connect() as connection:
            rows = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = %s", [database]
            ).fetchall()
        return [int(str(row[0])) for row in rows]


@contextlib.contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Run a server for as long as the block lasts, its data in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="nexuslite-postgres-"))
    user = _unprivileged_user()
    if user is not None:
        shutil.chown(folder, user)
    try:
        with _server(folder, user) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _server(folder: Path, user: str | None) -> Iterator[PostgresServer]:
    data = folder / "data"
    initialise = [_program("initdb"), "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8"]
    subprocess.run(initialise, user=user, cwd=folder, check=True, capture_output=True)
    port = free_port()
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": folder,
        "max_connections": 200,
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [_program("postgres"), "-D", data, *options],
            user=user,
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    server = PostgresServer(port, folder / "log")
    try:
        wait_for(lambda: _answers(server), 30.0, "PostgreSQL answers")
        yield server
    finally:
        # SIGTERM waits for clients to leave; SIGINT does not.
        process.send_signal(2)
        process.wait(30)


def _answers(server: PostgresServer) -> bool:
    with contextlib.suppress(psycopg.OperationalError):
        server.connect().close()
        return True
    return False


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root; the Debian package brings a user for it."""
    if os.geteuid() != 0:
        return None
    return pwd.getpwnam(USER).pw_name


def _program(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else name


@contextlib.contextmanager
def default_database(server: PostgresServer, name: str) -> Iterator[None]:
    """Makes a database Django's default one in this process, for connections of every thread."""
    from django.db import connections

    from nexuslite import stamps

    settings = connections.settings["default"]
    outer, before = connections["default"], dict(settings)
    settings.update(
        ENGINE="nexuslite.database.postgresql",
        NAME=name,
        USER=USER,
        HOST="127.0.0.1",
        PORT=server.port,
        CONN_MAX_AGE=0,
        OPTIONS={},
    )
    connections["default"] = connections.create_connection("default")
    stamps._shared = None
    try:
        yield
    finally:
        connections["default"].close()
        settings.clear()
        settings.update(before)
        connections["default"] = outer
        stamps._shared = None


def create_tables(server: PostgresServer) -> str:
    """Make a database with the tables and nothing else; return its name."""
    from django.core.management import call_command

    name = server.create_database()
    with default_database(server, name):
        call_command("migrate", verbosity=0, interactive=False)
    return name


def empty_all_tables() -> None:
    """Empties the tables of the default database."""
    from django.core.management import call_command

    call_command("flush", verbosity=0, interactive=False, inhibit_post_migrate=True)
