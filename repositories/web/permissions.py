"""Who can do what with the images of a repository, for whoever may read users and roles."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.decisions import application, may, repository_view
from accounts.effective import Holders, holders_of
from accounts.principals import Principal
from repositories.records import RepositoryRecord

_DOMAINS = ("users", "roles", "privileges")
_LABELS = {
    "browse": _("See it"),
    "read": _("Pull"),
    "push": _("Push"),
    "delete": _("Delete"),
}


@dataclass(frozen=True, slots=True)
class Permitted:
    """Who holds what one of the things needs."""

    label: str | Promise
    users: tuple[str, ...]
    roles: tuple[str, ...]
    anonymous: bool


def may_see_permissions(principal: Principal) -> bool:
    """Whether the reader may know who else may do something."""
    return all(may(principal, application(domain, "read")) for domain in _DOMAINS)


def who_can(record: RepositoryRecord) -> list[Permitted]:
    """The rows of the table; pushing needs two permissions, and only who holds both counts."""
    held = {
        action: holders_of(repository_view(record.format, record.name, action))
        for action in ("browse", "read", "add", "edit", "delete")
    }
    held["push"] = _both(held["add"], held["edit"])
    return [
        Permitted(label, held[action].users, held[action].roles, held[action].anonymous)
        for action, label in _LABELS.items()
    ]


def _both(one: Holders, other: Holders) -> Holders:
    return Holders(
        users=tuple(user for user in one.users if user in other.users),
        roles=tuple(role for role in one.roles if role in other.roles),
        anonymous=one.anonymous and other.anonymous,
    )
