"""The first page and the status page."""

from __future__ import annotations

from collections import Counter

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.decisions import may
from accounts.web.access import principal_of
from accounts.web.views import sign_in_page
from nexuslite.web.navigation import READ_STATUS
from nexuslite.web.pages import page
from nexuslite.web.status import all_checks, quick_checks
from repositories.doors import browsable_repositories, wholly_browsable
from repositories.figures import count_content
from repositories.web.creation import creation_choices
from repositories.web.presentation import show

SHOWN_REPOSITORIES = 6


@require_safe
def welcome(request: HttpRequest) -> HttpResponse:
    """What there is and how to reach it; the sign-in page for those who may see nothing.

    Always 200: clients written for Nexus ask for `/` to see whether the server is up.
    """
    principal = principal_of(request)
    records = browsable_repositories(principal)
    if principal.is_anonymous and not records:
        return sign_in_page(request, next_page="/")
    shown = show(request, records)
    addresses = [address for each in shown for address in each.addresses]
    may_read_status = may(principal, READ_STATUS)
    context = {
        "repositories": shown[:SHOWN_REPOSITORIES],
        "repository_count": len(shown),
        "type_counts": Counter(record.type for record in records),
        "content": count_content(wholly_browsable(principal, records)),
        "open_addresses": sum(address.state == "open" for address in addresses),
        "failed_addresses": sum(address.state == "failed" for address in addresses),
        "may_read_status": may_read_status,
        "problems": [check for check in quick_checks() if may_read_status and not check.healthy],
        "creation": creation_choices(principal),
    }
    return page(request, "welcome.html", context)


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """The health checks."""
    if not may(principal_of(request), READ_STATUS):
        raise PermissionDenied
    checks = all_checks()
    failing = sum(not check.healthy for check in checks)
    return page(request, "status.html", {"checks": checks, "failing": failing})
