"""The page of one's own account."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import directory, sessions
from accounts.actions.change_password import change_own_password
from accounts.errors import InvalidPassword, NotPermitted
from accounts.models import User
from accounts.principals import Principal
from accounts.rules import roles_of_user
from accounts.web.access import principal_of, sign_in_first
from accounts.web.forms import OwnPasswordForm
from nexuslite.web.editing import Crumb, Editing, saved


@sensitive_post_parameters("current", "password", "confirmation")
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Who one is, and a new password."""
    principal = principal_of(request)
    if principal.is_anonymous or principal.user_id is None:
        return sign_in_first(request)
    form = OwnPasswordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and _changed(form, principal):
        message = _("Your password was changed. Sign in with the new one.")
        return saved(request, reverse("sign-in"), message)
    editing = Editing(
        title=_("Account"),
        crumbs=[Crumb(_("Account"))],
        submit=_("Change password"),
        cancel_url=reverse("account"),
        lead=principal.user_id,
    )
    context = {
        "user": User.objects.filter(user_id=principal.user_id).first(),
        "sessions": sessions.sessions_of(request, principal.user_id),
        "roles": roles_of_user(principal.user_id, principal.source),
        "is_local": directory.find_user(principal.user_id) is not None,
    }
    return editing.answer(request, form, "accounts/account.html", context)


@require_POST
def end_session(request: HttpRequest) -> HttpResponse:
    """Ends another session of one's own. 404 for one that is not."""
    principal = principal_of(request)
    if principal.is_anonymous:
        return sign_in_first(request)
    if not sessions.end_session(principal, request.POST.get("session", "")):
        raise Http404
    return saved(request, reverse("account"), _("The session was ended."))


def _changed(form: OwnPasswordForm, principal: Principal) -> bool:
    def act(values: dict[str, Any]) -> None:
        change_own_password(principal, values["current"], values["password"])

    try:
        return form.perform(act)
    except InvalidPassword as error:
        form.add_error("password", str(error))
    except NotPermitted:
        form.add_error("current", _("That is not your current password."))
    return False
