"""The events that are gathered: sign-ins and denials."""

from __future__ import annotations

from accounts.audit.event import Domain, Event, EventType, new_event
from accounts.audit.gathering import gather
from accounts.audit.origin import current_origin
from accounts.principals import ANONYMOUS, Principal

_LONGEST_ACCOUNT = 100


def sign_in_accepted(principal: Principal) -> None:
    """Somebody has shown a right password or refresh token."""
    _by_principal(principal, Domain.SIGN_IN, EventType.ACCEPTED)


def sign_in_refused(user_id: str, reason: str) -> None:
    """Somebody unknown has shown credentials that no realm accepts.

    `user_id` is what they claim to be, empty for a token. `reason` is one of a few sentences.
    """
    _by_stranger(EventType.REFUSED, user_id, reason)


def sign_in_blocked(user_id: str, reason: str) -> None:
    """Credentials were not even looked at: too many were wrong before. As `sign_in_refused`."""
    _by_stranger(EventType.BLOCKED, user_id, reason)


def denied(principal: Principal, what: str) -> None:
    """Somebody known was refused what the permissions do not allow.

    `what` is the permission, or the request where that says more. For somebody without credentials
    it is a challenge and no event.
    """
    if not principal.is_anonymous:
        _by_principal(principal, Domain.PERMISSION, EventType.DENIED, what)


def _by_principal(
    principal: Principal, domain: Domain, event_type: EventType, example: str = ""
) -> None:
    def make() -> Event:
        return new_event(principal, domain, event_type, str(principal))

    key = (
        domain,
        event_type,
        str(principal),
        principal.source,
        principal.realm or "",
        principal.credential or "",
        current_origin().address,
    )
    gather(key, make, example)


def _by_stranger(event_type: EventType, user_id: str, reason: str) -> None:
    claimed = user_id[:_LONGEST_ACCOUNT]

    def make() -> Event:
        return new_event(ANONYMOUS, Domain.SIGN_IN, event_type, claimed, by_stranger=True)

    key = (event_type, claimed, current_origin().address)
    gather(key, make, reason, by_stranger=True)
