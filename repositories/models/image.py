"""Images, their manifests and tags.

Foreign keys whose column leads a unique constraint have no index of their own: every index is
paid for by each push.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from repositories.models.repository import Repository


class Image(models.Model):
    """A name under a repository; the registry API calls it a repository."""

    repository = models.ForeignKey(
        Repository, on_delete=models.CASCADE, related_name="images", db_index=False
    )
    name = models.CharField(max_length=255)
    created = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["repository", "name"], name="image_in_repository"),
        ]

    def __str__(self) -> str:
        return self.name


class Manifest(models.Model):
    """A manifest, byte for byte as it was pushed.

    `subject` is the digest that a referrer points to, `artifact_type` what the referrers API
    answers for it. The bytes live in the row: a manifest GET is one query.
    """

    image = models.ForeignKey(
        Image, on_delete=models.CASCADE, related_name="manifests", db_index=False
    )
    digest = models.CharField(max_length=135)
    media_type = models.CharField(max_length=255)
    content = models.BinaryField()
    size = models.PositiveIntegerField()
    artifact_type = models.CharField(max_length=255, blank=True)
    subject = models.CharField(max_length=255, blank=True)
    annotations = models.JSONField(default=dict)
    pushed_by = models.CharField(max_length=200, blank=True)
    created = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["image", "digest"], name="manifest_in_image"),
        ]
        indexes = [
            models.Index(
                fields=["image", "subject", "digest"],
                condition=~models.Q(subject=""),
                name="manifest_referrers",
            ),
        ]

    def __str__(self) -> str:
        return self.digest


class ManifestBlob(models.Model):
    """A blob that a manifest needs: its config and its layers."""

    manifest = models.ForeignKey(
        Manifest, on_delete=models.CASCADE, related_name="blob_uses", db_index=False
    )
    blob = models.ForeignKey(
        "repositories.Blob", on_delete=models.PROTECT, related_name="manifest_uses"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["manifest", "blob"], name="manifest_blob"),
        ]

    def __str__(self) -> str:
        return f"{self.manifest_id} -> {self.blob_id}"


class ManifestChild(models.Model):
    """A manifest that an index lists, in the same image."""

    index = models.ForeignKey(
        Manifest, on_delete=models.CASCADE, related_name="child_links", db_index=False
    )
    child = models.ForeignKey(Manifest, on_delete=models.CASCADE, related_name="index_links")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["index", "child"], name="manifest_child"),
        ]

    def __str__(self) -> str:
        return f"{self.index_id} -> {self.child_id}"


class Tag(models.Model):
    """A name for one manifest of an image.

    `checked` is when the remote of a proxy repository last said so; null in other repositories,
    and when the remote is to be asked again.
    """

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="tags", db_index=False)
    name = models.CharField(max_length=128)
    manifest = models.ForeignKey(Manifest, on_delete=models.CASCADE, related_name="tags")
    pushed_by = models.CharField(max_length=200, blank=True)
    created = models.DateTimeField(db_default=Now())
    updated = models.DateTimeField(db_default=Now())
    checked = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["image", "name"], name="tag_in_image"),
        ]

    def __str__(self) -> str:
        return self.name
