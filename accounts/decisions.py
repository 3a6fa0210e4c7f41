"""The one door for every question of permission.

Views, actions and REST ask here and nowhere else. What a principal may follows from its roles:
those that the user was given, and those that stand for the user's groups in an external source.
"""

from __future__ import annotations

from accounts import audit, directory
from accounts.errors import NotPermitted
from accounts.permissions import PermissionSet
from accounts.principals import Principal
from accounts.roles import DEFAULT_SOURCE
from accounts.rules import current_rules, roles_of_user
from accounts.stamped_cache import StampedCache

EVERYTHING = "nexus:*"

_NOTHING = PermissionSet()
_DELIMITERS = frozenset(":,")
_Holder = tuple[str, str, tuple[str, ...]]
"""User id, source, and the user's groups in the source."""
_compiled: StampedCache[_Holder, PermissionSet] = StampedCache(size=2048)


def may(principal: Principal, permission: str) -> bool:
    """Whether the principal holds the permission, at this moment.

    A token's scope narrows further; `Principal.token_allows` tells. Raises `InvalidPermission`
    when the text is not a permission.
    """
    return permissions_of(principal).implies(permission)


def require(principal: Principal, permission: str) -> None:
    """Raises `NotPermitted` when the principal does not hold the permission."""
    if not may(principal, permission):
        audit.denied(principal, permission)
        raise NotPermitted


def permissions_of(principal: Principal) -> PermissionSet:
    """All that the principal's roles allow, compiled once for each change of the settings."""
    if principal.user_id is not None:
        holder = (principal.user_id, principal.source, principal.groups)
        return _compiled.lookup(holder, _compile)
    settings = directory.security_settings()
    if not settings.anonymous_enabled:
        return _NOTHING
    return _compiled.lookup((settings.anonymous_user_id, DEFAULT_SOURCE, ()), _compile)


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


def _compile(holder: _Holder) -> PermissionSet:
    user_id, source, groups = holder
    if source == DEFAULT_SOURCE:
        user = directory.find_user(user_id)
        if user is None or not user.may_sign_in:
            return _NOTHING
    held = current_rules().privileges_of([*roles_of_user(user_id, source), *groups])
    return PermissionSet(privilege.permission for privilege in held)
