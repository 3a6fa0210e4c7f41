"""The doors to repositories for whoever administers them through REST or the web UI.

A repository that the principal may not see is answered for like one that does not exist.
"""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.decisions import may, repository_admin
from accounts.errors import NotPermitted
from accounts.principals import Principal
from nexuslite.errors import NotFound
from repositories.content_permissions import may_on_something
from repositories.models import Repository
from repositories.names import is_name
from repositories.records import RepositoryRecord, snapshot

REPOSITORY_NOT_FOUND = "Repository not found"


def admin_permission(name: str, action: str) -> str:
    """The permission to administer the repository of that name, whether it exists or not.

    For what cannot be a name it is the permission for all repositories: no smaller one covers it.
    """
    return repository_admin(Repository.FORMAT, name if is_name(name) else "*", action)


def get_visible_repository(principal: Principal, name: str) -> RepositoryRecord:
    """The repository, for whoever may browse or read something of it.

    Raises `NotFound`, `NotPermitted`.
    """
    record = snapshot().by_name.get(name)
    if record is not None and any(
        may_on_something(principal, record, action) for action in ("browse", "read")
    ):
        return record
    raise _hidden(principal, not_located(name))


def administrable_repositories(principal: Principal) -> list[Repository]:
    """The rows of the repositories whose settings the principal may read, by name.

    The number of queries is constant.
    """
    return [
        row
        for row in _with_settings().order_by("name")
        if may(principal, admin_permission(row.name, "read"))
    ]


def get_administrable_repository(
    principal: Principal, name: str, repository_type: str | None = None
) -> Repository:
    """The row of a repository, of the type if one is given, for whoever may read its settings.

    Raises `NotFound`, `NotPermitted`.
    """
    # The permission first: what is looked up for a refusal would tell that there is something.
    if may(principal, admin_permission(name, "read")):
        row = find_repository(name)
        if row is not None and repository_type in (None, row.type):
            return row
    raise _hidden(principal, REPOSITORY_NOT_FOUND)


def get_administrable_record(principal: Principal, name: str) -> RepositoryRecord:
    """The repository as requests see it, as `get_administrable_repository`."""
    record = snapshot().by_name.get(name)
    if record is not None and may(principal, admin_permission(name, "read")):
        return record
    raise _hidden(principal, REPOSITORY_NOT_FOUND)


def find_repository(name: str) -> Repository | None:
    """The row with all its settings, whoever asks."""
    if not is_name(name):
        return None
    return _with_settings().filter(name=name).first()


def _with_settings() -> QuerySet[Repository]:
    return Repository.objects.select_related(
        "blob_store", "proxy", "proxy__routing_rule"
    ).prefetch_related("members__member")


def not_located(name: str) -> str:
    """Nexus's sentence for a name that leads nowhere."""
    return f"Unable to locate repository with id {name}"


def _hidden(principal: Principal, message: str) -> Exception:
    # Somebody unknown is asked to sign in, whether there is something to be seen or not.
    return NotPermitted() if principal.is_anonymous else NotFound(message)
