"""The sign-in page and signing out."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import sessions
from accounts.actions import admin_password_file
from accounts.errors import CredentialsRefused, TooManyAttempts
from accounts.models.user import ADMIN_USER_ID
from accounts.web.access import START, principal_of, safe_target
from nexuslite.web.pages import page


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page; on POST signs in and goes on to `next`."""
    if request.method == "POST":
        return _sign_in(request, safe_target(request.POST.get("next", "")))
    next_page = safe_target(request.GET.get("next", ""))
    if not principal_of(request).is_anonymous:
        return HttpResponseRedirect(next_page)
    return sign_in_page(request, next_page)


def _sign_in(request: HttpRequest, next_page: str) -> HttpResponse:
    user_id = request.POST.get("username", "")
    password = request.POST.get("password", "")
    address = request.META.get("REMOTE_ADDR", "")
    try:
        sessions.authenticate_session(request, user_id, password, address)
    except CredentialsRefused:
        message = _("Incorrect username or password, or no permission to use the application.")
        return sign_in_page(request, next_page, user_id=user_id, error=message, status=422)
    except TooManyAttempts as refusal:
        seconds = refusal.retry_after
        message = ngettext(
            "Too many attempts. Try again in %d second.",
            "Too many attempts. Try again in %d seconds.",
            seconds,
        )
        response = sign_in_page(
            request, next_page, user_id=user_id, error=message % seconds, status=429
        )
        response["Retry-After"] = str(seconds)
        return response
    return HttpResponseRedirect(_first_steps(user_id, next_page))


def _first_steps(user_id: str, next_page: str) -> str:
    """Where a sign-in leads: the first one of a new server's administrator, to setting it up."""
    is_first = user_id == ADMIN_USER_ID and admin_password_file.path().exists()
    return reverse("setup-password") if is_first and next_page == START else next_page


def sign_in_page(
    request: HttpRequest,
    next_page: str,
    *,
    user_id: str = "",
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    """The form. It tells where the first password lies, until that has been changed."""
    first_password = admin_password_file.path()
    context = {
        "next_page": next_page,
        "user_id": user_id,
        "error": error,
        "first_password": first_password if first_password.exists() else None,
    }
    return page(request, "accounts/sign_in.html", context, status)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session."""
    sessions.sign_out(request)
    return HttpResponseRedirect(START)
