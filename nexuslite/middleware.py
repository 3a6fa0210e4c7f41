"""Middleware of the web interface and REST."""

from __future__ import annotations

from collections.abc import Callable

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

    And the name under which clients of Nexus know how to speak to this server.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        response.headers["Server"] = SERVER
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        return response
