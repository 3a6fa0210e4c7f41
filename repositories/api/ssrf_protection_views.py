"""`/service/rest/v1/security/ssrf-protection`."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.decisions import application
from nexuslite.rest.fields import Values, texts
from nexuslite.rest.views import RestView
from repositories.actions.ssrf_protection import MOST_ENTRIES, set_ssrf_protection
from repositories.ssrf_protection import SsrfProtectionSettings, read_ssrf_protection


class SsrfProtectionSerializer(serializers.Serializer[Values]):
    """`SsrfProtectionConfigurationXO`."""

    enabled = serializers.BooleanField()
    allowedIPs = texts(MOST_ENTRIES, required=False, allow_null=True, default=None)  # noqa: N815
    allowedDomains = texts(  # noqa: N815
        MOST_ENTRIES, required=False, allow_null=True, default=None
    )


class SsrfProtectionSetting(RestView):
    """Where the remotes of proxy repositories may lead."""

    def get(self, request: Request) -> Response:
        """200 with the setting."""
        self.require(application("settings", "read"))
        return Response(_representation(read_ssrf_protection()))

    def put(self, request: Request) -> Response:
        """200 with the new setting."""
        values = self.valid_body(SsrfProtectionSerializer)
        settings = SsrfProtectionSettings(
            enabled=values["enabled"],
            allowed_ips=tuple(values["allowedIPs"] or ()),
            allowed_domains=tuple(values["allowedDomains"] or ()),
        )
        set_ssrf_protection(self.principal, settings)
        return Response(_representation(settings))


def _representation(settings: SsrfProtectionSettings) -> dict[str, Any]:
    return {
        "enabled": settings.enabled,
        "allowedIPs": list(settings.allowed_ips),
        "allowedDomains": list(settings.allowed_domains),
    }
