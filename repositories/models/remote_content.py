"""What a proxy repository knows of content that it does not hold."""

from __future__ import annotations

from django.db import models

from repositories.models.image import Manifest
from repositories.models.repository import Repository


class AwaitedContent(models.Model):
    """A blob or manifest that a cached manifest names and that was not asked for yet.

    The row goes when the content arrives, and the manifest is linked to it then. `size` is in
    bytes, as the manifest claims; `urls` are those of a foreign layer.
    """

    manifest = models.ForeignKey(
        Manifest, on_delete=models.CASCADE, related_name="awaited", db_index=False
    )
    digest = models.CharField(max_length=135, db_index=True)
    size = models.BigIntegerField()
    urls = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["manifest", "digest"], name="awaited_of_manifest"),
        ]

    def __str__(self) -> str:
        return self.digest


class RemoteAbsence(models.Model):
    """That the remote said 404, to be believed until `until` (Nexus's "Not found cache").

    `path` is the content's below `/v2/`, such as `library/alpine/manifests/3.20`.
    """

    repository = models.ForeignKey(
        Repository, on_delete=models.CASCADE, related_name="absences", db_index=False
    )
    path = models.CharField(max_length=600)
    until = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["repository", "path"], name="absence_in_repository"),
        ]

    def __str__(self) -> str:
        return self.path
