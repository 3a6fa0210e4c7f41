"""Pages of content selectors, with a box to try an expression."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts import csel
from accounts.actions.content_selectors import (
    SelectorSettings,
    create_selector,
    delete_selector,
    update_selector,
)
from accounts.content_access import SelectorRecord
from accounts.decisions import application, may
from accounts.rules import current_selectors
from nexuslite.web.editing import Confirmation, Crumb, Editing, require, saved
from nexuslite.web.forms import REFUSALS, ActionForm
from nexuslite.web.listing import Choice, Listing
from nexuslite.web.pages import page

READ = application("selectors", "read")
_CREATE = application("selectors", "create")
_UPDATE = application("selectors", "update")
_DELETE = application("selectors", "delete")
FORM_METHODS = ["GET", "HEAD", "POST"]
_LONGEST_PATH = 1000


class SelectorForm(ActionForm):
    """A content selector."""

    name = forms.CharField(
        label=gettext_lazy("Name"), help_text=gettext_lazy("It cannot be changed later.")
    )
    description = forms.CharField(label=gettext_lazy("Description"), required=False)
    expression = forms.CharField(
        label=gettext_lazy("Search expression"),
        widget=forms.Textarea(attrs={"class": "form-control nl-mono", "spellcheck": "false"}),
        help_text=gettext_lazy(
            'Such as format == "docker" and path =~ "/v2/team/.*". Paths are those of the registry '
            "API: /v2/<image>/manifests/<tag>, /v2/<image>/blobs/<digest>, /v2/<image>/tags/list."
        ),
    )


@require_safe
def selectors(request: HttpRequest) -> HttpResponse:
    """All content selectors."""
    principal = require(request, READ)
    creation = (Choice("", reverse("selector-create")),) if may(principal, _CREATE) else ()
    listing: Listing[SelectorRecord] = Listing(
        section=_("Repository"),
        title=_("Content Selectors"),
        lead=_("Parts of repositories, for privileges on nothing more than those."),
        rows_template="accounts/_selectors.html",
        filter_label=_("Filter content selectors"),
        create=creation,
        create_label=_("Create Selector"),
        help_title=_("What is a content selector?"),
        help=(
            _(
                "A condition on paths. A privilege of the type Repository Content Selector opens "
                "what matches it, and nothing else of a repository."
            ),
        ),
    )
    return listing.answer(
        request, current_selectors(), lambda row: f"{row.name} {row.description} {row.expression}"
    )


@require_http_methods(FORM_METHODS)
def create(request: HttpRequest) -> HttpResponse:
    """Makes a content selector."""
    principal = require(request, _CREATE)
    form = SelectorForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.perform(
        lambda values: create_selector(principal, _settings(values["name"], values))
    ):
        message = _("Content selector %s was created.") % form.cleaned_data["name"]
        return saved(request, reverse("selectors"), message)
    editing = Editing(
        title=_("Create Selector"),
        crumbs=_crumbs(Crumb(_("Create"))),
        submit=_("Create Selector"),
        cancel_url=reverse("selectors"),
    )
    return editing.answer(request, form, "accounts/selector.html")


@require_http_methods(FORM_METHODS)
def edit(request: HttpRequest, name: str) -> HttpResponse:
    """Shows and changes a content selector."""
    principal = require(request, READ)
    record = _existing(name)
    initial = {
        "name": record.name,
        "description": record.description,
        "expression": record.expression,
    }
    form = SelectorForm(request.POST if request.method == "POST" else None, initial=initial)
    form.fields["name"].disabled = True
    if request.method == "POST":
        require(request, _UPDATE)
        if form.perform(lambda values: update_selector(principal, _settings(name, values))):
            message = _("Content selector %s was changed.") % name
            return saved(request, reverse("selectors"), message)
    editing = Editing(
        title=name,
        crumbs=_crumbs(Crumb(name)),
        submit=_("Save"),
        cancel_url=reverse("selectors"),
        lead=record.description,
        delete_url=reverse("selector-delete", args=[name]) if may(principal, _DELETE) else "",
        delete_label=_("Delete selector…"),
        read_only="" if may(principal, _UPDATE) else _("You may look at it, not change it."),
    )
    return editing.answer(request, form, "accounts/selector.html")


@require_http_methods(FORM_METHODS)
def delete(request: HttpRequest, name: str) -> HttpResponse:
    """Asks, and deletes a content selector that no privilege refers to."""
    principal = require(request, _DELETE)
    _existing(name)
    question = Confirmation(
        title=_("Delete content selector %s?") % name,
        lines=(_("Privileges that refer to it keep it from being deleted."),),
        submit=_("Delete selector"),
        cancel_url=reverse("selector-edit", args=[name]),
    )
    if not question.is_given(request):
        return question.answer(request)
    try:
        delete_selector(principal, name)
    except REFUSALS as refusal:
        return question.with_error(str(refusal)).answer(request)
    return saved(request, reverse("selectors"), _("Content selector %s was deleted.") % name)


@require_http_methods(["POST"])
def attempt(request: HttpRequest) -> HttpResponse:
    """Whether the expression that is being written selects a path; nothing is saved."""
    require(request, READ)
    path = request.POST.get("path", "").strip()[:_LONGEST_PATH]
    context: dict[str, Any] = {}
    try:
        expression = csel.parse(request.POST.get("expression", ""))
    except csel.InvalidExpression as error:
        context["error"] = str(error)
    else:
        wanted = path if path.startswith("/") else f"/{path}"
        context["selected"] = expression.matches({"format": "docker", "path": wanted})
    return page(request, "accounts/_attempt.html", context)


def _settings(name: str, values: dict[str, Any]) -> SelectorSettings:
    return SelectorSettings(name, values["expression"], values["description"])


def _existing(name: str) -> SelectorRecord:
    found = next((record for record in current_selectors() if record.name == name), None)
    if found is None:
        raise Http404
    return found


def _crumbs(*more: Crumb) -> list[Crumb]:
    return [Crumb(_("Repository")), Crumb(_("Content Selectors"), reverse("selectors")), *more]
