"""Invalidating the cache of a proxy repository (Nexus, "Invalidate cache")."""

from __future__ import annotations

import logging

from nexuslite import stamps
from repositories import statements
from repositories.fetching import absences
from repositories.models import Tag
from repositories.records import RepositoryRecord

logger = logging.getLogger(__name__)


def invalidate(repository: RepositoryRecord) -> None:
    """Lets every tag be asked for again, and forgets what the remote had not.

    What is held stays held, and is served when the remote fails. Does nothing to a repository that
    is no proxy.
    """
    if repository.proxy is None:
        return
    with stamps.change(repository.slot):
        statements.hold_repository(repository.id)
        Tag.objects.filter(image__repository_id=repository.id).update(checked=None)
        absences.forget(repository)
    logger.info("invalidated the cache of %s", repository.name)
