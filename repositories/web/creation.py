"""The ways to make a repository, for whoever may."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.decisions import may, repository_admin
from accounts.principals import Principal
from nexuslite.web.listing import Choice
from repositories.models import Repository
from repositories.models.repository import RepositoryType
from repositories.web.presentation import TYPE_ICONS


def creation_choices(principal: Principal) -> tuple[Choice, ...]:
    """The three kinds with a line about each; empty for whoever may not make one."""
    if not may(principal, repository_admin(Repository.FORMAT, "*", "add")):
        return ()
    lines = {
        RepositoryType.HOSTED: _("Your own images: push and pull."),
        RepositoryType.PROXY: _(
            "A remote registry, such as Docker Hub, and what was pulled of it."
        ),
        RepositoryType.GROUP: _("One address over several repositories."),
    }
    return tuple(
        Choice(
            label=f"docker ({kind.value})",
            url=reverse("repository-create", args=[kind.value]),
            icon=TYPE_ICONS[kind],
            description=line,
        )
        for kind, line in lines.items()
    )
