"""Who makes a REST request, for Django REST framework."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.csrf import is_from_elsewhere, require_csrf_token
from accounts.middleware import BASIC_CHALLENGE, requesting_principal
from accounts.principals import Principal


class RealmsAuthentication(BaseAuthentication):
    """Takes over the principal that `PrincipalMiddleware` found by Basic or by the session.

    A browser sends its session cookie with every request, also with one that a foreign page
    makes, and so it does with a password that it has asked for. A change by session needs the CSRF
    token; by Basic only where the browser says that another site made the request.
    """

    def authenticate(self, request: Request) -> tuple[Principal, None]:
        """The principal, anonymous where there are no credentials. Raises `CsrfTokenMismatch`."""
        principal = requesting_principal(request._request)
        by_browser = is_from_elsewhere(request._request)
        if principal.credential == "session" or (by_browser and principal.credential):
            require_csrf_token(request._request)
        return principal, None

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        return BASIC_CHALLENGE
