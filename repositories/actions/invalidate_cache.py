"""Invalidating the cache of proxy repositories (Nexus, "Invalidate cache")."""

from __future__ import annotations

import logging

from accounts import audit
from accounts.audit import Domain, EventType
from accounts.principals import Principal
from nexuslite import stamps
from nexuslite.errors import NotFound, OperationRefused
from repositories import statements
from repositories.actions.configuration import require
from repositories.administration import admin_permission, not_located
from repositories.fetching import absences
from repositories.fetching.kept import doubt_tags
from repositories.models.repository import RepositoryType
from repositories.records import snapshot

logger = logging.getLogger(__name__)

WRONG_TYPE = "You can invalidate cache of proxy or group repository only"


def invalidate_cache(actor: Principal, name: str) -> None:
    """Lets every tag of a proxy be asked for again, and forgets what the remote had not.

    For a group it is done to all proxies that it reads from. What is held stays held, and is served
    when the remote fails. Needs `nexus:repository-admin:docker:<name>:edit`. Raises
    `NotPermitted`, `NotFound`, and `OperationRefused` for a hosted repository.
    """
    require(actor, admin_permission(name, "edit"))
    repository = snapshot().by_name.get(name)
    if repository is None:
        raise NotFound(not_located(name))
    if repository.type == RepositoryType.HOSTED:
        raise OperationRefused(WRONG_TYPE)
    proxies = [source for source in repository.sources if source.proxy is not None]
    with stamps.change(*(each.slot for each in proxies)):
        # In one order: two of these can never wait for each other.
        for each in sorted(proxies, key=lambda proxy: proxy.id):
            statements.hold_repository(each.id)
            doubt_tags(each.id)
            absences.forget(each.id)
        done = {"proxies": [each.name for each in proxies]}
        audit.record(actor, Domain.REPOSITORY, EventType.CACHE_INVALIDATED, name, done)
    logger.info("%s invalidated the cache of %s", actor, name)
