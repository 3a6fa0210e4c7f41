"""One answer of the health checks that the status page shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """What a check found; `name` as Nexus names it, `message` for the administrator."""

    name: str
    healthy: bool
    message: str
