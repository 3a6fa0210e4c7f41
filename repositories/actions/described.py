"""What the audit tells of a repository or a blob store: its rows, as they are at the moment."""

from __future__ import annotations

from typing import Any

from accounts import audit
from repositories.models import BlobStore, GroupMember, ProxySettings, Repository


def repository_values(repository_id: int) -> dict[str, Any]:
    """All settings of a repository, of every type."""
    row = Repository.objects.select_related("blob_store").get(pk=repository_id)
    values = audit.values_of(row, without=("name", "created", "blob_store_id"))
    values["blob_store"] = row.blob_store.name
    remote = ProxySettings.objects.filter(repository=row).first()
    if remote is not None:
        values["proxy"] = audit.values_of(remote)
    members = GroupMember.objects.filter(group=row).order_by("position")
    names = list(members.values_list("member__name", flat=True))
    return {**values, "members": names} if names else values


def blob_store_values(store_id: int) -> dict[str, Any]:
    """All settings of a blob store."""
    return audit.values_of(BlobStore.objects.get(pk=store_id), without=("name", "created"))
