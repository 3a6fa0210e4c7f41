"""All privileges there are: built in, of the repositories, and made by administrators."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.builtin_privileges import builtin_privileges, find_builtin, repository_privileges
from accounts.models import Privilege, RepositoryPrivileges
from accounts.names import can_be_stored
from accounts.privileges import ALL, PrivilegeRecord


def all_privileges() -> list[PrivilegeRecord]:
    """Every privilege, by name. Two queries."""
    found = list(builtin_privileges().values())
    for row in RepositoryPrivileges.objects.all():
        found += repository_privileges(row.format, row.repository)
    found += [row.record() for row in Privilege.objects.all()]
    return sorted(found, key=lambda record: record.name)


def find_privilege(name: str) -> PrivilegeRecord | None:
    """The privilege of that name, None when there is none. At most one query."""
    if not can_be_stored(name):
        return None
    builtin = find_builtin(name)
    if builtin is None:
        row = Privilege.objects.filter(name=name).first()
        return row.record() if row else None
    return builtin if _stands(builtin) else None


def existing_names(names: Iterable[str]) -> set[str]:
    """Those of the names that privileges have. Two queries."""
    wanted = {name for name in names if can_be_stored(name)}
    builtin = {name: record for name in wanted if (record := find_builtin(name))}
    made = set(Privilege.objects.values_list("name", flat=True)) & wanted
    repositories = set(RepositoryPrivileges.objects.values_list("format", "repository"))
    return made | {
        name
        for name, record in builtin.items()
        if name in builtin_privileges() or (record.format, record.repository) in repositories
    }


def _stands(builtin: PrivilegeRecord) -> bool:
    if builtin.name in builtin_privileges() or builtin.repository == ALL:
        return builtin.name in builtin_privileges()
    return RepositoryPrivileges.objects.filter(
        format=builtin.format, repository=builtin.repository
    ).exists()
