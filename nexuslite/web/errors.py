"""Error pages, within the frame where there can be one."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from accounts import audit
from accounts.web.access import principal_of, sign_in_first
from nexuslite.web.pages import page

logger = logging.getLogger(__name__)

_SERVICES = "/service/"


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403; whoever has not signed in is asked to."""
    audit.denied(principal_of(request), f"{request.method} {request.path}")
    if request.path.startswith(_SERVICES):
        return HttpResponse(status=403)
    if principal_of(request).is_anonymous:
        return sign_in_first(request)
    return page(request, "errors/403.html", status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form that was not sent from a page of this server, or after a new sign-in."""
    logger.info("a form for %.200r was refused: %s", request.path, reason)
    return page(request, "errors/403_csrf.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404; programs get it without a page."""
    if request.path.startswith(_SERVICES):
        return HttpResponse(status=404)
    return page(request, "errors/404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, from a template that asks nothing of the database, which may be what is broken."""
    if request.path.startswith(_SERVICES):
        return HttpResponse(status=500)
    return HttpResponse(render_to_string("errors/500.html", {"theme": "auto"}), status=500)
