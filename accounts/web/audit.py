"""The page of the audit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, time
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_safe

from accounts.audit.event import Domain, EventType
from accounts.audit.listing import EventFilter, newest_events
from accounts.decisions import application
from accounts.models import AuditEvent
from accounts.names import can_be_stored
from nexuslite.web.editing import require
from nexuslite.web.pages import is_fragment_request, page

READ = application("audit", "read")
PAGE_SIZE = 50
EXPORT = "/service/rest/v1/audit/export"
_LARGEST_KEY = 2**63 - 1
_DAYS = ("from", "until")
_FILTERS = ("initiator", "domain", "type", "context", *_DAYS)


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """A row of the table."""

    row: AuditEvent
    attributes: str
    """As JSON over several lines; empty where there are none."""


@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """The events, newest first; only the rows when the filter asks for them."""
    require(request, READ)
    chosen = _chosen(request)
    rows = newest_events(_filter(chosen), PAGE_SIZE + 1, _key(request.GET.get("before", "")))
    shown = [ShownEvent(row, _pretty(row)) for row in rows[:PAGE_SIZE]]
    older = {**chosen, "before": shown[-1].row.pk} if len(rows) > PAGE_SIZE else None
    context = {
        "rows": shown,
        "chosen": {**dict.fromkeys(_FILTERS, ""), **chosen},
        "filtered": bool(chosen),
        "domains": sorted(Domain),
        "types": sorted(EventType),
        "newest_url": f"{request.path}?{urlencode(chosen)}" if "before" in request.GET else "",
        "older_url": f"{request.path}?{urlencode(older)}" if older else "",
        "export_url": f"{EXPORT}?{urlencode({**chosen, 'format': 'csv'})}",
    }
    template = "accounts/_audit.html" if is_fragment_request(request) else "accounts/audit.html"
    return page(request, template, context)


def _chosen(request: HttpRequest) -> dict[str, str]:
    """The filters that say something; what is half typed or cannot be stored filters nothing."""
    texts = {name: request.GET.get(name, "").strip() for name in _FILTERS}
    return {
        name: text
        for name, text in texts.items()
        if text and can_be_stored(text) and (name not in _DAYS or _day(text))
    }


def _filter(chosen: dict[str, str]) -> EventFilter:
    return EventFilter(
        initiator=chosen.get("initiator"),
        domain=chosen.get("domain"),
        type=chosen.get("type"),
        context=chosen.get("context"),
        since=_day(chosen.get("from", "")),
        until=_day(chosen.get("until", "")),
    )


def _day(text: str) -> datetime | None:
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return None if day is None else datetime.combine(day, time.min, UTC)


def _key(text: str) -> int | None:
    is_key = text.isascii() and text.isdigit() and len(text) < 20
    return min(int(text), _LARGEST_KEY) if is_key else None


def _pretty(row: AuditEvent) -> str:
    return json.dumps(row.attributes, indent=2, ensure_ascii=True) if row.attributes else ""
