"""Mounting a blob of one image into another (distribution-spec, "Mounting a blob")."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from repositories import statements
from repositories.actions import upload_sessions
from repositories.actions.store_blob import link
from repositories.models import ImageBlob
from repositories.protocol.digest import Digest
from repositories.records import RepositoryRecord

_CANDIDATES = 50


def mount_blob(
    target: RepositoryRecord,
    image_name: str,
    digest: Digest,
    *,
    source: RepositoryRecord,
    source_image: str | None,
    may_read: Callable[[str], bool],
) -> bool:
    """Links the blob into the image if a readable image of `source` holds it.

    Without `source_image` any image that `may_read` allows will do. False says that nothing was
    done, for whatever reason: the caller then starts an upload (fault 25).
    """
    upload_sessions.refuse_when_read_only(target)
    if source.store.id != target.store.id:
        return False
    if source_image is not None and not may_read(source_image):
        return False
    links = ImageBlob.objects.filter(
        image__repository_id=source.id,
        blob__blob_store_id=target.store.id,
        blob__digest=str(digest),
    )
    if source_image is not None:
        links = links.filter(image__name=source_image)
    candidates = links.order_by("pk").values_list("image__name", flat=True)[:_CANDIDATES]
    if not any(may_read(name) for name in candidates):
        return False
    with transaction.atomic():
        statements.hold_repository(target.id)
        claimed = statements.claim_blob(target.store.id, str(digest))
        if claimed is None:
            return False
        link(target, image_name, claimed[0])
    return True
