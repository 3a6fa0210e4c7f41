"""REST and the pages: every route, method, actor and credential, against the policy."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.apps import apps

from tests.matrix import policy
from tests.matrix.asking import Asker, Findings, Request
from tests.matrix.registry_cells import REPOSITORIES
from tests.matrix.web_cells import (
    FEW,
    ROWS,
    all_routes,
    cells,
    examine,
    filled,
    lacking,
    names_of,
    rows_of_routes,
)


def test_every_route_has_a_line_in_the_policy():
    missing = sorted(all_routes() - rows_of_routes())
    assert missing == [], "add lines for them to tests/matrix/policy.py"
    assert rows_of_routes() == all_routes()


@pytest.mark.parametrize("settings", policy.SETTINGS, ids=str)
def test_the_web_answers_as_the_policy_says(world, configure, settings):
    configure(settings)
    usual = settings.local and settings.tokens
    asker, findings = Asker(world, compares=usual), Findings()
    for cell in cells():
        # The realms decide who somebody is, which is the same for every page.
        if usual or (cell.actor, cell.credential) in FEW:
            examine(asker, cell, findings)
    findings.none()


def test_who_may_not_changes_nothing(world, configure):
    configure(policy.SETTINGS[0])
    before = _rows()
    asker, findings = Asker(world, compares=False), Findings()
    for cell in cells(tuple(actor for actor in policy.ACTORS if actor != "admin")):
        if cell.method != "GET":
            examine(asker, cell, findings)
    findings.none()
    assert _rows() == before


def _rows() -> dict[str, list[object]]:
    """Everything that is configured."""
    apart = {"Session", "Stamp", "AuditEvent"}
    return {
        model.__name__: list(model._default_manager.order_by("pk").values())
        for model in apps.get_models()
        if model.__name__ not in apart
    }


def test_a_method_without_a_line_is_refused(world, configure):
    configure(policy.SETTINGS[0])
    asker, findings = Asker(world, compares=False), Findings()
    for cell in lacking():
        examine(asker, cell, findings)
    findings.none()


def test_the_old_name_of_rest_answers_alike(world, configure):
    configure(policy.SETTINGS[0])
    asker, findings = Asker(world, compares=False), Findings()
    for cell in cells():
        old = replace(cell, path=cell.path.replace("/rest/v1/", "/rest/beta/"))
        if old != cell and (cell.actor, cell.credential) in FEW:
            examine(asker, old, findings)
    findings.none()


@pytest.mark.parametrize("repository", REPOSITORIES)
def test_a_connector_leads_to_no_page_and_no_rest(world, configure, repository):
    configure(policy.SETTINGS[0])
    for entrance in world.ports[repository]:
        for row in ROWS:
            target = filled(row.target, names_of(row)[0])
            headers = {"Authorization": world.admin}
            answer = Asker(world).ask(Request(entrance, row.method, target, headers, b""))
            assert answer.status == 404, (row, answer)
