"""Deleting a repository with everything in it."""

from __future__ import annotations

import logging
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from accounts import audit
from accounts.actions import repository_privileges
from accounts.audit import Domain, EventType
from accounts.principals import Principal
from nexuslite import stamps
from nexuslite.errors import NotFound
from repositories.actions.configuration import change_configuration, require
from repositories.actions.described import repository_values
from repositories.administration import admin_permission, find_repository, not_located
from repositories.blobs import Staging, StorageError
from repositories.models import (
    AwaitedContent,
    GroupMember,
    Image,
    ImageBlob,
    Manifest,
    ManifestBlob,
    ManifestChild,
    ProxySettings,
    RemoteAbsence,
    RemoteState,
    Repository,
    Tag,
    Upload,
)
from repositories.records import storage_of

logger = logging.getLogger(__name__)


def delete_repository(actor: Principal, name: str) -> None:
    """Removes the repository, its images, its uploads and its privileges, from roles and groups
    too.

    The objects in the blob store stay until a collector finds them unused. A pull under way goes
    on to its end; a push under way ends with an error, since what it would refer to is gone.
    Needs `nexus:repository-admin:docker:<name>:delete`. Raises `NotPermitted`, `NotFound`.
    """
    require(actor, admin_permission(name, "delete"))
    found = find_repository(name)
    if found is None:
        raise NotFound(not_located(name))
    store = found.blob_store
    stagings = change_configuration(
        lambda: _delete_rows(actor, found.pk, name), stamps.of_repository(found.pk), stamps.SECURITY
    )
    # After the commit: a session that was not deleted after all still has its bytes.
    for staging in stagings:
        try:
            storage_of(store.type, store.configuration).discard(Staging.from_json(staging))
        except StorageError as error:
            logger.warning("an upload of %s is left to the sweeper: %s", name, error)
    logger.info("%s deleted repository %s", actor, name)


def _delete_rows(actor: Principal, repository_id: int, name: str) -> list[dict[str, Any]]:
    """Deletes the rows from the leaves up; returns what the uploads had staged.

    Django's own cascade would read every row first.
    """
    # Locked first: pushes hold the repository before anything else, so they have either ended
    # by now, or wait for this transaction and then find nothing.
    if not Repository.objects.select_for_update().filter(pk=repository_id).exists():
        raise NotFound(not_located(name))
    attributes = audit.deleted(repository_values(repository_id))
    uploads = Upload.objects.filter(repository_id=repository_id)
    stagings = list(uploads.values_list("staging", flat=True))
    in_images = {"image__repository_id": repository_id}
    in_manifests = {"manifest__image__repository_id": repository_id}
    rows: tuple[QuerySet[Any], ...] = (
        Tag.objects.filter(**in_images),
        ManifestBlob.objects.filter(**in_manifests),
        ManifestChild.objects.filter(index__image__repository_id=repository_id),
        AwaitedContent.objects.filter(**in_manifests),
        Manifest.objects.filter(**in_images),
        ImageBlob.objects.filter(**in_images),
        Image.objects.filter(repository_id=repository_id),
        uploads,
        ProxySettings.objects.filter(repository_id=repository_id),
        RemoteState.objects.filter(repository_id=repository_id),
        RemoteAbsence.objects.filter(repository_id=repository_id),
        GroupMember.objects.filter(Q(group_id=repository_id) | Q(member_id=repository_id)),
        Repository.objects.filter(pk=repository_id),
    )
    gone = {each.model.__name__: each._raw_delete(connection.alias) for each in rows}
    attributes["removed"] = {
        "images": gone["Image"],
        "manifests": gone["Manifest"],
        "tags": gone["Tag"],
    }
    attributes["removedFromRoles"] = repository_privileges.remove(Repository.FORMAT, name)
    audit.record(actor, Domain.REPOSITORY, EventType.DELETED, name, attributes)
    return stagings
