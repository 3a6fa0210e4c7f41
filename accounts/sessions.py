"""Signing in to the web UI: a Django session that remembers who signed in, and nothing else."""

from __future__ import annotations

from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.middleware.csrf import rotate_token
from django.utils import timezone

from accounts import audit, directory
from accounts.audit import Domain, EventType
from accounts.authentication import authenticate_credentials
from accounts.principals import Principal
from accounts.realms.base import PasswordCredentials

_USER_ID = "user_id"
_VERSION = "credentials_version"
_REALM = "realm"


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
