"""How long rows of the audit are kept; the background process sees to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import QuerySet

from accounts.models import AuditEvent
from nexuslite.database import relaxed_transaction

MOST_BY_STRANGERS = 200_000
"""Rows. Whoever has no account can add some every minute; what others did is not pushed out."""
_BATCH = 1000


def remove_older_than(days: int) -> int:
    """Deletes the rows of more than so many days ago, and returns how many; 0 keeps all of them."""
    if days <= 0:
        return 0
    until = datetime.now(UTC) - timedelta(days=days)
    return _remove(AuditEvent.objects.filter(timestamp__lt=until).order_by("timestamp"))


def remove_surplus_of_strangers() -> int:
    """Deletes the oldest of the rows that strangers have caused beyond `MOST_BY_STRANGERS`."""
    rows = AuditEvent.objects.filter(by_stranger=True)
    newest_surplus = rows.order_by("-pk").values_list("pk", flat=True)[MOST_BY_STRANGERS:].first()
    if newest_surplus is None:
        return 0
    return _remove(rows.filter(pk__lte=newest_surplus).order_by("pk"))


def _remove(rows: QuerySet[AuditEvent]) -> int:
    """Deletes in small transactions, so that no other writer waits for long."""
    removed = 0
    while True:
        batch = list(rows.values_list("pk", flat=True)[:_BATCH])
        if not batch:
            return removed
        with relaxed_transaction():
            AuditEvent.objects.filter(pk__in=batch)._raw_delete(connection.alias)
        removed += len(batch)
