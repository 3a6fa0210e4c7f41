"""`/service/rest/v1/audit`. Nexus has no such resource; the fields are those of its audit log."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import Any

from django.http import StreamingHttpResponse
from django.utils.dateparse import parse_date, parse_datetime
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.audit import listing
from accounts.audit.event import json_line
from accounts.audit.listing import EventFilter
from accounts.decisions import application
from accounts.names import can_be_stored
from nexuslite.errors import FieldError, ValidationError
from nexuslite.rest.views import RestView

READ_AUDIT = application("audit", "read")
PAGE_SIZE = 100
_LARGEST_KEY = 2**63 - 1
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class Audit(RestView):
    """The events, newest first."""

    def get(self, request: Request) -> Response:
        """200 with a page of `PAGE_SIZE`; the `continuationToken` of the last page is null.

        Parameters: initiator (a user id), domain, type, context, from (included), until (not
        included): an ISO 8601 date or time, UTC unless it says otherwise.
        """
        self.require(READ_AUDIT)
        wanted = _filter(request)
        rows = listing.newest_events(wanted, PAGE_SIZE + 1, _key(request))
        page = rows[:PAGE_SIZE]
        token = str(page[-1].pk) if len(rows) > PAGE_SIZE else None
        items = [listing.as_json(row) for row in page]
        return Response({"items": items, "continuationToken": token})


class AuditExport(RestView):
    """All events that match, in one file."""

    def get(self, request: Request) -> StreamingHttpResponse:
        """200 with JSON lines, or CSV with `format=csv`; oldest first. Parameters as `Audit`."""
        self.require(READ_AUDIT)
        wanted = _filter(request)
        file_format = request.query_params.get("format", "jsonl")
        events = (listing.as_json(row) for row in listing.all_events(wanted))
        if file_format == "csv":
            return _download(_csv(events), "text/csv; charset=utf-8", "audit.csv")
        if file_format == "jsonl":
            lines = (f"{json_line(event)}\n" for event in events)
            return _download(lines, "application/x-ndjson", "audit.jsonl")
        raise ValidationError([FieldError("format", "must be one of csv, jsonl")])


def _filter(request: Request) -> EventFilter:
    texts = {name: _text(request, name) for name in ("initiator", "domain", "type", "context")}
    return EventFilter(**texts, since=_moment(request, "from"), until=_moment(request, "until"))


def _text(request: Request, name: str) -> str | None:
    text = request.query_params.get(name) or None
    if text is not None and not can_be_stored(text):
        raise ValidationError([FieldError(name, "has characters that cannot be stored")])
    return text


def _moment(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        # An offset's plus sign that was not encoded has become a space.
        moment = parse_datetime(text.replace(" ", "+") if "T" in text else text)
        day = parse_date(text) if moment is None else None
    except ValueError:
        moment = day = None
    if day is not None:
        moment = datetime.combine(day, time.min)
    if moment is None:
        raise ValidationError([FieldError(name, "must be a date or time of ISO 8601")])
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _key(request: Request) -> int | None:
    token = request.query_params.get("continuationToken")
    if not token:
        return None
    if not (token.isascii() and token.isdigit() and len(token) < 20 and int(token) <= _LARGEST_KEY):
        raise ValidationError([FieldError("continuationToken", "is none of this list")])
    return int(token)


def _download(content: Iterator[str], content_type: str, name: str) -> StreamingHttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(content, content_type=content_type, headers=headers)


class _Echo:
    """What a CSV writer writes to, to get the line back."""

    def write(self, line: str) -> str:
        return line


def _csv(events: Iterator[dict[str, Any]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    for number, event in enumerate(events):
        if number == 0:
            yield writer.writerow(event)
        yield writer.writerow(_cell(value) for value in event.values())


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        return json.dumps(value)
    # A spreadsheet would run what begins like a formula, and names may be chosen by strangers.
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
