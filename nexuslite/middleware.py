"""Middleware of the web interface and REST."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


SERVER = "Nexus/3.77.1-01 (OSS)"
"""Clients of Nexus read from it which version of REST they speak to (nexus3-cli, at `/`)."""


class SecurityHeadersMiddleware:
    """Adds the headers that keep a browser strict; nothing is inline, so no nonce is needed.

    And the name under which clients of Nexus know how to speak to this server. Cookies that were
    set over HTTPS are sent back over HTTPS only.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        response.headers["Server"] = SERVER
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        if request.is_secure():
            for cookie in response.cookies.values():
                cookie["secure"] = True
        return response


class OtherVersionsMiddleware:
    """Gives pages that were loaded from another version of the program the files of this one."""

    _VERSIONED = re.compile(r"/static/[0-9a-f]{12}/")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        found = self._VERSIONED.match(request.path_info)
        if found is None or found[0] == settings.STATIC_URL:
            return self._get_response(request)
        request.path_info = settings.STATIC_URL + request.path_info[found.end() :]
        response = self._get_response(request)
        # At this address belongs what that version had.
        response.headers["Cache-Control"] = "no-store"
        return response
