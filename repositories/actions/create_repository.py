"""Making a repository."""

from __future__ import annotations

import logging

from accounts.actions import repository_privileges
from accounts.decisions import repository_admin
from accounts.principals import Principal
from repositories.actions.configuration import change_configuration, require
from repositories.actions.repository_settings import (
    HostedSettings,
    check_against_others,
    check_values,
    columns,
)
from repositories.models import Repository
from repositories.models.repository import RepositoryType

logger = logging.getLogger(__name__)


def create_hosted_repository(actor: Principal, settings: HostedSettings) -> None:
    """Makes a hosted repository; its connectors open within a second or two.

    Needs `nexus:repository-admin:docker:<name>:add`. Raises `ValidationError`, `NotPermitted`.
    """
    # As in Nexus, what a body says is looked at before who sends it; other rows only after.
    check_values(settings)
    require(actor, repository_admin(Repository.FORMAT, settings.name, "add"))

    def change() -> None:
        store = check_against_others(actor, settings, None)
        Repository.objects.create(
            name=settings.name, type=RepositoryType.HOSTED, blob_store=store, **columns(settings)
        )
        repository_privileges.add(Repository.FORMAT, settings.name)

    change_configuration(change)
    logger.info("%s created repository %s", actor, settings.name)
