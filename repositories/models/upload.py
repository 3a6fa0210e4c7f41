"""Upload sessions."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now

from repositories.models.repository import Repository


class Upload(models.Model):
    """One upload under way: what is staged, and where it goes on.

    The row survives a killed process; it need not survive a power cut, so it is committed without
    waiting for the disk.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    repository = models.ForeignKey(Repository, on_delete=models.CASCADE, related_name="uploads")
    image_name = models.CharField(max_length=255)
    algorithm = models.CharField(max_length=16, default="sha256")
    offset = models.BigIntegerField(default=0)
    staging = models.JSONField(default=dict)
    started_by = models.CharField(max_length=200, blank=True)
    created = models.DateTimeField(db_default=Now())
    updated = models.DateTimeField(db_default=Now(), db_index=True)

    def __str__(self) -> str:
        return str(self.id)
