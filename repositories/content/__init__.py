"""What repositories hold, behind one interface for the three kinds of repository."""

from __future__ import annotations

from repositories.content.hosted import HostedContent
from repositories.content.interface import Content, StoredBlob, StoredManifest
from repositories.records import RepositoryRecord

__all__ = ["Content", "StoredBlob", "StoredManifest", "content_of"]


def content_of(repository: RepositoryRecord) -> Content:
    """The content of a repository, by its type."""
    return HostedContent(repository)
