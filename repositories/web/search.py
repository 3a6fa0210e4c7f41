"""The search page, and what the box in the top bar shows while one types."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.decisions import application, may
from accounts.principals import Principal
from accounts.web.access import principal_of, refuse, sign_in_first
from nexuslite.web.pages import is_fragment_request, page
from repositories.browsing.search import search as find

READ = application("search", "read")
LONGEST_QUERY = 300
SUGGESTED = 8


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Images by name, tag or digest, over all repositories that the reader may browse."""
    principal = principal_of(request)
    if not may_search(principal):
        return sign_in_first(request) if principal.is_anonymous else refuse(request)
    text = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_QUERY]
    suggesting = is_fragment_request(request) and "suggest" in request.GET
    found, more = find(principal, text, SUGGESTED) if suggesting else find(principal, text)
    context = {"text": text, "found": found, "more": more}
    if suggesting:
        return page(request, "browse/_suggestions.html", context)
    template = "browse/_found.html" if is_fragment_request(request) else "browse/search.html"
    return page(request, template, context)


def may_search(principal: Principal) -> bool:
    """Whether the principal may search (Nexus: `nx-search-read`)."""
    return may(principal, READ)
