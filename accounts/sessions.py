"""Signing in to the web UI: a Django session that remembers who signed in, and from where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.middleware.csrf import rotate_token
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts import audit, directory
from accounts.audit import Domain, EventType
from accounts.authentication import authenticate_credentials
from accounts.principals import Principal
from accounts.realms.base import PasswordCredentials
from accounts.session_store import hashed

_USER_ID = "user_id"
_VERSION = "credentials_version"
_REALM = "realm"
_STARTED = "started"
_ADDRESS = "address"
_PROGRAM = "program"

MOST_SESSIONS = 2000
_LONGEST_PROGRAM = 200


def authenticate_session(
    request: HttpRequest, user_id: str, password: str, remote_address: str
) -> Principal:
    """Signs in with a password. Raises `CredentialsRefused`, `TooManyAttempts`."""
    credentials = PasswordCredentials(user_id, password)
    principal = authenticate_credentials(credentials, remote_address)
    # A new session under a new key: one planted before the sign-in is worth nothing.
    request.session.flush()
    request.session[_USER_ID] = principal.user_id
    request.session[_VERSION] = principal.credentials_version
    request.session[_REALM] = principal.realm
    request.session[_STARTED] = timezone.now().isoformat(timespec="seconds")
    request.session[_ADDRESS] = remote_address
    request.session[_PROGRAM] = request.headers.get("User-Agent", "")[:_LONGEST_PROGRAM]
    rotate_token(request)
    signed_in = principal_of(request) or principal
    _record(signed_in, EventType.SESSION_STARTED)
    return signed_in


def principal_of(request: HttpRequest) -> Principal | None:
    """The principal of the request's session.

    None when nobody has signed in, the user's password or status has changed since, or the realm
    that has accepted the password is active no more.
    """
    user_id = request.session.get(_USER_ID)
    if not isinstance(user_id, str):
        return None
    user = directory.find_user(user_id)
    if user is None or not user.may_sign_in:
        return None
    if user.credentials_version != request.session.get(_VERSION):
        return None
    if request.session.get(_REALM) not in directory.security_settings().active_realms:
        return None
    return Principal(
        user_id=user.user_id,
        source=user.source,
        realm=request.session.get(_REALM),
        credential="session",
        credentials_version=user.credentials_version,
    )


def sign_out(request: HttpRequest) -> None:
    """Ends the session."""
    principal = principal_of(request)
    request.session.flush()
    rotate_token(request)
    if principal is not None:
        _record(principal, EventType.SESSION_ENDED)


def _record(principal: Principal, event_type: EventType) -> None:
    # Rare, and worth more than what is gathered.
    with transaction.atomic():
        audit.record(principal, Domain.SIGN_IN, event_type, str(principal))


def remove_expired() -> int:
    """Deletes the sessions that have run out; returns how many."""
    removed, _ = Session.objects.filter(expire_date__lt=timezone.now()).delete()
    return removed


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A browser that is signed in, as its user sees it."""

    id: str
    """What its row is found by: a hash, which signs nobody in."""
    started: datetime | None
    address: str
    program: str
    """What the browser calls itself; whatever it likes."""
    is_this_one: bool


def sessions_of(request: HttpRequest, user_id: str) -> list[OpenSession]:
    """The sessions of the user that have not run out, the newest first; one query.

    Whose a session is stands within it. So at most the newest `MOST_SESSIONS` of all are looked at.
    """
    user = directory.find_user(user_id)
    own = hashed(request.session.session_key or "")
    rows = Session.objects.filter(expire_date__gt=timezone.now()).order_by("-expire_date")
    found = []
    for row in rows[:MOST_SESSIONS]:
        data = row.get_decoded()
        # With another password than today's it signs nobody in any more.
        if user and (data.get(_USER_ID), data.get(_VERSION)) == (user_id, user.credentials_version):
            started = parse_datetime(data.get(_STARTED, ""))
            address, program = data.get(_ADDRESS, ""), data.get(_PROGRAM, "")
            is_own = row.session_key == own
            found.append(OpenSession(row.session_key, started, address, program, is_own))
    return found


def end_session(principal: Principal, session_id: str) -> bool:
    """Ends one of the principal's own sessions; False when there is none with the id."""
    row = Session.objects.filter(session_key=session_id).first()
    if row is None or row.get_decoded().get(_USER_ID) != principal.user_id:
        return False
    row.delete()
    _record(principal, EventType.SESSION_ENDED)
    return True
