"""Pages of privileges."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actions.privileges import (
    FIELDS_OF_TYPE,
    PrivilegeSettings,
    create_privilege,
    delete_privilege,
    update_privilege,
)
from accounts.decisions import application, may
from accounts.privilege_directory import all_privileges, find_privilege
from accounts.privileges import PrivilegeRecord, PrivilegeType
from accounts.rules import current_rules
from accounts.web.forms import PrivilegeForm
from nexuslite.web.editing import Confirmation, Crumb, Editing, require, saved
from nexuslite.web.forms import REFUSALS
from nexuslite.web.listing import Choice, Listing

READ = application("privileges", "read")
_CREATE = application("privileges", "create")
_UPDATE = application("privileges", "update")
_DELETE = application("privileges", "delete")
FORM_METHODS = ["GET", "HEAD", "POST"]

TYPE_LABELS = {
    PrivilegeType.APPLICATION: gettext_lazy("Application"),
    PrivilegeType.REPOSITORY_VIEW: gettext_lazy("Repository View"),
    PrivilegeType.REPOSITORY_ADMIN: gettext_lazy("Repository Admin"),
    PrivilegeType.REPOSITORY_CONTENT_SELECTOR: gettext_lazy("Repository Content Selector"),
    PrivilegeType.SCRIPT: gettext_lazy("Script"),
    PrivilegeType.WILDCARD: gettext_lazy("Wildcard"),
}


@require_safe
def privileges(request: HttpRequest) -> HttpResponse:
    """All privileges."""
    principal = require(request, READ)
    creation: tuple[Choice, ...] = ()
    if may(principal, _CREATE):
        creation = tuple(
            Choice(label, reverse("privilege-create", args=[kind.value]), "key")
            for kind, label in TYPE_LABELS.items()
        )
    listing: Listing[PrivilegeRecord] = Listing(
        section=_("Security"),
        title=_("Privileges"),
        lead=_("The single things that can be allowed. Roles gather them."),
        rows_template="accounts/_privileges.html",
        filter_label=_("Filter privileges"),
        create=creation,
        create_label=_("Create Privilege"),
        help_title=_("What is a privilege?"),
        help=(
            _(
                "A privilege allows one thing, such as reading what is in a repository. Every "
                "repository brings its own; they go with it."
            ),
            _("Those that are built in cannot be changed."),
        ),
        extra={"labels": TYPE_LABELS},
    )
    return listing.answer(
        request, all_privileges(), lambda each: f"{each.name} {each.description} {each.permission}"
    )


@require_http_methods(FORM_METHODS)
def create(request: HttpRequest, type_name: str) -> HttpResponse:
    """Makes a privilege of the type."""
    principal = require(request, _CREATE)
    kind = next((each for each in PrivilegeType if each.value == type_name), None)
    if kind is None:
        raise Http404
    form = PrivilegeForm(_posted(request), privilege_type=kind)
    if request.method == "POST" and form.perform(
        lambda values: create_privilege(principal, _settings(kind, values["name"], values))
    ):
        message = _("Privilege %s was created.") % form.cleaned_data["name"]
        return saved(request, reverse("privileges"), message)
    editing = Editing(
        title=_("Create %s Privilege") % TYPE_LABELS[kind],
        crumbs=_crumbs(Crumb(_("Create"))),
        submit=_("Create Privilege"),
        cancel_url=reverse("privileges"),
    )
    return editing.answer(request, form)


@require_http_methods(FORM_METHODS)
def edit(request: HttpRequest, name: str) -> HttpResponse:
    """Shows and changes one privilege."""
    principal = require(request, READ)
    record = _existing(name)
    initial = {"name": record.name, "description": record.description}
    initial |= {own: getattr(record, own) for own in FIELDS_OF_TYPE[record.type]}
    form = PrivilegeForm(
        _posted(request),
        privilege_type=record.type,
        initial={**initial, "actions": record.rest_actions},
    )
    form.fields["name"].disabled = True
    if request.method == "POST":
        require(request, _UPDATE)
        if form.perform(
            lambda values: update_privilege(principal, _settings(record.type, name, values))
        ):
            return saved(request, reverse("privileges"), _("Privilege %s was changed.") % name)
    deletable = may(principal, _DELETE) and not record.read_only
    editing = Editing(
        title=name,
        crumbs=_crumbs(Crumb(name)),
        submit=_("Save"),
        cancel_url=reverse("privileges"),
        lead=record.description,
        delete_url=reverse("privilege-delete", args=[name]) if deletable else "",
        delete_label=_("Delete privilege"),
        read_only=_why_read_only(record, may(principal, _UPDATE)),
    )
    context = {
        "permission": record.permission,
        "kind": TYPE_LABELS[record.type],
        "holders": _holders(name),
    }
    return editing.answer(request, form, "accounts/privilege.html", context)


@require_http_methods(FORM_METHODS)
def delete(request: HttpRequest, name: str) -> HttpResponse:
    """Asks, and deletes a privilege."""
    principal = require(request, _DELETE)
    _existing(name)
    error = ""
    if _deletion(name).is_given(request):
        try:
            delete_privilege(principal, name)
        except REFUSALS as refusal:
            error = str(refusal)
        else:
            return saved(request, reverse("privileges"), _("Privilege %s was deleted.") % name)
    return _deletion(name, error).answer(request)


def _deletion(name: str, error: str = "") -> Confirmation:
    count = len(_holders(name))
    roles = ngettext("%d role loses it at once.", "%d roles lose it at once.", count) % count
    return Confirmation(
        title=_("Delete privilege %s?") % name,
        lines=(roles,),
        submit=_("Delete privilege"),
        cancel_url=reverse("privilege-edit", args=[name]),
        error=error,
    )


def _posted(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _why_read_only(record: PrivilegeRecord, may_update: bool) -> str:
    if record.read_only:
        return _("This privilege is built in.")
    return "" if may_update else _("You may look at privileges, not change them.")


def _holders(name: str) -> list[str]:
    return sorted(role.id for role in current_rules().roles.values() if name in role.privileges)


def _existing(name: str) -> PrivilegeRecord:
    found = find_privilege(name)
    if found is None:
        raise Http404
    return found


def _settings(kind: PrivilegeType, name: str, values: dict[str, Any]) -> PrivilegeSettings:
    return PrivilegeSettings(
        name=name,
        type=kind,
        description=values["description"],
        fields={own: values[own] for own in FIELDS_OF_TYPE[kind]},
        actions=values.get("actions", ()),
    )


def _crumbs(*more: Crumb) -> list[Crumb]:
    return [Crumb(_("Security")), Crumb(_("Privileges"), reverse("privileges")), *more]
