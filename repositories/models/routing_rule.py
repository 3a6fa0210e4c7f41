"""Rules about which paths a proxy repository asks its remote for."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower


class RoutingMode(models.TextChoices):
    """What a path that matches means, by its REST names."""

    ALLOW = "ALLOW"
    BLOCK = "BLOCK"


class RoutingRule(models.Model):
    """A named list of regular expressions, used by any number of proxy repositories."""

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    mode = models.CharField(max_length=5, choices=RoutingMode.choices)
    matchers = models.JSONField(default=list)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("name"), name="routing_rule_name_ignoring_case"),
        ]

    def __str__(self) -> str:
        return self.name
