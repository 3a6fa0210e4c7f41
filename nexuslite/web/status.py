"""The health of the whole, gathered from the apps."""

from __future__ import annotations

import accounts.health
import repositories.health
from nexuslite.health import Check


def all_checks() -> list[Check]:
    """Every health check, failing ones first. Asks each blob store whether it can be used."""
    checks = [*accounts.health.checks(), *repositories.health.checks()]
    return sorted(checks, key=lambda check: check.healthy)


def quick_checks() -> list[Check]:
    """Those that ask nothing of the network: cheap enough for the first page."""
    return [
        accounts.health.default_admin_credentials(),
        repositories.health.connectors_listening(),
    ]
