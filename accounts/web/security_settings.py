"""The pages of anonymous access and of realms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import realms as known_realms
from accounts.actions.anonymous_access import AnonymousAccess, set_anonymous_access
from accounts.actions.realms import set_active_realms
from accounts.decisions import application, may, permissions_of, repository_view
from accounts.directory import security_settings
from accounts.models import RepositoryPrivileges
from accounts.models.security_settings import LOCAL_AUTHENTICATING_REALM
from accounts.principals import Principal
from accounts.realms.docker_token import DockerTokenRealm
from accounts.roles import DEFAULT_SOURCE
from accounts.web.forms import AnonymousForm, RealmsForm
from nexuslite.errors import FieldError, ValidationError
from nexuslite.web.editing import Crumb, Editing, require, saved

READ = application("settings", "read")
_UPDATE = application("settings", "update")
FORM_METHODS = ["GET", "HEAD", "POST"]
ACKNOWLEDGEMENT = "I acknowledge"


@dataclass(frozen=True, slots=True)
class Consequence:
    """What anonymous access means, or would mean, for one repository."""

    repository: str
    pulls: bool
    pushes: bool


@require_http_methods(FORM_METHODS)
def anonymous(request: HttpRequest) -> HttpResponse:
    """Shows and changes anonymous access."""
    principal = require(request, READ)
    current = security_settings()
    initial = {
        "enabled": current.anonymous_enabled,
        "user_id": current.anonymous_user_id,
        "realm_name": current.anonymous_realm_name,
    }
    form = AnonymousForm(request.POST if request.method == "POST" else None, initial=initial)

    def act(values: dict[str, Any]) -> None:
        access = AnonymousAccess(values["enabled"], values["user_id"], values["realm_name"])
        set_anonymous_access(principal, access)

    if request.method == "POST":
        require(request, _UPDATE)
        if form.perform(act):
            return saved(request, reverse("anonymous-access"), _("Anonymous access was changed."))
    editing = Editing(
        title=_("Anonymous Access"),
        crumbs=[Crumb(_("Security")), Crumb(_("Anonymous Access"))],
        submit=_("Save"),
        cancel_url=reverse("anonymous-access"),
        lead=_("What can be done without signing in."),
        read_only=_why_read_only(principal),
    )
    context = {
        "enabled": current.anonymous_enabled,
        "user_id": current.anonymous_user_id,
        "consequences": _consequences(current.anonymous_user_id),
        "token_realm_active": DockerTokenRealm.id in current.active_realms,
    }
    return editing.answer(request, form, "accounts/anonymous.html", context)


def _consequences(user_id: str) -> list[Consequence]:
    held = permissions_of(Principal(user_id=user_id, source=DEFAULT_SOURCE))
    found = []
    for row in RepositoryPrivileges.objects.order_by("repository"):
        pulls, adds, edits = (
            held.implies(repository_view(row.format, row.repository, action))
            for action in ("read", "add", "edit")
        )
        if pulls or (adds and edits):
            found.append(Consequence(row.repository, pulls, adds and edits))
    return found


@require_http_methods(FORM_METHODS)
def realms(request: HttpRequest) -> HttpResponse:
    """Shows and changes the active realms."""
    principal = require(request, READ)
    active = list(security_settings().active_realms)
    posted = request.POST if request.method == "POST" else None
    form = RealmsForm(posted, initial={"active": active})

    def act(values: dict[str, Any]) -> None:
        acknowledged = values["acknowledgement"] == ACKNOWLEDGEMENT
        if LOCAL_AUTHENTICATING_REALM not in values["active"] and not acknowledged:
            message = _(
                "Without the Local Authenticating Realm no local user can sign in. "
                "Type “I acknowledge” to do it all the same."
            )
            raise ValidationError([FieldError("acknowledgement", message)])
        set_active_realms(principal, values["active"], acknowledge_lockout=acknowledged)

    if request.method == "POST":
        require(request, _UPDATE)
        if form.perform(act):
            return saved(request, reverse("realms"), _("The active realms were changed."))
    editing = Editing(
        title=_("Realms"),
        crumbs=[Crumb(_("Security")), Crumb(_("Realms"))],
        submit=_("Save"),
        cancel_url=reverse("realms"),
        lead=_("Where users are looked up when they sign in, and in which order."),
        read_only=_why_read_only(principal),
    )
    token_realm = known_realms.get(DockerTokenRealm.id)
    context = {
        "token_realm_active": DockerTokenRealm.id in active,
        "token_realm": token_realm.name if token_realm else "",
    }
    return editing.answer(request, form, "accounts/realms.html", context)


def _why_read_only(principal: Principal) -> str:
    if may(principal, _UPDATE):
        return ""
    return _("You may look at these settings, not change them.")
