"""What pages of other parts show about repositories."""

from __future__ import annotations

from typing import Any

from django import template

from accounts.web.access import principal_of
from repositories.doors import browsable_repositories
from repositories.web.commands import commands_for
from repositories.web.presentation import show

register = template.Library()


@register.inclusion_tag("repositories/_sign_in_commands.html", takes_context=True)
def sign_in_commands(context: template.Context) -> dict[str, Any]:
    """The `docker login` line of every address that the reader has; constant queries.

    An address that several repositories share, told apart by paths, is there once.
    """
    request = context["request"]
    principal = principal_of(request)
    commands: dict[str, list[str]] = {}
    for shown in show(request, browsable_repositories(principal)):
        for address in shown.addresses:
            names = commands.setdefault(commands_for(principal, address).login, [])
            if shown.record.name not in names:
                names.append(shown.record.name)
    return {"commands": commands}
