"""What became of asking the remote of a proxy repository."""

from __future__ import annotations

from django.db import models

from repositories.models.repository import Repository


class RemoteCondition(models.TextChoices):
    """How the remote was when it was last asked. Without a row it was never asked."""

    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"
    BLOCKED = "blocked"


class RemoteState(models.Model):
    """The condition of a remote, shared by all workers and nodes; written when it changes.

    `failures` counts the times it was blocked in a row; it is not asked before `blocked_until`.
    """

    repository = models.OneToOneField(
        Repository, on_delete=models.CASCADE, primary_key=True, related_name="remote_state"
    )
    condition = models.CharField(max_length=12, choices=RemoteCondition.choices)
    failures = models.PositiveIntegerField(default=0)
    blocked_until = models.DateTimeField(null=True, default=None, db_index=True)
    reason = models.CharField(max_length=300, blank=True)
