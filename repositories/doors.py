"""The doors to repositories: nobody gets one, or sees one in a list, who may not."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.principals import Principal
from nexuslite.errors import NotFound
from repositories.content_permissions import (
    access_of,
    accesses_of,
    may_on_path,
    may_on_some_of_image,
    may_on_something,
    path_of_image,
    path_of_manifest,
    records_with_something,
)
from repositories.records import RepositoryRecord, snapshot


def browsable_repositories(principal: Principal) -> list[RepositoryRecord]:
    """The repositories of whose content the principal may browse something, by name.

    The number of queries is constant.
    """
    found = records_with_something(principal, snapshot().by_name.values(), "browse")
    return sorted(found, key=lambda record: (record.name.lower(), record.name))


def get_browsable_repository(principal: Principal, name: str) -> RepositoryRecord:
    """The repository. Raises `NotFound`, also for one that may not be browsed."""
    record = snapshot().by_name.get(name)
    if record is None or not may_on_something(principal, record, "browse"):
        raise NotFound(f"Repository '{name}' not found.")
    return record


def wholly_browsable(
    principal: Principal, records: Iterable[RepositoryRecord]
) -> list[RepositoryRecord]:
    """Those that the principal may browse as a whole, not only by what selectors match.

    Numbers of what repositories hold are for these alone: they would tell how much is hidden.
    """
    records = list(records)
    accesses = accesses_of(principal, records, "browse")
    return [record for record, access in zip(records, accesses, strict=True) if access.whole]


def may_push(principal: Principal, record: RepositoryRecord) -> bool:
    """Whether the principal may push some image: Nexus asks for `add` and for `edit`."""
    return all(may_on_something(principal, record, action) for action in ("add", "edit"))


def require_browsable_image(
    principal: Principal, record: RepositoryRecord, image_name: str, reference: str = ""
) -> None:
    """Raises `NotFound` when the principal may not browse the image, or its tag or digest.

    Decided by the names alone: it is the same whether they exist.
    """
    path = path_of_manifest(image_name, reference) if reference else path_of_image(image_name)
    if not may_on_path(principal, record, path, "browse"):
        raise NotFound(image_name)


def may_delete(
    principal: Principal, record: RepositoryRecord, image_name: str, references: Iterable[str] = ()
) -> bool:
    """Whether the principal may delete from the image, and all of these tags and digests."""
    access = access_of(principal, record, "delete")
    if access.whole:
        return True
    return may_on_some_of_image(principal, record, image_name, "delete") and all(
        access.to_path(path_of_manifest(image_name, reference)) for reference in references
    )
