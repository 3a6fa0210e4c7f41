"""The registry API: every route, method, way in, actor and credential, against the policy.

Faults 25, 26 and 27.
"""

# faults 25, 26, 27

from __future__ import annotations

import pytest

from repositories.docker.routes import ROUTES, V1_ROUTES
from tests.matrix import policy
from tests.matrix.asking import Asker, Findings
from tests.matrix.registry_cells import cells, examine, row_of


def test_every_route_has_its_lines_in_the_policy():
    routes = {
        (route.name, method)
        for route in (*ROUTES, *V1_ROUTES)
        for method in route.views
        if method != "HEAD"
    }
    assert routes == {(row.route, row.method) for row in policy.REGISTRY}


@pytest.mark.parametrize("settings", policy.SETTINGS, ids=str)
def test_the_registry_answers_as_the_policy_says(world, configure, settings):
    configure(settings)
    asker, findings = Asker(world, compares=settings.local and settings.tokens), Findings()
    for cell in cells():
        # What a route does not have it has under no settings.
        if row_of(cell) is not None or settings == policy.SETTINGS[0]:
            examine(asker, cell, findings)
    findings.none()
