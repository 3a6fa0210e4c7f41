"""Pages of roles."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actions.roles import RoleSettings, create_role, delete_role, update_role
from accounts.decisions import application, may
from accounts.models import UserRole
from accounts.privilege_directory import all_privileges
from accounts.roles import RoleRecord
from accounts.rules import current_rules
from accounts.web.forms import RoleForm
from nexuslite.web.editing import Confirmation, Crumb, Editing, require, saved
from nexuslite.web.forms import REFUSALS
from nexuslite.web.listing import Choice, Listing

READ = application("roles", "read")
_CREATE = application("roles", "create")
_UPDATE = application("roles", "update")
_DELETE = application("roles", "delete")
FORM_METHODS = ["GET", "HEAD", "POST"]


@require_safe
def roles(request: HttpRequest) -> HttpResponse:
    """All roles."""
    principal = require(request, READ)
    creation = (Choice("", reverse("role-create")),) if may(principal, _CREATE) else ()
    listing: Listing[RoleRecord] = Listing(
        section=_("Security"),
        title=_("Roles"),
        lead=_("What people may do: each role gathers privileges and is given to users."),
        rows_template="accounts/_roles.html",
        filter_label=_("Filter roles"),
        create=creation,
        create_label=_("Create Role"),
        help_title=_("What is a role?"),
        help=(
            _(
                "A role gathers privileges, and may contain other roles. Users have roles, never "
                "privileges."
            ),
            _(
                "A role for those who pull needs browse and read on a repository; one for those "
                "who push needs add and edit as well."
            ),
        ),
    )
    return listing.answer(
        request, _sorted(), lambda role: f"{role.id} {role.name} {role.description}"
    )


@require_http_methods(FORM_METHODS)
def create(request: HttpRequest) -> HttpResponse:
    """Makes a role."""
    principal = require(request, _CREATE)
    form = _form(request, None, {})
    if request.method == "POST" and form.perform(
        lambda values: create_role(principal, _settings(values["role_id"], values))
    ):
        message = _("Role %s was created.") % form.cleaned_data["name"]
        return saved(request, reverse("roles"), message)
    editing = Editing(
        title=_("Create Role"),
        crumbs=_crumbs(Crumb(_("Create"))),
        submit=_("Create Role"),
        cancel_url=reverse("roles"),
    )
    return editing.answer(request, form, "accounts/role.html")


@require_http_methods(FORM_METHODS)
def edit(request: HttpRequest, role_id: str) -> HttpResponse:
    """Shows and changes one role."""
    principal = require(request, READ)
    role = _existing(role_id)
    initial = {
        "role_id": role.id,
        "name": role.name,
        "description": role.description,
        "privileges": list(role.privileges),
        "roles": list(role.roles),
    }
    form = _form(request, role_id, initial)
    form.fields["role_id"].disabled = True
    if request.method == "POST":
        require(request, _UPDATE)
        if form.perform(lambda values: update_role(principal, _settings(role_id, values))):
            message = _("Role %s was changed.") % form.cleaned_data["name"]
            return saved(request, reverse("roles"), message)
    deletable = may(principal, _DELETE) and not role.read_only
    editing = Editing(
        title=role.name,
        crumbs=_crumbs(Crumb(role.name)),
        submit=_("Save"),
        cancel_url=reverse("roles"),
        lead=role.description,
        delete_url=reverse("role-delete", args=[role_id]) if deletable else "",
        delete_label=_("Delete role"),
        read_only=_why_read_only(role, may(principal, _UPDATE)),
    )
    context = {"holders": _holders(role_id)}
    return editing.answer(request, form, "accounts/role.html", context)


@require_http_methods(FORM_METHODS)
def delete(request: HttpRequest, role_id: str) -> HttpResponse:
    """Asks, and deletes a role."""
    principal = require(request, _DELETE)
    role = _existing(role_id)
    error = ""
    if _deletion(role).is_given(request):
        try:
            delete_role(principal, role_id)
        except REFUSALS as refusal:
            error = str(refusal)
        else:
            return saved(request, reverse("roles"), _("Role %s was deleted.") % role.name)
    return _deletion(role, error).answer(request)


def _deletion(role: RoleRecord, error: str = "") -> Confirmation:
    count = len(_holders(role.id))
    users = ngettext("%d user loses it at once.", "%d users lose it at once.", count) % count
    return Confirmation(
        title=_("Delete role %s?") % role.name,
        lines=(users, _("It is taken out of the roles that contain it.")),
        submit=_("Delete role"),
        cancel_url=reverse("role-edit", args=[role.id]),
        error=error,
    )


def _form(request: HttpRequest, role_id: str | None, initial: dict[str, Any]) -> RoleForm:
    return RoleForm(
        request.POST if request.method == "POST" else None,
        initial=initial,
        privileges=all_privileges(),
        roles=[role for role in _sorted() if role.id != role_id],
    )


def _why_read_only(role: RoleRecord, may_update: bool) -> str:
    if role.read_only:
        return _("This role is built in. Make one of your own that contains it to go further.")
    return "" if may_update else _("You may look at roles, not change them.")


def _holders(role_id: str) -> list[str]:
    rows = UserRole.objects.filter(role_id=role_id).order_by("user_id")
    return list(rows.values_list("user_id", flat=True))


def _existing(role_id: str) -> RoleRecord:
    found = current_rules().roles.get(role_id)
    if found is None:
        raise Http404
    return found


def _settings(role_id: str, values: dict[str, Any]) -> RoleSettings:
    return RoleSettings(
        id=role_id,
        name=values["name"],
        description=values["description"],
        privileges=values["privileges"],
        roles=values["roles"],
    )


def _sorted() -> list[RoleRecord]:
    return sorted(current_rules().roles.values(), key=lambda role: role.name.lower())


def _crumbs(*more: Crumb) -> list[Crumb]:
    return [Crumb(_("Security")), Crumb(_("Roles"), reverse("roles")), *more]
