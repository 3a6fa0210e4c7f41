"""What a proxy repository has beside what every repository has: its remote."""

from __future__ import annotations

from django.db import models

from repositories.models.repository import Repository
from repositories.models.routing_rule import RoutingRule


class IndexType(models.TextChoices):
    """Which index answers searches, by its REST names."""

    HUB = "HUB"
    REGISTRY = "REGISTRY"
    CUSTOM = "CUSTOM"


class AuthenticationType(models.TextChoices):
    """How a remote is signed in to, by its REST names; no sign-in is an empty text."""

    USERNAME = "username"
    BEARER_TOKEN = "bearerToken"  # noqa: S105 - the name of a kind of sign-in


class ProxySettings(models.Model):
    """The remote of a proxy repository and how it is asked.

    Ages and times are in minutes, -1 is forever; the timeout is in seconds. A null was never set:
    REST shows it as null, and the default of the remote client holds. `authentication_secret` is
    the password or the token, encrypted.
    """

    repository = models.OneToOneField(
        Repository, on_delete=models.CASCADE, primary_key=True, related_name="proxy"
    )
    remote_url = models.CharField(max_length=2000)
    content_max_age = models.IntegerField(default=1440)
    metadata_max_age = models.IntegerField(default=1440)
    preserve_encoded_characters = models.BooleanField(null=True, default=None)
    negative_cache_enabled = models.BooleanField(default=True)
    negative_cache_minutes = models.IntegerField(default=1440)
    blocked = models.BooleanField(default=False)
    auto_block = models.BooleanField(default=True)
    retries = models.IntegerField(null=True, default=None)
    timeout = models.IntegerField(null=True, default=None)
    user_agent_suffix = models.CharField(max_length=200, null=True, default=None)  # noqa: DJ001
    enable_circular_redirects = models.BooleanField(null=True, default=None)
    enable_cookies = models.BooleanField(null=True, default=None)
    use_trust_store = models.BooleanField(null=True, default=None)
    authentication_type = models.CharField(
        max_length=12, choices=AuthenticationType.choices, blank=True
    )
    authentication_username = models.CharField(max_length=200, blank=True)
    authentication_secret = models.TextField(blank=True)
    authentication_preemptive = models.BooleanField(null=True, default=None)
    index_type = models.CharField(
        max_length=8, choices=IndexType.choices, default=IndexType.REGISTRY
    )
    index_url = models.CharField(max_length=2000, null=True, default=None)  # noqa: DJ001
    cache_foreign_layers = models.BooleanField(null=True, default=None)
    foreign_layer_whitelist = models.JSONField(default=list)
    routing_rule = models.ForeignKey(
        RoutingRule, on_delete=models.PROTECT, null=True, default=None, related_name="proxies"
    )

    def __str__(self) -> str:
        return self.remote_url
