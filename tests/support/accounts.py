"""Users and roles for tests, made in the database as the actions would."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.models import ContentSelector, Privilege, Role, User, UserRole
from accounts.models.security_settings import DOCKER_TOKEN_REALM, LOCAL_AUTHENTICATING_REALM
from nexuslite import stamps

BOTH_REALMS = [LOCAL_AUTHENTICATING_REALM, DOCKER_TOKEN_REALM]
"""The realms of a server whose administrator has switched docker tokens on."""


def default_roles(user_id: str) -> Sequence[str]:
    """The roles that a fresh server gives to users of that id."""
    return {"admin": ("nx-admin",), "anonymous": ("nx-anonymous",)}.get(user_id, ())


def add_user(
    user_id: str, password_hash: str, roles: Sequence[str] | None = None, **columns: str
) -> User:
    """A local user; without `roles` with those of a fresh server. Within a change of security."""
    user = User.objects.create(user_id=user_id, password=password_hash, **columns)
    for role_id in default_roles(user_id) if roles is None else roles:
        UserRole.objects.create(user_id=user_id, role_id=role_id)
    return user


def grant(user_id: str, *privileges: str, role_id: str = "") -> None:
    """Gives a user a role of these privileges, beside the roles the user has."""
    with stamps.change(stamps.SECURITY):
        role, _ = Role.objects.update_or_create(
            role_id=role_id or f"role-of-{user_id}",
            defaults={"name": user_id, "privileges": list(privileges)},
        )
        UserRole.objects.get_or_create(user_id=user_id, role_id=role.role_id)


def grant_by_selector(
    user_id: str, expression: str, *actions: str, repository: str = "*", name: str = "selected"
) -> None:
    """Gives a user what a content selector matches, beside what the user may already."""
    with stamps.change(stamps.SECURITY):
        ContentSelector.objects.update_or_create(name=name, defaults={"expression": expression})
        properties = {
            "format": "docker",
            "repository": repository,
            "content_selector": name,
            "actions": list(actions),
        }
        Privilege.objects.update_or_create(
            name=f"privilege-{name}",
            defaults={"type": "repository-content-selector", "properties": properties},
        )
    grant(user_id, f"privilege-{name}", role_id=f"role-{user_id}-{name}")


def take_all_roles(user_id: str) -> None:
    """Takes every role from a user."""
    with stamps.change(stamps.SECURITY):
        UserRole.objects.filter(user_id=user_id).delete()
