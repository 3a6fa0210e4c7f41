"""Privileges that administrators make, and which repositories have privileges of their own."""

from __future__ import annotations

from django.db import models

from accounts.privileges import PrivilegeRecord, PrivilegeType


class Privilege(models.Model):
    """A privilege that somebody made. Built-in ones are computed."""

    name = models.CharField(max_length=200, unique=True)
    type = models.CharField(
        max_length=40, choices=[(each.value, each.value) for each in PrivilegeType]
    )
    description = models.TextField(blank=True, default="")
    properties = models.JSONField(default=dict)
    """The fields that the type has, by their names in `PrivilegeRecord`."""

    class Meta:
        db_table = "accounts_privilege"

    def __str__(self) -> str:
        return self.name

    def record(self) -> PrivilegeRecord:
        """The privilege as a value."""
        properties = dict(self.properties)
        actions = tuple(properties.pop("actions", ()))
        return PrivilegeRecord(
            self.name, PrivilegeType(self.type), self.description, actions=actions, **properties
        )


class RepositoryPrivileges(models.Model):
    """A repository whose built-in privileges there are. Comes and goes with the repository."""

    format = models.CharField(max_length=40)
    repository = models.CharField(max_length=200, unique=True)

    class Meta:
        db_table = "accounts_repository_privileges"

    def __str__(self) -> str:
        return f"{self.format}: {self.repository}"
