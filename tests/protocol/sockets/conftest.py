"""The clients of the protocol tests, over sockets to a server with several workers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.support.process import ADMIN, ADMIN_PASSWORD, ProgramProcess, running_program
from tests.support.registry import Entrance, OverSockets, RegistryClient, basic

_names = itertools.count()


@pytest.fixture(scope="session")
def program(tmp_path_factory) -> Iterator[ProgramProcess]:
    """The program with three workers."""
    data = tmp_path_factory.mktemp("program") / "data"
    with running_program(data, {"NEXUSLITE_WORKERS": "3"}) as program:
        yield program


@pytest.fixture
def images(program) -> Iterator[RegistryClient]:
    """A client of a repository of its own, signed in as admin."""
    name = f"images{next(_names)}"
    repository = program.create_hosted(name, force_basic_auth=False)
    yield RegistryClient(
        OverSockets(),
        Entrance(repository.http_port, "", repository.http),
        authorization=basic(ADMIN, ADMIN_PASSWORD),
    )
    assert program.rest("DELETE", f"/repositories/{name}").status == 204
