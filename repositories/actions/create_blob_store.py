"""Making a blob store."""

from __future__ import annotations

import logging

from accounts import audit
from accounts.audit import Domain, EventType
from accounts.decisions import application
from accounts.principals import Principal
from nexuslite.errors import ValidationError
from repositories.actions.blob_store_settings import (
    BlobStoreSettings,
    check_values,
    prepare_storage,
    refuse_shared_place,
    refuse_used_name,
)
from repositories.actions.configuration import change_configuration, require
from repositories.actions.described import blob_store_values
from repositories.blob_store_secrets import conceal
from repositories.models import BlobStore
from repositories.names import check_name

logger = logging.getLogger(__name__)


def create_blob_store(actor: Principal, settings: BlobStoreSettings) -> None:
    """Prepares the place and makes the blob store.

    Needs `nexus:blobstores:create`. Raises `ValidationError`, also for a place that cannot be
    used; `NotPermitted`.
    """
    errors = [*check_name(settings.name), *check_values(settings)]
    if errors:
        raise ValidationError(errors)
    require(actor, application("blobstores", "create"))
    refuse_used_name(settings.name)
    refuse_shared_place(settings, None, follow_links=True)
    configuration = conceal(settings.configuration, {})
    prepare_storage(settings, configuration, new=True)

    def change() -> None:
        refuse_used_name(settings.name)
        refuse_shared_place(settings, None)
        row = BlobStore.objects.create(
            name=settings.name,
            type=settings.type,
            configuration=configuration,
            **settings.quota_columns(),
        )
        after = audit.created(blob_store_values(row.pk))
        audit.record(actor, Domain.BLOB_STORE, EventType.CREATED, settings.name, after)

    change_configuration(change)
    logger.info("%s created blob store %s", actor, settings.name)
