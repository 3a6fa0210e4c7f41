"""The privileges of a repository: they come and go with it, in the same transaction."""

from __future__ import annotations

from accounts.actions.security import wait_for_other_changes
from accounts.builtin_privileges import repository_privileges
from accounts.models import RepositoryPrivileges, Role


def add(repository_format: str, name: str) -> None:
    """Within the transaction that makes a repository: its privileges are there from now on.

    No stamp is needed: nobody can have been given what was not there.
    """
    RepositoryPrivileges.objects.create(format=repository_format, repository=name)


def remove(repository_format: str, name: str) -> list[str]:
    """Within the transaction that deletes a repository: its privileges are gone, from roles too.

    The transaction has to raise `stamps.SECURITY`. A later repository of the same name begins with
    nobody's rights. Returns the ids of the roles that had some of them.
    """
    wait_for_other_changes()
    RepositoryPrivileges.objects.filter(repository=name).delete()
    gone = {record.name for record in repository_privileges(repository_format, name)}
    return remove_from_roles(gone)


def remove_from_roles(names: set[str]) -> list[str]:
    """Within a change: takes privileges from all roles that have them; returns the roles' ids."""
    holders = [
        row for row in Role.objects.order_by("role_id") if not names.isdisjoint(row.privileges)
    ]
    for row in holders:
        row.privileges = [each for each in row.privileges if each not in names]
        row.save(update_fields=["privileges"])
    return [row.role_id for row in holders]
