"""Where bytes live."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Lower


class BlobStoreType(models.TextChoices):
    """The type names of Nexus's REST API."""

    FILE = "File"
    S3 = "S3"


class QuotaType(models.TextChoices):
    """Constraint types of a soft quota, as Nexus names them."""

    SPACE_REMAINING = "spaceRemainingQuota"
    SPACE_USED = "spaceUsedQuota"


class BlobStore(models.Model):
    """A named place for blobs; its configuration is what the storage backend opens."""

    name = models.CharField(max_length=200)
    type = models.CharField(max_length=40, choices=BlobStoreType.choices)
    configuration = models.JSONField(default=dict)
    quota_type = models.CharField(max_length=40, choices=QuotaType.choices, blank=True)
    quota_limit = models.BigIntegerField(default=0)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("name"), name="blob_store_name_ignoring_case"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        """Path of a File store as the administrator wrote it; relative ones are under blobs/."""
        configuration: dict[str, Any] = self.configuration
        return str(configuration.get("path", ""))
