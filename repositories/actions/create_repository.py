"""Making a repository."""

from __future__ import annotations

import logging

from accounts import audit
from accounts.actions import repository_privileges
from accounts.audit import Domain, EventType
from accounts.decisions import repository_admin
from accounts.principals import Principal
from repositories.actions.configuration import change_configuration, require
from repositories.actions.described import repository_values
from repositories.actions.repository_settings import (
    RepositorySettings,
    check_against_others,
    check_values,
)
from repositories.models import Repository

logger = logging.getLogger(__name__)


def create_repository(actor: Principal, settings: RepositorySettings) -> None:
    """Makes a hosted, proxy or group repository; its connectors open within a second or two.

    The remote of a proxy is not contacted. Needs `nexus:repository-admin:docker:<name>:add`.
    Raises `ValidationError`, `NotPermitted`.
    """
    # As in Nexus, what a body says is looked at before who sends it; other rows only after.
    check_values(settings)
    require(actor, repository_admin(Repository.FORMAT, settings.name, "add"))

    def change() -> None:
        store = check_against_others(actor, settings, None)
        row = Repository.objects.create(
            name=settings.name, type=settings.type, blob_store=store, **settings.columns()
        )
        settings.save_parts(actor, row)
        repository_privileges.add(Repository.FORMAT, settings.name)
        after = audit.created(repository_values(row.pk))
        audit.record(actor, Domain.REPOSITORY, EventType.CREATED, settings.name, after)

    change_configuration(change)
    logger.info("%s created repository %s", actor, settings.name)
