"""Blobs, and which image may show them."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from repositories.models.blob_store import BlobStore
from repositories.models.image import Image


class Blob(models.Model):
    """One stored object, shared by every image of the blob store that links to it.

    `last_claimed` is database time of the last upload, link, mount, positive HEAD or manifest
    that counted on the blob. A collector may take a blob only when nothing links to it and the
    grace period has passed since; a manifest PUT claims its blobs in its own transaction.
    """

    blob_store = models.ForeignKey(
        BlobStore, on_delete=models.PROTECT, related_name="blobs", db_index=False
    )
    digest = models.CharField(max_length=135)
    size = models.BigIntegerField()
    storage_key = models.CharField(max_length=300)
    created = models.DateTimeField(db_default=Now())
    last_claimed = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["blob_store", "digest"], name="blob_in_store"),
        ]

    def __str__(self) -> str:
        return self.digest


class ImageBlob(models.Model):
    """An image's own link to a blob; without it the blob is unknown under the image's name."""

    image = models.ForeignKey(
        Image, on_delete=models.CASCADE, related_name="blob_links", db_index=False
    )
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="image_links")
    created = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["image", "blob"], name="image_blob"),
        ]

    def __str__(self) -> str:
        return f"{self.image_id} -> {self.blob_id}"
