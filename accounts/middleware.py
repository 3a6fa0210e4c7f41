"""Puts the principal on every request of the web UI and of REST."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from accounts import sessions
from accounts.authentication import authenticate
from accounts.errors import CredentialsRefused, TooManyAttempts
from accounts.principals import ANONYMOUS

BASIC_CHALLENGE = 'BASIC realm="Sonatype Nexus Repository Manager"'
"""What Nexus sends; clients and scripts look for it."""


class PrincipalMiddleware:
    """Sets `request.principal` from the Authorization header, else from the session.

    Wrong credentials end here, with Nexus's empty 401: whoever shows some wants to be somebody.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer of the view, or 401 or 429."""
        authorization = request.META.get("HTTP_AUTHORIZATION")
        try:
            principal = authenticate(authorization, None, request.META.get("REMOTE_ADDR", ""))
        except CredentialsRefused:
            return HttpResponse(status=401, headers={"WWW-Authenticate": BASIC_CHALLENGE})
        except TooManyAttempts as refusal:
            return HttpResponse(
                "Too many authentication attempts",
                status=429,
                content_type="text/plain",
                headers={"Retry-After": str(refusal.retry_after)},
            )
        if principal.is_anonymous:
            principal = sessions.principal_of(request) or ANONYMOUS
        else:
            # No browser adds a header of its own accord: there is no session to forge.
            request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        request.principal = principal  # type: ignore[attr-defined]
        return self._get_response(request)
