"""Reading the audit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts.audit.event import Event
from accounts.audit.origin import Origin
from accounts.models import AuditEvent

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are wanted; None is any. Times are those of the first of several events."""

    initiator: str | None = None
    domain: str | None = None
    type: str | None = None
    context: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Not included."""

    def rows(self) -> QuerySet[AuditEvent]:
        """The rows that match, in no order."""
        wanted = {
            "initiator": self.initiator,
            "domain": self.domain,
            "type": self.type,
            "context": self.context,
            "timestamp__gte": self.since,
            "timestamp__lt": self.until,
        }
        chosen = {name: value for name, value in wanted.items() if value is not None}
        return AuditEvent.objects.filter(**chosen)


def newest_events(wanted: EventFilter, most: int, before: int | None = None) -> list[AuditEvent]:
    """The newest events that match, or the newest of those that come before a key. One query."""
    rows = wanted.rows()
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows.order_by("-pk")[:most])


def all_events(wanted: EventFilter) -> Iterator[AuditEvent]:
    """Every event that matches, oldest first; read in chunks, however many there are."""
    last = 0
    while True:
        chunk = list(wanted.rows().filter(pk__gt=last).order_by("pk")[:_CHUNK])
        yield from chunk
        if len(chunk) < _CHUNK:
            return
        last = chunk[-1].pk


def as_json(row: AuditEvent) -> dict[str, Any]:
    """The event as the log tells it, with its key."""
    event = Event(
        timestamp=row.timestamp,
        domain=row.domain,
        type=row.type,
        context=row.context,
        attributes=row.attributes,
        initiator=row.initiator,
        source=row.source,
        realm=row.realm,
        credential=row.credential,
        token_id=row.token_id,
        origin=Origin(row.address, row.request_id),
        count=row.count,
        last=row.last,
        node=row.node,
    )
    return {"id": str(row.pk), **event.as_json()}
