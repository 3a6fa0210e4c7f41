"""Puts the principal on every request of the web UI and of REST."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from accounts import audit, sessions
from accounts.authentication import authenticate
from accounts.csrf import is_from_elsewhere
from accounts.errors import CredentialsRefused, TooManyAttempts
from accounts.principals import ANONYMOUS, Principal
from nexuslite import stamps

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
        audit.begin_request(request.META)
        with stamps.observed(stamps.CONFIGURATION, stamps.SECURITY):
            refusal = self._identify(request)
            return refusal or self._get_response(request)

    def _identify(self, request: HttpRequest) -> HttpResponse | None:
        authorization = request.META.get("HTTP_AUTHORIZATION")
        try:
            principal = authenticate(authorization, None, request.META.get("REMOTE_ADDR", ""))
        except CredentialsRefused:
            return HttpResponse(status=401, headers={"WWW-Authenticate": BASIC_CHALLENGE})
        except TooManyAttempts as attempts:
            return HttpResponse(
                "Too many authentication attempts",
                status=429,
                content_type="text/plain",
                headers={"Retry-After": str(attempts.retry_after)},
            )
        if principal.is_anonymous:
            principal = sessions.principal_of(request) or ANONYMOUS
        elif not is_from_elsewhere(request):
            # A program. A browser that was once asked for a password adds it to whatever a page of
            # another site sends, but says where that page is from.
            request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        request.principal = principal  # type: ignore[attr-defined]
        return None


def requesting_principal(request: HttpRequest) -> Principal:
    """The principal that the middleware has put on the request."""
    principal = getattr(request, "principal", None)
    if not isinstance(principal, Principal):
        raise TypeError("PrincipalMiddleware has not seen this request")
    return principal
