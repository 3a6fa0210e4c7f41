"""Who reads a page, and what those get who may not."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.principals import ANONYMOUS, Principal

START = "/"


def principal_of(request: HttpRequest) -> Principal:
    """Who makes the request; anonymous where the middleware has not been reached."""
    principal = getattr(request, "principal", ANONYMOUS)
    return principal if isinstance(principal, Principal) else ANONYMOUS


def refuse(request: HttpRequest) -> HttpResponse:
    """The answer for what is hidden or is not there: the two must look alike.

    Whoever has not signed in is asked to. Raises `Http404` for everybody else.
    """
    if principal_of(request).is_anonymous:
        return sign_in_first(request)
    raise Http404


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """Sends the reader to the sign-in page, and from there back to where they wanted to go."""
    query = urlencode({"next": request.get_full_path()})
    return HttpResponseRedirect(f"{reverse('sign-in')}?{query}")


def safe_target(target: str) -> str:
    """The target if it is a path of this server, else the first page (open redirect)."""
    if target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        return target
    return START
