"""How many statements a pull costs where several nodes share the database."""

import re

import pytest

from tests.faults.client import Client, Image, digest_of

pytestmark = pytest.mark.slow


def test_a_pull_is_two_queries_from_the_first_one_on(program, postgres_database):
    postgres, name = postgres_database
    with postgres.connect() as connection:
        connection.execute(f"ALTER DATABASE {name} SET log_statement = 'all'")
        connection.execute("ALTER SYSTEM SET log_line_prefix = '%p %d '")
        connection.execute("SELECT pg_reload_conf()")
    server = program(DATABASE_URL=postgres.address(name), NEXUSLITE_WORKERS=1).start()
    server.activate_docker_tokens()
    client = Client(server.create_hosted("hosted").http_port)
    image = Image.make("image")
    assert client.push(image, "v1").status == 201
    puller = client.with_token()
    for path in ("manifests/v1", f"blobs/{digest_of(image.layer)}"):
        server.restart()
        server.wait_until_open(client.port)
        for method in ("GET", "HEAD", "GET"):
            before = len(postgres.log.read_bytes())
            assert puller.request(method, path).status == 200
            log = postgres.log.read_bytes()[before:].decode()
            statements = of_the_worker(log, name)
            assert len(statements) == 2, statements
            assert "nexuslite_stamp" in statements[0]


def of_the_worker(log: str, database: str) -> list[str]:
    """What the connection that read content has executed; the others belong to the background."""
    found: dict[str, list[str]] = {}
    for process, statement in re.findall(
        rf"^(\d+) {database} LOG:  (?:execute [^:]*|statement): (.*)$", log, re.MULTILINE
    ):
        found.setdefault(process, []).append(statement)
    (worker,) = (
        statements
        for statements in found.values()
        if any("repositories_image" in statement for statement in statements)
    )
    return worker
