"""The doors to repositories: nobody gets one, or sees one in a list, who may not."""

from __future__ import annotations

from accounts.decisions import may, permissions_of, repository_view
from accounts.principals import Principal
from nexuslite.errors import NotFound
from repositories.records import RepositoryRecord, snapshot


def browsable_repositories(principal: Principal) -> list[RepositoryRecord]:
    """The repositories whose content the principal may browse, by name.

    The number of queries is constant.
    """
    held = permissions_of(principal)
    found = [
        record
        for record in snapshot().by_name.values()
        if held.implies(repository_view(record.format, record.name, "browse"))
    ]
    return sorted(found, key=lambda record: (record.name.lower(), record.name))


def get_browsable_repository(principal: Principal, name: str) -> RepositoryRecord:
    """The repository. Raises `NotFound`, also for one that may not be browsed."""
    record = snapshot().by_name.get(name)
    if record is None or not _may(principal, record, "browse"):
        raise NotFound(f"Repository '{name}' not found.")
    return record


def may_push(principal: Principal, record: RepositoryRecord) -> bool:
    """Whether the principal may push images: Nexus asks for `add` and for `edit`."""
    return _may(principal, record, "add") and _may(principal, record, "edit")


def may_delete(principal: Principal, record: RepositoryRecord, image_name: str) -> bool:
    """Whether the principal may delete tags and manifests of the image."""
    return _may(principal, record, "delete")


def _may(principal: Principal, record: RepositoryRecord, action: str) -> bool:
    return may(principal, repository_view(record.format, record.name, action))
