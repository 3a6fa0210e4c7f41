"""What repositories hold, behind one interface for the three kinds of repository."""

from __future__ import annotations

from repositories.content.hosted import HostedContent
from repositories.content.interface import (
    ArrivingBlob,
    Blob,
    Content,
    RemoteBlobSize,
    StoredBlob,
    StoredManifest,
)
from repositories.models.repository import RepositoryType
from repositories.records import RepositoryRecord

__all__ = [
    "ArrivingBlob",
    "Blob",
    "Content",
    "RemoteBlobSize",
    "StoredBlob",
    "StoredManifest",
    "content_of",
]


def content_of(repository: RepositoryRecord) -> Content:
    """The content of a repository, by its type."""
    if repository.type == RepositoryType.GROUP:
        from repositories.content.group import GroupContent

        return GroupContent(repository)
    if repository.proxy is not None:
        # Only a server that has proxy repositories loads what they need.
        from repositories.content.proxy import ProxyContent

        return ProxyContent(repository, repository.proxy)
    return HostedContent(repository)
