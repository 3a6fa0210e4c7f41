"""Who can do what: the privileges that a user really has, and the holders of a permission."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from accounts import directory
from accounts.errors import UserNotFound
from accounts.models import User, UserRole, UserStatus
from accounts.permissions import PermissionSet
from accounts.privileges import PrivilegeRecord
from accounts.roles import DEFAULT_SOURCE, closure
from accounts.rules import Rules, current_rules, roles_of_user


@dataclass(frozen=True, slots=True)
class HeldPrivilege:
    """A privilege that a user has, and the ids of those roles of the user that hold it."""

    privilege: PrivilegeRecord
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Holders:
    """Who holds a permission."""

    users: tuple[str, ...]
    """Local users who may sign in."""
    roles: tuple[str, ...]
    """Roles that give it by themselves; groups of an external source have their roles' ids."""
    anonymous: bool
    """Whether requests without credentials hold it."""


def privileges_of_user(user_id: str) -> list[HeldPrivilege]:
    """What a local user may do when signed in, by name. Raises `UserNotFound`.

    Nobody is left out for a status that keeps the user from signing in.
    """
    if directory.find_user(user_id) is None:
        raise UserNotFound(user_id)
    rules = current_rules()
    holding: defaultdict[str, list[str]] = defaultdict(list)
    reached = closure(roles_of_user(user_id, DEFAULT_SOURCE), rules.roles)
    for role in reached:
        for name in role.privileges:
            holding[name].append(role.id)
    found = rules.privileges_of(role.id for role in reached)
    return [
        HeldPrivilege(privilege, tuple(holding[privilege.name]))
        for privilege in sorted(found, key=lambda each: each.name)
    ]


def holders_of(permission: str) -> Holders:
    """Everybody who holds the permission. Raises `InvalidPermission` for what is none.

    At most four queries, however many users there are.
    """
    rules = current_rules()
    roles_of: defaultdict[str, list[str]] = defaultdict(list)
    given = UserRole.objects.filter(source=DEFAULT_SOURCE)
    for user_id, role_id in given.order_by("pk").values_list("user_id", "role_id"):
        roles_of[user_id].append(role_id)
    allowed: dict[tuple[str, ...], bool] = {}

    def holds(role_ids: tuple[str, ...]) -> bool:
        if role_ids not in allowed:
            allowed[role_ids] = _permissions(rules, role_ids).implies(permission)
        return allowed[role_ids]

    statuses = [status.value for status in UserStatus if status.may_sign_in]
    users = User.objects.filter(status__in=statuses).order_by("user_id")
    holding = tuple(
        user_id
        for user_id in users.values_list("user_id", flat=True)
        if holds(tuple(roles_of[user_id]))
    )
    settings = directory.security_settings()
    return Holders(
        users=holding,
        roles=tuple(role_id for role_id in sorted(rules.roles) if holds((role_id,))),
        anonymous=settings.anonymous_enabled and settings.anonymous_user_id in holding,
    )


def _permissions(rules: Rules, role_ids: tuple[str, ...]) -> PermissionSet:
    return PermissionSet(each.permission for each in rules.privileges_of(role_ids))
