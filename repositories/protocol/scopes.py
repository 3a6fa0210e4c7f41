"""Scopes of registry tokens (Distribution, docs/content/spec/auth/scope.md)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

MAX_SCOPES: Final = 100
"""Parts read of one request; docker asks for two, the mount candidates of a push for a few."""
MAX_SCOPE_LENGTH: Final = 1024
"""Characters of one part: a host, an image name of 255 and some actions."""

# The greedy name takes everything up to the last colon, so host:port/name stays whole.
_SCOPE = re.compile(r"([a-z0-9]+)(?:\([a-z0-9]+\))?:(\S+):([a-z*,]+)")


@dataclass(frozen=True, slots=True)
class ResourceScope:
    """Actions wanted on one resource, such as pull and push on repository ``team/app``."""

    type: str
    name: str
    actions: frozenset[str]

    def __str__(self) -> str:
        return f"{self.type}:{self.name}:{','.join(sorted(self.actions))}"


def parse_scopes(values: Iterable[str]) -> list[ResourceScope]:
    """Read the ``scope`` parameters of a token request, in their order.

    Each value may hold several scopes between spaces. The class of a type, as in
    ``repository(plugin)``, has no meaning and is dropped. Malformed or overlong parts and
    those without an action are left out: asking for less is no error (token.md).
    """
    parts = (part for value in values for part in value.split())
    return list(_well_formed(islice(parts, MAX_SCOPES)))


def _well_formed(parts: Iterable[str]) -> Iterator[ResourceScope]:
    for part in parts:
        match = _SCOPE.fullmatch(part) if len(part) <= MAX_SCOPE_LENGTH else None
        if match is None:
            continue
        actions = frozenset(filter(None, match[3].split(",")))
        if actions:
            yield ResourceScope(match[1], match[2], actions)
