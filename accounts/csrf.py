"""What keeps other sites from making changes in the name of who has signed in with a browser.

As in Nexus the cookie and the header `NX-ANTI-CSRF-TOKEN` must be equal: a foreign page can neither
read the cookie nor set the header. The token of Django's forms does as well.
"""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from rest_framework.authentication import CSRFCheck

TOKEN_NAME = "NX-ANTI-CSRF-TOKEN"  # noqa: S105 - a name
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class CsrfTokenMismatch(Exception):
    """A change by a browser's session without its token. Answered with 401, as Nexus does."""

    def __init__(self) -> None:
        super().__init__("Anti cross-site request forgery token mismatch")


def require_csrf_token(request: HttpRequest) -> None:
    """Raises `CsrfTokenMismatch` for a change that another site may have caused."""
    if request.method in _SAFE_METHODS or _has_nexus_token(request) or _has_form_token(request):
        return
    raise CsrfTokenMismatch


def hand_out_token(request: HttpRequest, response: HttpResponse) -> None:
    """Gives the browser the cookie whose value a script has to repeat in the header."""
    value = secrets.token_urlsafe(24)
    response.set_cookie(TOKEN_NAME, value, samesite="Lax", secure=request.is_secure())


def is_from_elsewhere(request: HttpRequest) -> bool:
    """Whether the browser says that a page of another site made the request."""
    origin = request.headers.get("Origin")
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc != request.get_host()
    except ValueError:
        # No URL, so not the one of a page of ours.
        return True


def _has_nexus_token(request: HttpRequest) -> bool:
    # Nexus lets multipart forms pass without a token; nothing here takes them.
    shown = request.headers.get(TOKEN_NAME, "")
    kept = request.COOKIES.get(TOKEN_NAME, "")
    if not shown or is_from_elsewhere(request):
        return False
    return hmac.compare_digest(shown.encode(), kept.encode())


def _has_form_token(request: HttpRequest) -> bool:
    check = CSRFCheck(_no_answer)
    check.process_request(request)
    return check.process_view(request, _no_answer, (), {}) is None


def _no_answer(request: HttpRequest) -> HttpResponse:
    """Where Django's check wants a view: none is called."""
    return HttpResponse()
