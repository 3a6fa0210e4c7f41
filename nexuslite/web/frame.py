"""What the frame around every page needs to know."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from accounts.web.access import principal_of
from nexuslite import __version__
from nexuslite.web.navigation import navigation
from repositories.web.search import may_search

THEMES = ("auto", "light", "dark")


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the reader, the theme, the sidebar."""
    principal = principal_of(request)
    theme = request.COOKIES.get("theme", "")
    match = request.resolver_match
    return {
        "principal": principal,
        "theme": theme if theme in THEMES else "auto",
        # A function: pages without a sidebar do not work one out.
        "navigation": lambda: navigation(principal),
        "current_view": match.view_name if match else "",
        "may_search": lambda: may_search(principal),
        "version": __version__,
    }
