"""The doors to repositories: nobody gets one, or sees one in a list, who may not."""

from __future__ import annotations

from accounts.decisions import may, repository_view
from accounts.principals import Principal
from repositories.records import RepositoryRecord, snapshot


class RepositoryNotFound(Exception):
    """There is no such repository, or the principal may not know of it. Answered with 404."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Repository '{name}' not found.")


def browsable_repositories(principal: Principal) -> list[RepositoryRecord]:
    """The repositories whose content the principal may browse, by name. At most one query."""
    found = [record for record in snapshot().by_name.values() if _may(principal, record, "browse")]
    return sorted(found, key=lambda record: (record.name.lower(), record.name))


def get_browsable_repository(principal: Principal, name: str) -> RepositoryRecord:
    """The repository. Raises `RepositoryNotFound`, also for one that may not be browsed."""
    record = snapshot().by_name.get(name)
    if record is None or not _may(principal, record, "browse"):
        raise RepositoryNotFound(name)
    return record


def may_push(principal: Principal, record: RepositoryRecord) -> bool:
    """Whether the principal may push images: Nexus asks for `add` and for `edit`."""
    return _may(principal, record, "add") and _may(principal, record, "edit")


def _may(principal: Principal, record: RepositoryRecord, action: str) -> bool:
    return may(principal, repository_view(record.format, record.name, action))
