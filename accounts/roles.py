"""What a role is: a named set of privileges and of other roles. Pure: knows no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

DEFAULT_SOURCE = "default"
ADMIN_ROLE = "nx-admin"
ANONYMOUS_ROLE = "nx-anonymous"


@dataclass(frozen=True, slots=True)
class RoleRecord:
    """A role, built in or made by an administrator."""

    id: str
    name: str
    description: str = ""
    privileges: tuple[str, ...] = ()
    """Names of privileges."""
    roles: tuple[str, ...] = ()
    """Ids of the roles that are contained."""
    source: str = DEFAULT_SOURCE
    read_only: bool = False


BUILTIN_ROLES: Mapping[str, RoleRecord] = MappingProxyType(
    {
        ADMIN_ROLE: RoleRecord(
            ADMIN_ROLE, ADMIN_ROLE, "Administrator Role", ("nx-all",), read_only=True
        ),
        ANONYMOUS_ROLE: RoleRecord(
            ANONYMOUS_ROLE,
            ANONYMOUS_ROLE,
            "Anonymous Role",
            (
                "nx-search-read",
                "nx-healthcheck-read",
                "nx-repository-view-*-*-browse",
                "nx-repository-view-*-*-read",
            ),
            read_only=True,
        ),
    }
)
"""The roles that every server has (Nexus 3, built-in roles)."""


def closure(role_ids: Iterable[str], roles: Mapping[str, RoleRecord]) -> list[RoleRecord]:
    """The roles and all that they contain, each once.

    Ids that lead nowhere are left out: a role may be gone, or be a group that no role stands for.
    A cycle, which no action makes, ends where it began.
    """
    waiting = list(dict.fromkeys(role_ids))
    seen = set(waiting)
    found = []
    while waiting:
        role = roles.get(waiting.pop(0))
        if role is None:
            continue
        found.append(role)
        new = [contained for contained in role.roles if contained not in seen]
        seen.update(new)
        waiting.extend(dict.fromkeys(new))
    return found
