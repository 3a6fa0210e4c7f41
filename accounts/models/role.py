"""Roles that administrators make, and who has which role."""

from __future__ import annotations

from django.db import models

from accounts.roles import DEFAULT_SOURCE, RoleRecord


class Role(models.Model):
    """A role that somebody made. Built-in ones are computed.

    One whose id is the name of a group of an external source stands for that group.
    """

    role_id = models.CharField(max_length=200, unique=True)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    privileges = models.JSONField(default=list)
    """Names, of built-in privileges too."""
    roles = models.JSONField(default=list)
    """Ids of contained roles, of built-in ones too."""

    class Meta:
        db_table = "accounts_role"

    def __str__(self) -> str:
        return self.role_id

    def record(self) -> RoleRecord:
        """The role as a value."""
        return RoleRecord(
            self.role_id,
            self.name,
            self.description,
            tuple(self.privileges),
            tuple(self.roles),
        )


class UserRole(models.Model):
    """That a user has a role. The user may be one of an external source, who has no other row."""

    user_id = models.CharField(max_length=200)
    source = models.CharField(max_length=40, default=DEFAULT_SOURCE)
    role_id = models.CharField(max_length=200)

    class Meta:
        db_table = "accounts_user_role"
        constraints = [
            models.UniqueConstraint(
                fields=["source", "user_id", "role_id"], name="accounts_user_has_role_once"
            )
        ]
        indexes = [models.Index(fields=["role_id"], name="accounts_user_role_of_role")]

    def __str__(self) -> str:
        return f"{self.user_id} has {self.role_id}"
