"""Who makes a REST request, for Django REST framework."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from accounts.middleware import BASIC_CHALLENGE, requesting_principal
from accounts.principals import Principal


class RealmsAuthentication(BaseAuthentication):
    """Takes over the principal that `PrincipalMiddleware` found by Basic or by the session.

    A browser sends its session cookie with every request, also with one that a foreign page
    makes, so a change by session needs the CSRF token. Basic needs none.
    """

    def authenticate(self, request: Request) -> tuple[Principal, None]:
        """The principal, anonymous where there are no credentials. Raises `PermissionDenied`."""
        principal = requesting_principal(request._request)
        if principal.credential == "session":
            _require_csrf_token(request._request)
        return principal, None

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        return BASIC_CHALLENGE


def _require_csrf_token(request: HttpRequest) -> None:
    check = CSRFCheck(_no_answer)
    check.process_request(request)
    reason = check.process_view(request, _no_answer, (), {})
    if reason:
        raise PermissionDenied(f"CSRF check failed: {reason}")


def _no_answer(request: HttpRequest) -> HttpResponse:
    """Where Django's check wants a view: none is called."""
    return HttpResponse()
