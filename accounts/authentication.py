"""From an Authorization header to a principal, by the active realms in their order."""

from __future__ import annotations

import base64
import binascii
import logging

from accounts import audit, directory, realms
from accounts.errors import CredentialsRefused, Refusal
from accounts.principals import ANONYMOUS, Principal
from accounts.realms.base import Credentials, PasswordCredentials, TokenCredentials

logger = logging.getLogger(__name__)


def authenticate(authorization: str | None, audience: str | None, remote_address: str) -> Principal:
    """Who makes the request. Without credentials: an anonymous principal.

    `audience` is the name that bearer tokens must have been issued for, None where they count for
    nothing. `remote_address` is the client's. Raises `CredentialsRefused`, `TooManyAttempts`.
    """
    credentials = parse_authorization(authorization, audience)
    if credentials is None:
        return ANONYMOUS
    return authenticate_credentials(credentials, remote_address)


def authenticate_credentials(credentials: Credentials, remote_address: str) -> Principal:
    """The principal of the first active realm that accepts. Raises as `authenticate`."""
    for realm_id in directory.security_settings().active_realms:
        realm = realms.get(realm_id)
        principal = realm.authenticate(credentials) if realm else None
        if principal is not None:
            if isinstance(credentials, PasswordCredentials):
                # A token is a sign-in where it is issued, not wherever it is shown.
                audit.sign_in_accepted(principal)
            return principal
    if isinstance(credentials, TokenCredentials):
        audit.sign_in_refused("", Refusal.TOKEN)
        logger.info("a bearer token from %s was refused", remote_address)
        raise CredentialsRefused(Refusal.TOKEN)
    audit.sign_in_refused(credentials.user_id, Refusal.PASSWORD)
    # %r: what a stranger sends must not break a log line.
    logger.info("the password of %.100r from %s was refused", credentials.user_id, remote_address)
    raise CredentialsRefused(Refusal.PASSWORD)


def parse_authorization(authorization: str | None, audience: str | None) -> Credentials | None:
    """The credentials of an Authorization header; None when it brings none.

    Raises `CredentialsRefused` for a header that is neither Basic nor Bearer, or is broken.
    """
    if not authorization:
        return None
    scheme, _, rest = authorization.strip().partition(" ")
    rest = rest.strip()
    if scheme.lower() == "basic":
        return _parse_basic(rest)
    if scheme.lower() == "bearer" and rest:
        return TokenCredentials(rest, audience)
    raise CredentialsRefused(Refusal.MALFORMED)


def _parse_basic(encoded: str) -> PasswordCredentials | None:
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise CredentialsRefused(Refusal.MALFORMED) from None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        # RFC 7617 leaves the encoding open; older clients send Latin-1, which decodes anything.
        text = raw.decode("latin-1")
    user_id, colon, password = text.partition(":")
    if not colon:
        raise CredentialsRefused(Refusal.MALFORMED)
    if not user_id and not password:
        # podman without a login answers a Basic challenge with an empty user and password.
        return None
    return PasswordCredentials(user_id, password)
