"""The doors to repositories: nobody gets one, or sees one in a list, who may not."""

from __future__ import annotations

from accounts.principals import Principal
from nexuslite.errors import NotFound
from repositories.content_permissions import access_of, may_on_image, may_on_something
from repositories.records import RepositoryRecord, snapshot


def browsable_repositories(principal: Principal) -> list[RepositoryRecord]:
    """The repositories of whose content the principal may browse something, by name.

    The number of queries is constant.
    """
    found = [
        record
        for record in snapshot().by_name.values()
        if may_on_something(principal, record, "browse")
    ]
    return sorted(found, key=lambda record: (record.name.lower(), record.name))


def get_browsable_repository(principal: Principal, name: str) -> RepositoryRecord:
    """The repository. Raises `NotFound`, also for one that may not be browsed."""
    record = snapshot().by_name.get(name)
    if record is None or not may_on_something(principal, record, "browse"):
        raise NotFound(f"Repository '{name}' not found.")
    return record


def may_browse_all(principal: Principal, record: RepositoryRecord) -> bool:
    """Whether the principal may browse all of the repository, not only what selectors match.

    Numbers of what it holds are for these alone: they would tell how much is hidden.
    """
    return access_of(principal, record, "browse").whole


def may_push(principal: Principal, record: RepositoryRecord) -> bool:
    """Whether the principal may push some image: Nexus asks for `add` and for `edit`."""
    return all(may_on_something(principal, record, action) for action in ("add", "edit"))


def may_delete(principal: Principal, record: RepositoryRecord, image_name: str) -> bool:
    """Whether the principal may delete tags and manifests of the image."""
    return may_on_image(principal, record, image_name, "delete")
