"""The setting of REST `security/ssrf-protection`, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network

from repositories.models import SsrfProtection
from repositories.remote.settings import AddressPolicy


@dataclass(frozen=True, slots=True)
class SsrfProtectionSettings:
    """As an administrator wrote it (`SsrfProtectionConfigurationXO`)."""

    enabled: bool = True
    allowed_ips: tuple[str, ...] = ()
    allowed_domains: tuple[str, ...] = ()

    def policy(self) -> AddressPolicy:
        """The rules for the client of remotes."""
        networks = tuple(ip_network(text, strict=False) for text in self.allowed_ips)
        return AddressPolicy(self.enabled, networks, self.allowed_domains)


def read_ssrf_protection() -> SsrfProtectionSettings:
    """The setting as of now. One query."""
    row = SsrfProtection.objects.filter(pk=SsrfProtection.ROW).first()
    if row is None:
        return SsrfProtectionSettings()
    return SsrfProtectionSettings(row.enabled, tuple(row.allowed_ips), tuple(row.allowed_domains))
