"""Setting where the remotes of proxy repositories may lead."""

from __future__ import annotations

import logging
import re
from ipaddress import ip_network

from accounts import audit
from accounts.audit import Domain, EventType
from accounts.decisions import application
from accounts.principals import Principal
from nexuslite.errors import FieldError, ValidationError
from repositories.actions.configuration import change_configuration, require
from repositories.models import SsrfProtection
from repositories.ssrf_protection import SsrfProtectionSettings

logger = logging.getLogger(__name__)

MOST_ENTRIES = 1000
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*\.?", re.IGNORECASE)
_LONGEST_DOMAIN = 253


def set_ssrf_protection(actor: Principal, settings: SsrfProtectionSettings) -> None:
    """Says whether, and where, remotes may lead to internal addresses.

    The next request to a remote is judged by it, on any worker. Needs `nexus:settings:update`.
    Raises `ValidationError`, `NotPermitted`.
    """
    _check(settings)
    require(actor, application("settings", "update"))
    after = {
        "enabled": settings.enabled,
        "allowed_ips": list(settings.allowed_ips),
        "allowed_domains": list(settings.allowed_domains),
    }

    def change() -> None:
        row, _ = SsrfProtection.objects.select_for_update().get_or_create(pk=SsrfProtection.ROW)
        before = {name: getattr(row, name) for name in after}
        SsrfProtection.objects.filter(pk=row.pk).update(**after)
        changes = audit.changes(before, after)
        audit.record(actor, Domain.SSRF_PROTECTION, EventType.CHANGED, "SSRF protection", changes)

    change_configuration(change)
    logger.info("%s set SSRF protection: %s", actor, settings)


def _check(settings: SsrfProtectionSettings) -> None:
    errors = [
        FieldError(
            "allowedIPs", f"{text!r} is neither an IP address nor a network such as 10.0.0.0/8"
        )
        for text in settings.allowed_ips
        if not _is_network(text)
    ]
    errors += [
        FieldError("allowedDomains", f"{text!r} is no domain such as example.org or *.example.org")
        for text in settings.allowed_domains
        if len(text) > _LONGEST_DOMAIN or not _DOMAIN.fullmatch(text)
    ]
    if errors:
        raise ValidationError(errors)


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
