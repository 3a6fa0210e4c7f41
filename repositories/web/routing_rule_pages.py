"""Pages of routing rules, with a box to try one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decisions import EVERYTHING
from nexuslite import regex
from nexuslite.errors import NotFound
from nexuslite.web.editing import Confirmation, Crumb, Editing, require, saved
from nexuslite.web.forms import REFUSALS, ActionForm
from nexuslite.web.listing import Choice, Listing
from nexuslite.web.pages import page
from repositories.actions.routing_rules import (
    MOST_MATCHERS,
    RoutingRuleSettings,
    create_routing_rule,
    delete_routing_rule,
    find_routing_rule,
    update_routing_rule,
)
from repositories.models import ProxySettings, RoutingRule
from repositories.models.routing_rule import RoutingMode
from repositories.routing import Routing

READ = EVERYTHING
FORM_METHODS = ["GET", "HEAD", "POST"]


class RoutingRuleForm(ActionForm):
    """A routing rule."""

    FIELDS_OF_ERRORS: ClassVar = {
        f"matchers[{place}]": "matchers" for place in range(MOST_MATCHERS)
    }

    name = forms.CharField(label=gettext_lazy("Name"))
    description = forms.CharField(label=gettext_lazy("Description"), required=False)
    mode = forms.ChoiceField(
        label=gettext_lazy("Mode"),
        choices=[
            (RoutingMode.BLOCK.value, gettext_lazy("Block: what matches is not asked for")),
            (RoutingMode.ALLOW.value, gettext_lazy("Allow: only what matches is asked for")),
        ],
        widget=forms.RadioSelect,
    )
    matchers = forms.CharField(
        label=gettext_lazy("Matchers"),
        widget=forms.Textarea,
        help_text=gettext_lazy(
            "Regular expressions, one on a line. Each has to match the whole path, such as "
            "/v2/library/nginx/manifests/latest."
        ),
    )

    def settings(self) -> RoutingRuleSettings:
        """What the action is to make of the values."""
        values = self.cleaned_data
        return RoutingRuleSettings(
            name=values["name"],
            description=values["description"],
            mode=values["mode"],
            matchers=_lines(values["matchers"]),
        )


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule in the list, with the repositories that use it."""

    rule: RoutingRule
    repositories: tuple[str, ...]


@require_safe
def routing_rules(request: HttpRequest) -> HttpResponse:
    """All routing rules."""
    require(request, READ)
    users: defaultdict[int | None, list[str]] = defaultdict(list)
    used = ProxySettings.objects.exclude(routing_rule=None).order_by("repository__name")
    for rule_id, name in used.values_list("routing_rule_id", "repository__name"):
        users[rule_id].append(name)
    rows = [RuleRow(rule, tuple(users[rule.pk])) for rule in RoutingRule.objects.order_by("name")]
    listing: Listing[RuleRow] = Listing(
        section=_("Repository"),
        title=_("Routing Rules"),
        lead=_("Which paths proxy repositories ask their remotes for."),
        rows_template="repositories/_routing_rules.html",
        filter_label=_("Filter routing rules"),
        create=(Choice("", reverse("routing-rule-create")),),
        create_label=_("Create Routing Rule"),
        help_title=_("What is a routing rule?"),
        help=(
            _(
                "A rule keeps a proxy from asking its remote for some paths, or for all others. "
                "With it a namespace stays your own: the internet cannot stand in for an image "
                "of yours."
            ),
        ),
    )
    return listing.answer(request, rows, lambda row: f"{row.rule.name} {row.rule.description}")


@require_http_methods(FORM_METHODS)
def create(request: HttpRequest) -> HttpResponse:
    """Makes a routing rule."""
    principal = require(request, EVERYTHING)
    posted = request.POST if request.method == "POST" else None
    form = RoutingRuleForm(posted, initial={"mode": RoutingMode.BLOCK.value})
    if request.method == "POST" and form.perform(
        lambda _values: create_routing_rule(principal, form.settings())
    ):
        message = _("Routing rule %s was created.") % form.cleaned_data["name"]
        return saved(request, reverse("routing-rules"), message)
    editing = Editing(
        title=_("Create Routing Rule"),
        crumbs=_crumbs(Crumb(_("Create"))),
        submit=_("Create Routing Rule"),
        cancel_url=reverse("routing-rules"),
    )
    return editing.answer(request, form, "repositories/routing_rule.html")


@require_http_methods(FORM_METHODS)
def edit(request: HttpRequest, name: str) -> HttpResponse:
    """Shows and changes a routing rule."""
    principal = require(request, EVERYTHING)
    rule = _existing(name)
    initial = {
        "name": rule.name,
        "description": rule.description,
        "mode": rule.mode,
        "matchers": "\n".join(rule.matchers),
    }
    form = RoutingRuleForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.perform(
        lambda _values: update_routing_rule(principal, name, form.settings())
    ):
        return saved(request, reverse("routing-rules"), _("Routing rule %s was changed.") % name)
    editing = Editing(
        title=name,
        crumbs=_crumbs(Crumb(name)),
        submit=_("Save"),
        cancel_url=reverse("routing-rules"),
        delete_url=reverse("routing-rule-delete", args=[name]),
        delete_label=_("Delete routing rule…"),
    )
    return editing.answer(request, form, "repositories/routing_rule.html")


@require_http_methods(FORM_METHODS)
def delete(request: HttpRequest, name: str) -> HttpResponse:
    """Asks, and deletes a routing rule that no repository uses."""
    principal = require(request, EVERYTHING)
    _existing(name)
    question = Confirmation(
        title=_("Delete routing rule %s?") % name,
        lines=(_("Repositories that use it keep it from being deleted."),),
        submit=_("Delete routing rule"),
        cancel_url=reverse("routing-rule-edit", args=[name]),
    )
    if not question.is_given(request):
        return question.answer(request)
    try:
        delete_routing_rule(principal, name)
    except REFUSALS as refusal:
        return question.with_error(str(refusal)).answer(request)
    return saved(request, reverse("routing-rules"), _("Routing rule %s was deleted.") % name)


@require_http_methods(["POST"])
def attempt(request: HttpRequest) -> HttpResponse:
    """Whether the rule that is being written lets a path through; nothing is saved."""
    require(request, EVERYTHING)
    matchers = _lines(request.POST.get("matchers", ""))[:MOST_MATCHERS]
    path = request.POST.get("path", "").strip()[:1000]
    context: dict[str, Any] = {"path": path}
    try:
        for matcher in matchers:
            regex.check(matcher)
    except regex.InvalidExpression as error:
        context["error"] = str(error)
    else:
        rule = Routing("", request.POST.get("mode", ""), matchers)
        context["allowed"] = rule.allows(path if path.startswith("/") else f"/{path}")
    return page(request, "repositories/_attempt.html", context)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _existing(name: str) -> RoutingRule:
    try:
        return find_routing_rule(name)
    except NotFound:
        raise Http404 from None


def _crumbs(*more: Crumb) -> list[Crumb]:
    return [Crumb(_("Repository")), Crumb(_("Routing Rules"), reverse("routing-rules")), *more]
