"""Roles and privileges as decisions see them: read once, remembered under the stamp."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from accounts.builtin_privileges import find_builtin
from accounts.content_access import SelectorRecord
from accounts.models import ContentSelector, Privilege, Role, UserRole
from accounts.privileges import PrivilegeRecord
from accounts.roles import BUILTIN_ROLES, RoleRecord, closure
from accounts.stamped_cache import StampedCache


@dataclass(frozen=True, slots=True)
class Rules:
    """All roles by id, and the privileges that somebody made by name."""

    roles: Mapping[str, RoleRecord]
    privileges: Mapping[str, PrivilegeRecord]

    def privileges_of(self, role_ids: Iterable[str]) -> list[PrivilegeRecord]:
        """What the roles and all that they contain give, each once.

        A name that stands for nothing gives nothing.
        """
        names = dict.fromkeys(
            name for role in closure(role_ids, self.roles) for name in role.privileges
        )
        found = (self.privileges.get(name) or find_builtin(name) for name in names)
        return [record for record in found if record is not None]


_rules: StampedCache[None, Rules] = StampedCache(size=1)
_selectors: StampedCache[None, list[SelectorRecord]] = StampedCache(size=1)


def current_rules() -> Rules:
    """The rules in force. At most two queries."""
    return _rules.lookup(None, _load)


def current_selectors() -> list[SelectorRecord]:
    """All content selectors, by name. At most one query."""
    return _selectors.lookup(None, _load_selectors)


def remember_rules() -> None:
    """Reads rules and selectors before anybody asks for them."""
    _rules.fill(lambda: [(None, _load(None))])
    _selectors.fill(lambda: [(None, _load_selectors(None))])


def read_rules() -> Rules:
    """The rules as the transaction under way sees them. Two queries."""
    return _load(None)


def roles_of_user(user_id: str, source: str) -> list[str]:
    """The ids of the roles that the user was given, in their order. One query."""
    rows = UserRole.objects.filter(user_id=user_id, source=source).order_by("pk")
    return list(rows.values_list("role_id", flat=True))


def _load(_: None) -> Rules:
    made = {row.role_id: row.record() for row in Role.objects.all()}
    return Rules(
        roles={**made, **BUILTIN_ROLES},
        privileges={row.name: row.record() for row in Privilege.objects.all()},
    )


def _load_selectors(_: None) -> list[SelectorRecord]:
    return [row.record() for row in ContentSelector.objects.order_by("name")]
