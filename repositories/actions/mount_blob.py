"""Mounting a blob of one image into another (distribution-spec, "Mounting a blob")."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.db.models.functions import Now

from repositories.actions import upload_sessions
from repositories.actions.store_blob import link
from repositories.models import Blob, ImageBlob
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
    candidates = links.order_by("pk").values_list("image__name", "blob_id")[:_CANDIDATES]
    found = next((blob_id for name, blob_id in candidates if may_read(name)), None)
    if found is None:
        return False
    with transaction.atomic():
        blob = Blob.objects.select_for_update().filter(pk=found).first()
        if blob is None:
            return False
        Blob.objects.filter(pk=blob.pk).update(last_claimed=Now())
        link(target, image_name, blob)
    return True
