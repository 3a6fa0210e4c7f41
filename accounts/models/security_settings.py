"""The settings of security that hold for the whole server."""

from __future__ import annotations

from django.db import models

LOCAL_AUTHENTICATING_REALM = "NexusAuthenticatingRealm"
LOCAL_AUTHORIZING_REALM = "NexusAuthorizingRealm"
DOCKER_TOKEN_REALM = "DockerToken"  # noqa: S105 - the id of a realm


def default_active_realms() -> list[str]:
    """The realms of a fresh server, as Nexus's: docker tokens have to be switched on."""
    return [LOCAL_AUTHENTICATING_REALM]


class SecuritySettings(models.Model):
    """The one row that says which realms are active and whether anonymous access is on.

    There is no row until something is changed: the defaults hold then.
    """

    ROW = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ROW)
    active_realms = models.JSONField(default=default_active_realms)
    anonymous_enabled = models.BooleanField(default=False)
    anonymous_user_id = models.CharField(max_length=200, default="anonymous")
    anonymous_realm_name = models.CharField(max_length=100, default=LOCAL_AUTHORIZING_REALM)

    class Meta:
        db_table = "accounts_security_settings"
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="accounts_one_security_settings")
        ]

    def __str__(self) -> str:
        return "security settings"
