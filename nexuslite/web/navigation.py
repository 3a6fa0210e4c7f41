"""The sidebar: groups and names as in Nexus, each item only for whom its page is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.decisions import EVERYTHING, application, may
from accounts.principals import Principal
from repositories.doors import browsable_repositories
from repositories.web.search import may_search

READ_STATUS = application("metrics", "read")


@dataclass(frozen=True, slots=True)
class Item:
    """One link. `views` names the pages on which it is marked as the current one."""

    label: str | Promise
    view: str
    icon: str
    visible: Callable[[Principal], bool]
    views: frozenset[str]


@dataclass(frozen=True, slots=True)
class Group:
    """Items under a heading; the first group has none."""

    label: str | Promise
    items: tuple[Item, ...]


def _item(
    label: str | Promise,
    view: str,
    icon: str,
    visible: Callable[[Principal], bool],
    *others: str,
) -> Item:
    return Item(label, view, icon, visible, frozenset({view, *others}))


def _holding(permission: str) -> Callable[[Principal], bool]:
    return lambda principal: may(principal, permission)


GROUPS = (
    Group(
        "",
        (
            _item(_("Welcome"), "welcome", "layout-dashboard", lambda _: True),
            _item(_("Search"), "search", "search", may_search),
        ),
    ),
    Group(
        _("Repository"),
        (
            _item(
                _("Repositories"),
                "repositories",
                "package",
                lambda principal: (
                    not principal.is_anonymous or bool(browsable_repositories(principal))
                ),
                "browse-repository",
                "browse-image",
                "browse-tag",
                "browse-manifest",
                "repository-create",
                "repository-edit",
                "repository-delete",
                "delete-tags",
                "delete-image",
            ),
            _item(
                _("Blob Stores"),
                "blob-stores",
                "database",
                _holding(application("blobstores", "read")),
                "blob-store-create",
                "blob-store-edit",
                "blob-store-delete",
            ),
            _item(
                _("Routing Rules"),
                "routing-rules",
                "route",
                _holding(EVERYTHING),
                "routing-rule-create",
                "routing-rule-edit",
                "routing-rule-delete",
            ),
            _item(
                _("Content Selectors"),
                "selectors",
                "selector",
                _holding(application("selectors", "read")),
                "selector-create",
                "selector-edit",
                "selector-delete",
            ),
        ),
    ),
    Group(
        _("Security"),
        (
            _item(
                _("Privileges"),
                "privileges",
                "key",
                _holding(application("privileges", "read")),
                "privilege-create",
                "privilege-edit",
                "privilege-delete",
            ),
            _item(
                _("Roles"),
                "roles",
                "shield-check",
                _holding(application("roles", "read")),
                "role-create",
                "role-edit",
                "role-delete",
            ),
            _item(
                _("Users"),
                "users",
                "users",
                _holding(application("users", "read")),
                "user-create",
                "user-edit",
                "user-password",
                "user-delete",
            ),
            _item(
                _("Anonymous Access"),
                "anonymous-access",
                "user-circle",
                _holding(application("settings", "read")),
            ),
            _item(_("Realms"), "realms", "fingerprint", _holding(application("settings", "read"))),
        ),
    ),
    Group(
        _("System"),
        (
            _item(
                _("Status"),
                "status",
                "activity",
                _holding(READ_STATUS),
            ),
            _item(
                _("System Information"),
                "system-information",
                "info-circle",
                _holding(application("atlas", "read")),
            ),
            _item(_("Audit"), "audit", "clipboard-list", _holding(application("audit", "read"))),
        ),
    ),
)


def navigation(principal: Principal) -> list[Group]:
    """The groups with the items that the principal may open; empty groups are left out."""
    groups = []
    for group in GROUPS:
        items = tuple(item for item in group.items if item.visible(principal))
        if items:
            groups.append(Group(group.label, items))
    return groups
