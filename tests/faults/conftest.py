"""Real servers on a database of their own."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.postgres import PostgresServer, running_postgres
from tests.support.process import ProgramProcess


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Callable[..., ProgramProcess]]:
    """Return a function that makes a program with the environment given; it is ended at last."""
    made: list[ProgramProcess] = []

    def make(prefix: tuple[str, ...] = (), **environment: object) -> ProgramProcess:
        variables = {name: str(value) for name, value in environment.items()}
        made.append(ProgramProcess(tmp_path / f"data{len(made)}", variables, prefix))
        return made[-1]

    yield make
    for each in made:
        if each.running:
            each.kill()


@pytest.fixture
def postgres_database(request: pytest.FixtureRequest) -> Iterator[tuple[PostgresServer, str]]:
    server: PostgresServer = request.getfixturevalue("postgres")
    name = server.create_database()
    yield server, name
    server.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> dict[str, str]:
    """Environment of a program on either database."""
    if request.param == "sqlite":
        return {}
    server, name = request.getfixturevalue("postgres_database")
    return {"DATABASE_URL": server.address(name)}


@pytest.fixture
def small_disk() -> Iterator:
    """Return a function that mounts a small file system on a folder."""
    assert os.geteuid() == 0, "only root may mount a file system"
    mounted: list[Path] = []

    def mount(folder: Path, mebibytes: int) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        options = f"size={mebibytes}m"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
        mounted.append(folder)
        return folder

    yield mount
    for folder in reversed(mounted):
        subprocess.run(["umount", "--lazy", folder], check=True)
