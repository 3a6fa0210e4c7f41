"""Signing in and out as Nexus's own interface does it, for scripts that imitate it.

Source: nexus-public, components/nexus-rapture, `SessionServlet` and `/service/rapture/session`.
"""

from __future__ import annotations

import base64
import binascii

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import sessions
from accounts.csrf import TOKEN_NAME, hand_out_token, is_from_elsewhere
from accounts.errors import CredentialsRefused, TooManyAttempts


@csrf_exempt
@sensitive_post_parameters("password")
@require_http_methods(["POST", "DELETE"])
def session(request: HttpRequest) -> HttpResponse:
    """POST of base64 `username` and `password`: 204 and a cookie, or 403. DELETE signs out."""
    # Its callers know of no CSRF token; a form on a foreign page is told by its origin.
    if is_from_elsewhere(request):
        return HttpResponse(status=403)
    if request.method == "DELETE":
        sessions.sign_out(request)
        response = HttpResponse(status=204)
        response.delete_cookie(TOKEN_NAME, samesite="Lax")
        return response
    return _sign_in(request)


def _sign_in(request: HttpRequest) -> HttpResponse:
    user_id = _decoded(request.POST.get("username", ""))
    password = _decoded(request.POST.get("password", ""))
    if not user_id or password is None:
        return HttpResponse(status=403)
    try:
        sessions.authenticate_session(
            request, user_id, password, request.META.get("REMOTE_ADDR", "")
        )
    except CredentialsRefused:
        return HttpResponse(status=403)
    except TooManyAttempts as refusal:
        return HttpResponse(status=429, headers={"Retry-After": str(refusal.retry_after)})
    response = HttpResponse(status=204)
    hand_out_token(request, response)
    return response


def _decoded(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
