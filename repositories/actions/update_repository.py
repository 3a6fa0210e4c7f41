"""Changing the settings of a repository."""

from __future__ import annotations

import logging

from accounts import audit
from accounts.audit import Domain, EventType
from accounts.principals import Principal
from nexuslite.errors import FieldError, NotFound, ValidationError
from repositories.actions.configuration import change_configuration, require
from repositories.actions.described import repository_values
from repositories.actions.repository_settings import (
    RepositorySettings,
    check_against_others,
    check_values,
)
from repositories.administration import REPOSITORY_NOT_FOUND, admin_permission, find_repository
from repositories.fetching import absences
from repositories.fetching.kept import doubt_tags
from repositories.models import BlobStore, ProxySettings, Repository
from repositories.records import snapshot
from repositories.remote import state

logger = logging.getLogger(__name__)

RENAMED = "Renaming a repository is not supported"
STORE_CHANGED = "You cannot change a repository’s blob store through the API"


def update_repository(actor: Principal, name: str, settings: RepositorySettings) -> None:
    """Sets everything of the repository `name` anew, which is of the settings' type.

    The remote of a proxy is not contacted. Needs `nexus:repository-admin:docker:<name>:edit`.
    Raises `ValidationError`, `NotPermitted`, `NotFound`.
    """
    if settings.name != name:
        raise ValidationError([FieldError("name", RENAMED)])
    check_values(settings)
    require(actor, admin_permission(name, "edit"))

    def change() -> None:
        row = find_repository(name)
        if row is None or row.type != settings.type:
            raise NotFound(REPOSITORY_NOT_FOUND)
        store = check_against_others(actor, settings, row.pk)
        _refuse_other_store(row, store)
        before = repository_values(row.pk)
        remote_url = _remote_url(row.pk)
        Repository.objects.filter(pk=row.pk).update(**settings.columns())
        settings.save_parts(actor, row)
        # It may be another remote now, or one that lets us in.
        state.forget(row.pk)
        absences.forget(row.pk)
        if _remote_url(row.pk) != remote_url:
            doubt_tags(row.pk)
        changes = audit.changes(before, repository_values(row.pk))
        audit.record(actor, Domain.REPOSITORY, EventType.UPDATED, name, changes)

    known = snapshot().by_name.get(name)
    change_configuration(change, *(() if known is None else (known.slot,)))
    logger.info("%s changed repository %s", actor, name)


def _remote_url(repository_id: int) -> str | None:
    rows = ProxySettings.objects.filter(repository_id=repository_id)
    return rows.values_list("remote_url", flat=True).first()


def _refuse_other_store(row: Repository, store: BlobStore) -> None:
    if row.blob_store_id != store.pk:
        raise ValidationError([FieldError("storage.blobStoreName", STORE_CHANGED)])
