"""What an administrator sets of a group repository, and which values are accepted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from accounts.decisions import may, repository_admin, repository_view
from accounts.principals import Principal
from nexuslite.errors import FieldError, ValidationError
from repositories.actions.repository_settings import RepositorySettings
from repositories.models import GroupMember, Repository
from repositories.models.repository import RepositoryType
from repositories.protocol.errors import GROUP_DEPLOYMENT

MOST_MEMBERS = 200
_MEMBERS = "group.memberNames"


@dataclass(frozen=True, kw_only=True)
class GroupSettings(RepositorySettings):
    """All settings of a group repository; its members in the order in which they are asked."""

    type: ClassVar[RepositoryType] = RepositoryType.GROUP

    member_names: tuple[str, ...]
    writable_member: str | None = None

    def errors(self) -> Iterator[FieldError]:
        """What is wrong with the values alone."""
        yield from super().errors()
        if not self.member_names:
            yield FieldError(_MEMBERS, "must not be empty")
        elif len(self.member_names) > MOST_MEMBERS:
            yield FieldError(_MEMBERS, f"must not be more than {MOST_MEMBERS}")
        if self.writable_member:
            yield FieldError("group.writableMember", GROUP_DEPLOYMENT)

    def save_parts(self, actor: Principal, row: Repository) -> None:
        """Sets the members anew."""
        names = list(dict.fromkeys(self.member_names))
        members = _find_members(actor, row, names)
        _refuse_cycles(row, members)
        GroupMember.objects.filter(group=row).delete()
        GroupMember.objects.bulk_create(
            GroupMember(group=row, member=member, position=position)
            for position, member in enumerate(members)
        )


def _find_members(actor: Principal, group: Repository, names: list[str]) -> list[Repository]:
    """The rows of the members; what the actor may not see does not exist for him.

    Members that the group has already may stay: whoever changes its port need not see them.
    """
    rows = {row.name: row for row in Repository.objects.filter(name__in=names)}
    kept = set(GroupMember.objects.filter(group=group).values_list("member__name", flat=True))
    missing = [
        name for name in names if name not in rows or not (name in kept or _visible(actor, name))
    ]
    if missing:
        raise ValidationError(
            FieldError(_MEMBERS, f"Member repository does not exist: {name}") for name in missing
        )
    return [rows[name] for name in names]


def _visible(actor: Principal, name: str) -> bool:
    return any(
        may(actor, permission)
        for permission in (
            repository_admin(Repository.FORMAT, name, "read"),
            repository_view(Repository.FORMAT, name, "read"),
        )
    )


def _refuse_cycles(group: Repository, members: list[Repository]) -> None:
    """Raises `ValidationError` for a member that leads back to the group."""
    held: dict[int, list[int]] = {}
    for holder_id, member_id in GroupMember.objects.values_list("group_id", "member_id"):
        held.setdefault(holder_id, []).append(member_id)
    errors = []
    for member in members:
        if group.pk in _reachable(member.pk, held):
            text = (
                "A group cannot be a member of itself"
                if member.pk == group.pk
                else f"Member repository contains the group {group.name} itself: {member.name}"
            )
            errors.append(FieldError(_MEMBERS, text))
    if errors:
        raise ValidationError(errors)


def _reachable(start: int, held: dict[int, list[int]]) -> set[int]:
    """The repository and everything that it holds, directly or not."""
    seen: set[int] = set()
    left = [start]
    while left:
        each = left.pop()
        if each not in seen:
            seen.add(each)
            left += held.get(each, ())
    return seen
