"""Where the remotes of proxy repositories may lead."""

from __future__ import annotations

from django.db import models


class SsrfProtection(models.Model):
    """The one row of the setting; there is none until it is changed: the protection is on then.

    `allowed_ips` are addresses and networks, `allowed_domains` names and `*.` names.
    """

    ROW = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ROW)
    enabled = models.BooleanField(default=True)
    allowed_ips = models.JSONField(default=list)
    allowed_domains = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(id=1), name="repositories_one_ssrf_protection"
            )
        ]
