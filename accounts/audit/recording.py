"""Adding rows to the audit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.db import connection, transaction

from accounts.audit import log_file
from accounts.audit.event import Event, json_line, new_event
from accounts.principals import Principal

_INTO = (
    "INSERT INTO accounts_audit_event (timestamp, last, count, domain, type, context, initiator, "
    "source, address, realm, credential, token_id, request_id, node, by_stranger, attributes) "
    "VALUES "
)
_MARKS = f"({', '.join(['%s'] * 16)})"


def record(
    actor: Principal,
    domain: str,
    event_type: str,
    context: str,
    attributes: Mapping[str, Any] | None = None,
) -> None:
    """Adds the row of a change to the transaction of the change; one statement.

    `context` names what was changed, `attributes` tell how; secrets in them are masked. The line
    of the log follows the commit. Raises `TransactionManagementError` outside of a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "an event is recorded in the transaction of its change"
        )
    event = new_event(actor, domain, event_type, context, attributes)
    insert([event])
    transaction.on_commit(partial(write_lines, [event]), robust=True)


def insert(events: Sequence[Event]) -> None:
    """Adds the rows with one statement, in the transaction under way."""
    # Written out: composing the statement would cost Django more than running it does.
    parameters = [value for event in events for value in _values(event)]
    with connection.cursor() as cursor:
        cursor.execute(_INTO + ", ".join([_MARKS] * len(events)), parameters)


def write_lines(events: Sequence[Event]) -> None:
    """Adds lines to the log; a log that cannot be written is complained about and no more."""
    log_file.append([json_line(event.as_json()) for event in events])


def _values(event: Event) -> tuple[Any, ...]:
    adapt = connection.ops.adapt_datetimefield_value
    return (
        adapt(event.timestamp),
        None if event.last is None else adapt(event.last),
        event.count,
        event.domain,
        event.type,
        event.context,
        event.initiator,
        event.source,
        event.origin.address,
        event.realm,
        event.credential,
        event.token_id,
        event.origin.request_id,
        event.node,
        event.by_stranger,
        json.dumps(event.attributes),
    )
