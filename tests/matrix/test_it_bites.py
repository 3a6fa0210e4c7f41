"""The matrix finds a wrong decision, and a view that does not ask, on every single route."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts import decisions
from accounts.permissions import PermissionSet
from nexuslite import stamps
from nexuslite.rest.views import RestView
from nexuslite.web import editing
from repositories import administration, doors
from repositories.docker import door
from tests.matrix import conftest, policy, registry_cells, web_cells
from tests.matrix.asking import Asker, Findings
from tests.matrix.policy import Registry, Settings

pytestmark = pytest.mark.slow

Walk = Callable[[str], set[object]]


def way_to(route: str) -> str:
    """One way is enough to see that a route bites: one on which everything has a name."""
    return "mount" if route in policy.V1 else "path"


class Everything(PermissionSet):
    """Held by somebody who may do anything."""

    def implies(self, permission: str) -> bool:
        return True


class Nothing(PermissionSet):
    """Held by somebody who may do nothing."""

    def implies(self, permission: str) -> bool:
        return False


class Opposite(PermissionSet):
    """Whatever the others say, this says the other."""

    def implies(self, permission: str) -> bool:
        return not super().implies(permission)


@pytest.fixture
def world(django_db_blocker, tmp_path):
    """A server of the test's own: wrong decisions leave nothing as it was."""
    with django_db_blocker.unblock(), conftest.server(tmp_path) as world:
        yield world


@pytest.fixture
def walk(world, configure) -> Walk:
    """Asks everything as one user by password; gives the lines that something was found about."""
    configure(Settings(anonymous=False))

    def found(actor: str) -> set[object]:
        asker, findings = Asker(world, compares=False), Findings()
        for cell in registry_cells.cells(("team", "vault")):
            if (cell.actor, cell.credential, cell.way) == (actor, "basic", way_to(cell.route)):
                _examine(registry_cells.examine, asker, cell, findings)
        # What changes nothing first: a wrong yes to a deletion leaves little to be asked for.
        for web_cell in sorted(web_cells.cells((actor,)), key=_changes):
            if web_cell.credential == "basic":
                web_cells.examine(asker, web_cell, findings)
        return findings.rows

    return found


def _changes(cell: web_cells.Cell) -> bool:
    return cell.method == "DELETE" or (cell.row is not None and cell.row.body is not None)


def _examine(examine, asker, cell, findings) -> None:
    try:
        examine(asker, cell, findings)
    except AssertionError as error:
        # What an earlier wrong answer has taken away cannot be put back.
        findings.add(registry_cells.row_of(cell), cell, str(error))


def refused_to_strangers() -> set[object]:
    """The lines by which somebody without any right gets nothing.

    But for those that answer alike whoever asks: components have an id that no line can know, and
    tests of their own.
    """
    rows: tuple[Registry | policy.Rest, ...] = (*policy.REGISTRY, *policy.REST, *policy.PAGES)
    alike = {row for row in (*policy.REST, *policy.PAGES) if row.status == row.refused}
    return {row for row in rows if "stranger" not in row.who} - alike


def decide(monkeypatch: pytest.MonkeyPatch, kind: type[PermissionSet]) -> None:
    """Makes every decision one of that kind, made from what the user really holds."""
    compiled = decisions._compile

    def compile_wrongly(holder):
        return kind(str(held) for held in compiled(holder)._held)

    monkeypatch.setattr(decisions, "_compile", compile_wrongly)
    stamps.begin()


def test_nothing_is_found_while_decisions_are_right(walk):
    assert walk("stranger") == set()
    assert walk("admin") == set()


def test_a_decision_that_is_always_yes_is_found_on_every_route(walk, monkeypatch):
    decide(monkeypatch, Everything)
    assert refused_to_strangers() - walk("stranger") == set()


def test_an_opposite_decision_is_found_on_every_route(walk, monkeypatch):
    decide(monkeypatch, Opposite)
    assert refused_to_strangers() - walk("stranger") == set()


def test_a_decision_that_is_always_no_is_found_on_every_route(walk, monkeypatch):
    decide(monkeypatch, Nothing)
    assert refused_to_strangers() - walk("admin") == set()


def _no_question(*arguments: object) -> None:
    return None


def _yes(*arguments: object) -> bool:
    return True


@pytest.mark.parametrize(
    ("place", "name", "replacement", "line"),
    [
        (door, "admit", _no_question, ("GET", "manifest")),
        (door, "admit", _no_question, ("DELETE", "blob")),
        (door, "admit", _no_question, ("GET", "catalog")),
        (door, "admit_to_base", _no_question, ("GET", "base")),
        (RestView, "require", _no_question, ("GET", "security/users")),
        (RestView, "require", _no_question, ("GET", "blobstores")),
        (administration, "may_on_something", _yes, ("GET", "repositories/{repository}")),
        (administration, "may", _yes, ("GET", "repositories/docker/hosted/{repository}")),
        (doors, "may_on_something", _yes, ("GET", "browse/{repository}/")),
        (decisions, "require", _no_question, ("POST", "security/roles")),
        (decisions, "require", _no_question, ("DELETE", "repositories/{repository}")),
        (editing, "may", _yes, ("GET", "admin/security/users/")),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else None,
)
def test_going_around_a_door_is_found(
    world, configure, monkeypatch, place, name, replacement, line
):
    configure(Settings(anonymous=False))
    monkeypatch.setattr(place, name, replacement)
    asker, findings = Asker(world, compares=False), Findings()
    for cell in registry_cells.cells(("team", "vault")):
        if (cell.method, cell.route) == line and cell.way == way_to(cell.route):
            registry_cells.examine(asker, cell, findings)
    for web_cell in web_cells.cells(("stranger", policy.NOBODY)):
        if web_cell.row is not None and (web_cell.method, web_cell.row.path) == line:
            web_cells.examine(asker, web_cell, findings)
    found = {
        (row.method, row.route if isinstance(row, Registry) else row.path)
        for row in findings.rows
        if isinstance(row, Registry | policy.Rest)
    }
    assert found == {line}
