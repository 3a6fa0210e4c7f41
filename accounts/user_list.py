"""Users with their roles, as administrators see them."""

from __future__ import annotations

from collections import defaultdict

from accounts.models import User, UserRole
from accounts.names import can_be_stored
from accounts.roles import DEFAULT_SOURCE
from accounts.rules import roles_of_user
from nexuslite.errors import NotFound

SOURCES = {DEFAULT_SOURCE: "Local"}
"""The sources of users by their ids."""


def require_source(source: str) -> None:
    """Raises `NotFound` when there is no such source of users."""
    if source not in SOURCES:
        raise NotFound(f"Unable to locate source: {source}")


def find_users(user_id: str = "") -> list[tuple[User, list[str]]]:
    """Local users whose ids begin so, in either case, each with the ids of its roles. Two queries.

    That a part of the id is enough is Nexus's way (`AbstractUserManager`).
    """
    if not can_be_stored(user_id):
        return []
    given: defaultdict[str, list[str]] = defaultdict(list)
    held = UserRole.objects.filter(source=DEFAULT_SOURCE, user_id__istartswith=user_id)
    for holder, role_id in held.order_by("pk").values_list("user_id", "role_id"):
        given[holder].append(role_id)
    users = User.objects.filter(user_id__istartswith=user_id).order_by("user_id")
    return [(user, given[user.user_id]) for user in users]


def get_user(user_id: str) -> tuple[User, list[str]]:
    """One local user, and the ids of its roles. The user must exist."""
    return User.objects.get(user_id=user_id), roles_of_user(user_id, DEFAULT_SOURCE)
