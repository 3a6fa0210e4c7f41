"""The events that are gathered: sign-ins and denials."""

from __future__ import annotations

from accounts.audit.event import Domain, EventType, new_event
from accounts.audit.gathering import gather
from accounts.principals import ANONYMOUS, Principal

_LONGEST_ACCOUNT = 100


def sign_in_accepted(principal: Principal) -> None:
    """Somebody has shown a right password or refresh token."""
    gather(new_event(principal, Domain.SIGN_IN, EventType.ACCEPTED, str(principal)))


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

    `what` is the permission, with the name of what was asked for where there is one. For somebody
    without credentials it is a challenge and no event.
    """
    if principal.is_anonymous:
        return
    examples = {"examples": [what]}
    gather(new_event(principal, Domain.PERMISSION, EventType.DENIED, str(principal), examples))


def _by_stranger(event_type: EventType, user_id: str, reason: str) -> None:
    claimed = user_id[:_LONGEST_ACCOUNT]
    gather(
        new_event(
            ANONYMOUS,
            Domain.SIGN_IN,
            event_type,
            claimed,
            {"examples": [reason]},
            by_stranger=True,
        )
    )
