"""The one door for every question of permission.

Views, actions and REST ask here and nowhere else. For now a user's roles follow from the user's id:
`admin` has `nx-admin`, which holds everything, and nobody else has a role.
"""

from __future__ import annotations

from accounts import directory
from accounts.models.user import ADMIN_USER_ID
from accounts.permissions import PermissionSet
from accounts.principals import Principal
from accounts.stamped_cache import StampedCache

EVERYTHING = "nexus:*"

_NOTHING = PermissionSet()
_DELIMITERS = frozenset(":,")
_compiled: StampedCache[str, PermissionSet] = StampedCache(size=2048)


def may(principal: Principal, permission: str) -> bool:
    """Whether the principal holds the permission, at this moment.

    A token's scope narrows further; `Principal.token_allows` tells. Raises `InvalidPermission`
    when the text is not a permission.
    """
    return permissions_of(principal).implies(permission)


def permissions_of(principal: Principal) -> PermissionSet:
    """All that the principal's roles allow, compiled once for each change of the settings."""
    user_id = principal.user_id
    if user_id is None:
        settings = directory.security_settings()
        if not settings.anonymous_enabled:
            return _NOTHING
        user_id = settings.anonymous_user_id
    return _compiled.lookup(user_id, _compile)


def repository_view(repository_format: str, repository_name: str, action: str) -> str:
    """The permission to do something with what is in a repository.

    Actions: browse, read, edit, add, delete. Raises `ValueError` for a part that would change the
    meaning of the text.
    """
    return _permission("repository-view", repository_format, repository_name, action)


def repository_admin(repository_format: str, repository_name: str, action: str) -> str:
    """The permission to do something with the repository itself; as `repository_view`."""
    return _permission("repository-admin", repository_format, repository_name, action)


def application(domain: str, action: str) -> str:
    """The permission to do something in a domain of the application, such as `blobstores`."""
    return _permission(domain, action)


def _permission(*parts: str) -> str:
    for part in parts:
        if not part or not _DELIMITERS.isdisjoint(part):
            raise ValueError(f"{part!r} cannot be a part of a permission")
    return ":".join(("nexus", *parts))


def _compile(user_id: str) -> PermissionSet:
    user = directory.find_user(user_id)
    if user is None or not user.may_sign_in:
        return _NOTHING
    return PermissionSet(_permissions_of_roles(_roles_of(user)))


def _roles_of(user: directory.UserRecord) -> list[str]:
    return ["nx-admin"] if user.user_id == ADMIN_USER_ID else []


def _permissions_of_roles(roles: list[str]) -> list[str]:
    return [EVERYTHING] if "nx-admin" in roles else []
