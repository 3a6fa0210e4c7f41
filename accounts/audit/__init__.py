"""Who did what, when, from where: rows that are only ever added, and lines of a log file.

A change of configuration, security or content is recorded by its action, inside the action's own
transaction, so that the row commits with the change or not at all:

    def change() -> None:
        ...write the rows...
        audit.record(actor, Domain.USER, EventType.UPDATED, user_id, audit.changes(before, after))

What happens with every request, and what strangers can cause at will, is gathered in memory and
written in batches by nobody's request, so that it fills neither the disk nor the queue of writers:

    audit.sign_in_accepted(principal)
    audit.sign_in_refused("alice", "incorrect password")
    audit.sign_in_blocked("alice", "too many failures")
    audit.denied(principal, "nexus:roles:create")

Who acts is always an argument. The address and the id of the request come from `begin_request`,
which the entrances of the program call. Work that is nobody's request is done by `SYSTEM`.

No secret is kept: values of fields that are named like one are masked, whoever passes them.
"""

from accounts.audit.attributes import MASK, changes, created, deleted, values_of
from accounts.audit.event import Domain, EventType
from accounts.audit.gathering import flush
from accounts.audit.noting import denied, sign_in_accepted, sign_in_blocked, sign_in_refused
from accounts.audit.origin import begin_request
from accounts.audit.recording import record
from accounts.principals import SYSTEM

__all__ = [
    "MASK",
    "SYSTEM",
    "Domain",
    "EventType",
    "begin_request",
    "changes",
    "created",
    "deleted",
    "denied",
    "flush",
    "record",
    "sign_in_accepted",
    "sign_in_blocked",
    "sign_in_refused",
    "values_of",
]
