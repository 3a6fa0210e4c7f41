"""Which paths a routing rule lets a proxy repository ask its remote for."""

from __future__ import annotations

from dataclasses import dataclass

from nexuslite import regex
from repositories.models.routing_rule import RoutingMode


@dataclass(frozen=True, slots=True)
class Routing:
    """A routing rule as requests see it."""

    name: str
    mode: str
    matchers: tuple[str, ...]

    def allows(self, path: str) -> bool:
        """Whether the path, such as `/v2/library/nginx/manifests/latest`, may be asked for.

        As in Nexus, an expression has to match the whole path; one that matches is enough.
        """
        matched = any(regex.matches(matcher, path) for matcher in self.matchers)
        return matched == (self.mode == RoutingMode.ALLOW)
