"""A repository: one address under which images are pushed and pulled."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower

from repositories.models.blob_store import BlobStore


class RepositoryType(models.TextChoices):
    """The three kinds of repository."""

    HOSTED = "hosted"
    PROXY = "proxy"
    GROUP = "group"


class WritePolicy(models.TextChoices):
    """Deployment policies of a hosted repository, by their REST names."""

    ALLOW = "ALLOW"
    ALLOW_ONCE = "ALLOW_ONCE"
    DENY = "DENY"


class Repository(models.Model):
    """One docker repository and its connectors."""

    FORMAT = "docker"

    name = models.CharField(max_length=200)
    type = models.CharField(max_length=10, choices=RepositoryType.choices)
    online = models.BooleanField(default=True)
    blob_store = models.ForeignKey(BlobStore, on_delete=models.PROTECT, related_name="repositories")
    strict_content_type_validation = models.BooleanField(default=True)
    write_policy = models.CharField(
        max_length=12, choices=WritePolicy.choices, default=WritePolicy.ALLOW
    )
    latest_policy = models.BooleanField(null=True, default=None)
    http_port = models.PositiveIntegerField(null=True, unique=True)
    https_port = models.PositiveIntegerField(null=True, unique=True)
    connector_host = models.CharField(max_length=60, blank=True)
    subdomain = models.CharField(max_length=63, null=True, unique=True)  # noqa: DJ001
    path_enabled = models.BooleanField(null=True, default=None)
    v1_enabled = models.BooleanField(default=False)
    force_basic_auth = models.BooleanField(default=True)
    read_only_mirror = models.BooleanField(default=False)
    cleanup_policy_names = models.JSONField(null=True, default=None)
    proprietary_components = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("name"), name="repository_name_ignoring_case"),
        ]

    def __str__(self) -> str:
        return self.name
