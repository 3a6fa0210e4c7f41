"""What is hidden costs as many statements as nothing on PostgreSQL too, where stamps are rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.matrix import conftest, policy, registry_cells, web_cells
from tests.matrix.asking import Asker, Findings
from tests.matrix.world import World

pytestmark = pytest.mark.slow

ACTORS = ("admin", "browser", "stranger", policy.NOBODY)


@pytest.fixture(scope="module")
def world(postgresql_by_default, tmp_path_factory) -> Iterator[World]:
    """A server of its own within this process, with a database of PostgreSQL."""
    folder = tmp_path_factory.mktemp("matrix")
    with conftest.server(folder, database=postgresql_by_default()) as world:
        yield world


def test_the_policy_holds(world, configure):
    configure(policy.SETTINGS[0])
    asker, findings = Asker(world), Findings()
    for cell in registry_cells.cells(("team", "vault")):
        if cell.actor in ACTORS and cell.credential != "stale" and cell.way in policy.BY_NAME:
            registry_cells.examine(asker, cell, findings)
    for web_cell in web_cells.cells(ACTORS):
        if web_cell.credential != "session":
            web_cells.examine(asker, web_cell, findings)
    findings.none()
