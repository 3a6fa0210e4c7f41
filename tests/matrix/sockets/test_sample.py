"""A sample of the matrix over real ports: server, TLS, several workers and their caches too."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.matrix import policy, registry_cells, web_cells
from tests.matrix import world as worlds
from tests.matrix.asking import Asker, Findings
from tests.matrix.conftest import LIMITS
from tests.matrix.policy import Settings
from tests.matrix.world import World
from tests.support.process import ADMIN, ADMIN_PASSWORD, ProgramProcess, running_program
from tests.support.registry import Entrance, OverSockets, basic
from tests.support.server import free_port

pytestmark = pytest.mark.slow

SEED = 20261124
SAMPLE = 500
USUAL = [settings for settings in policy.SETTINGS if settings.local]
"""Without local passwords nobody could change the settings back over REST."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProgramProcess]:
    """The program with three workers and without back-off."""
    data: Path = tmp_path_factory.mktemp("matrix") / "data"
    unlimited = {f"NEXUSLITE_{limit}": "off" for limit in LIMITS}
    with running_program(data, {"NEXUSLITE_WORKERS": "3", **unlimited}) as running:
        yield running


@pytest.fixture(scope="module")
def world(program: ProgramProcess) -> World:
    """The same world as within the process."""
    main = Entrance(program.port, "", f"127.0.0.1:{program.port}")
    made = World(OverSockets(), main, basic(ADMIN, ADMIN_PASSWORD))

    def create(name: str, forced: bool) -> tuple[Entrance, Entrance]:
        ports = free_port(), free_port()
        body = worlds.hosted(name, forced=forced, ports=ports)
        made.rest("POST", "repositories/docker/hosted", body)
        for port in ports:
            program.wait_until_open(port)
        http, https = ports
        return (
            Entrance(http, "", f"127.0.0.1:{http}"),
            Entrance(https, "", f"127.0.0.1:{https}", "https"),
        )

    return worlds.build(made, create)


@pytest.mark.parametrize("settings", USUAL, ids=str)
def test_a_sample_of_the_registry_answers_as_the_policy_says(world, settings):
    configure(world, settings)
    asker, findings = Asker(world, counts=False), Findings()
    for cell in sample(registry_cells.cells(), settings):
        registry_cells.examine(asker, cell, findings)
    findings.none()


@pytest.mark.parametrize("settings", USUAL, ids=str)
def test_a_sample_of_the_web_answers_as_the_policy_says(world, settings):
    configure(world, settings)
    asker, findings = Asker(world, counts=False), Findings()
    # Lines of the administrator build on each other.
    asked = (cell for cell in web_cells.cells() if cell.actor != "admin")
    for cell in sample(asked, settings):
        web_cells.examine(asker, cell, findings)
    findings.none()


def configure(world: World, settings: Settings) -> None:
    """Puts the settings in force; the next request on every worker has to see them."""
    world.rest("PUT", "security/anonymous", worlds.anonymous_setting(enabled=settings.anonymous))
    world.rest("PUT", "security/realms/active", settings.realms)
    world.settings = settings


def sample(cells: Iterator, settings: Settings) -> list:
    """A part of the cells, the same in every run, in their order."""
    everything = list(cells)
    chosen = random.Random(f"{SEED} {settings}").sample(
        range(len(everything)), min(SAMPLE, len(everything))
    )
    wanted = set(chosen)
    return list(itertools.compress(everything, (at in wanted for at in range(len(everything)))))
