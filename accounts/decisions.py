"""The one door for every question of permission.

Views, actions and REST ask here and nowhere else. What a principal may follows from its roles:
those that the user was given, and those that stand for the user's groups in an external source.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from accounts import audit, directory
from accounts.content_access import ContentAccess, SelectorRecord, content_access
from accounts.errors import NotPermitted
from accounts.models.security_settings import (
    LOCAL_AUTHENTICATING_REALM,
    LOCAL_AUTHORIZING_REALM,
)
from accounts.permissions import PermissionSet
from accounts.principals import Principal
from accounts.roles import DEFAULT_SOURCE
from accounts.rules import current_rules, current_selectors, roles_of_user
from accounts.stamped_cache import StampedCache

EVERYTHING = "nexus:*"

_DELIMITERS = frozenset(":,")
_SELECTORS = "repository-content-selector"
_Holder = tuple[str, str, tuple[str, ...]]
"""User id, source, and the user's groups in the source."""


class _Held:
    """What somebody's roles allow, compiled once for each change of the settings."""

    _MOST_REMEMBERED = 1024

    def __init__(self, permissions: PermissionSet, selectors: Sequence[SelectorRecord]) -> None:
        self.permissions = permissions
        self._selectors = selectors
        self._access: dict[tuple[str, str, str], ContentAccess] = {}

    def access(self, repository_format: str, repository_name: str, action: str) -> ContentAccess:
        """To the content of a repository."""
        key = (repository_format, repository_name, action)
        found = self._access.get(key)
        if found is None:
            found = self._compile_access(*key)
            if len(self._access) >= self._MOST_REMEMBERED:
                self._access.clear()
            self._access[key] = found
        return found

    def _compile_access(self, repository_format: str, name: str, action: str) -> ContentAccess:
        view = repository_view(repository_format, name, action)
        given = [
            selector
            for selector in self._selectors
            if self.permissions.implies(
                _permission(_SELECTORS, selector.name, repository_format, name, action)
            )
        ]
        return content_access(repository_format, self.permissions.implies(view), given)


_NOTHING = _Held(PermissionSet(), ())
_compiled: StampedCache[_Holder, _Held] = StampedCache(size=2048)


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
    """All that the principal's roles allow."""
    return _held(principal).permissions


def access_to_content(
    principal: Principal, repository_format: str, repository_name: str, action: str
) -> ContentAccess:
    """Which content of a repository the principal may do something with.

    The permission to view the repository opens all of it, content selectors open what they match.
    Actions and errors as in `repository_view`.
    """
    return _held(principal).access(repository_format, repository_name, action)


def accesses_to_content(
    principal: Principal, repositories: Iterable[tuple[str, str]], action: str
) -> list[ContentAccess]:
    """As `access_to_content` for many repositories by format and name, at the price of one."""
    held = _held(principal)
    return [held.access(content_format, name, action) for content_format, name in repositories]


def _held(principal: Principal) -> _Held:
    if principal.user_id is not None:
        holder = (principal.user_id, principal.source, principal.groups)
        return _compiled.lookup(holder, _compile)
    settings = directory.security_settings()
    if not settings.anonymous_enabled or not _knows_users(settings.anonymous_realm_name, settings):
        return _NOTHING
    return _compiled.lookup((settings.anonymous_user_id, DEFAULT_SOURCE, ()), _compile)


def _knows_users(realm_id: str, settings: directory.SecurityRecord) -> bool:
    """Whether the realm says who has which role (nexus-public, `AuthorizingRealmImpl`).

    The Local Authorizing Realm is always in force. A realm that only looks at credentials stands
    for its users' source while it is active; docker tokens have no users of their own.
    """
    if realm_id == LOCAL_AUTHORIZING_REALM:
        return True
    return realm_id == LOCAL_AUTHENTICATING_REALM and realm_id in settings.active_realms


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


def _compile(holder: _Holder) -> _Held:
    user_id, source, groups = holder
    if source == DEFAULT_SOURCE:
        user = directory.find_user(user_id)
        if user is None or not user.may_sign_in:
            return _NOTHING
        roles = user.roles
    else:
        roles = tuple(roles_of_user(user_id, source))
    held = current_rules().privileges_of([*roles, *groups])
    permissions = PermissionSet(privilege.permission for privilege in held)
    return _Held(permissions, current_selectors() if _needs_selectors(permissions) else ())


def _needs_selectors(permissions: PermissionSet) -> bool:
    # Whoever may view everything gains nothing by them; the others pay one query.
    return permissions.reaches(_SELECTORS) and not permissions.implies("nexus:repository-view:*")
