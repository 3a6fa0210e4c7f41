"""The members of group repositories."""

from __future__ import annotations

from django.db import models

from repositories.models.repository import Repository


class GroupMember(models.Model):
    """A repository in a group; the group asks its members by ascending position."""

    group = models.ForeignKey(
        Repository, on_delete=models.CASCADE, related_name="members", db_index=False
    )
    member = models.ForeignKey(Repository, on_delete=models.CASCADE, related_name="memberships")
    position = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "member"], name="member_in_group"),
        ]

    def __str__(self) -> str:
        return f"{self.group_id} -> {self.member_id}"
