"""Pages of repositories."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.decisions import may
from accounts.web.access import principal_of, refuse
from nexuslite.errors import NotFound
from nexuslite.web.pages import is_fragment_request, page
from repositories.administration import admin_permission
from repositories.browsing.images import list_images
from repositories.content_permissions import visible_images
from repositories.doors import (
    browsable_repositories,
    get_browsable_repository,
    may_push,
)
from repositories.figures import count_content
from repositories.web.commands import commands_for
from repositories.web.creation import creation_choices
from repositories.web.presentation import TYPE_LABELS, show

IMAGES_SHOWN = 50


@dataclass(frozen=True, slots=True)
class TypeChoice:
    """One segment of the type filter."""

    value: str
    label: str | Promise
    count: int
    chosen: bool


@require_safe
def repositories(request: HttpRequest) -> HttpResponse:
    """The list of repositories; only its rows when the filter asks for them."""
    principal = principal_of(request)
    records = browsable_repositories(principal)
    if principal.is_anonymous and not records:
        return refuse(request)
    text = request.GET.get("q", "").strip()
    chosen = request.GET.get("type", "")
    rows = [
        record
        for record in records
        if text.lower() in record.name.lower() and chosen in ("", record.type)
    ]
    context = {
        "rows": show(request, rows),
        "total": len(records),
        "text": text,
        "types": _type_choices(Counter(record.type for record in records), chosen),
        "creation": creation_choices(principal),
    }
    if is_fragment_request(request):
        return page(request, "repositories/_rows.html", context)
    return page(request, "repositories/list.html", context)


def _type_choices(counts: Counter[str], chosen: str) -> list[TypeChoice]:
    choices = [TypeChoice("", _("All"), counts.total(), chosen not in TYPE_LABELS)]
    for value, label in TYPE_LABELS.items():
        choices.append(TypeChoice(value, label, counts[value], chosen == value))
    return choices


@require_safe
def browse_repository(request: HttpRequest, name: str) -> HttpResponse:
    """One repository and how to connect to it."""
    principal = principal_of(request)
    try:
        record = get_browsable_repository(principal, name)
    except NotFound:
        return refuse(request)
    (shown,) = show(request, [record])
    via = request.GET.get("via")
    best = shown.addresses[0] if shown.addresses else None
    address = next((each for each in shown.addresses if each.text == via), best)
    text = request.GET.get("q", "").strip()[:200]
    after = request.GET.get("after", "")[:255]
    visible = visible_images(principal, record, "browse")
    images, more = list_images(record, text=text, after=after, size=IMAGES_SHOWN, visible=visible)
    context = {
        "images": images,
        "next_images": images[-1].name if more else "",
        "text": text,
        "after": after,
        "repository": shown,
        "address": address,
        "commands": commands_for(principal, address) if address else None,
        "may_edit": may(principal, admin_permission(name, "read")),
        "shows_push": shown.accepts_pushes and may_push(principal, record),
        "content": count_content([record]) if visible is None else None,
    }
    template = "browse/_images.html" if is_fragment_request(request) else "browse/repository.html"
    return page(request, template, context)
