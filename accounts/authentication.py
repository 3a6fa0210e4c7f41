"""From an Authorization header to a principal, by the active realms in their order."""

from __future__ import annotations

import base64
import binascii
import logging
from typing import NoReturn

from accounts import attempts, audit, directory, realms, tokens
from accounts.attempts import PasswordAttempt
from accounts.errors import CredentialsRefused, Refusal, TooManyFailures
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
    if isinstance(credentials, TokenCredentials):
        return _by_token(credentials, remote_address)
    try:
        return _by_password(credentials, PasswordAttempt(credentials.user_id, remote_address))
    except CredentialsRefused as refused:
        audit.sign_in_refused(credentials.user_id, refused.refusal)
        # %r: what a stranger sends must not break a log line.
        user_id = credentials.user_id
        logger.info("the password of %.100r from %s was refused", user_id, remote_address)
        raise
    except TooManyFailures:
        audit.sign_in_blocked(credentials.user_id, "too many wrong passwords")
        raise


def _by_password(credentials: PasswordCredentials, attempt: PasswordAttempt) -> Principal:
    attempt.admit()
    guarded = PasswordCredentials(credentials.user_id, credentials.password, attempt)
    principal = _first_acceptance(guarded)
    if principal is None:
        attempt.refuse()
        raise CredentialsRefused(Refusal.PASSWORD)
    attempt.succeeded()
    # A token is a sign-in where it is issued, not wherever it is shown.
    audit.sign_in_accepted(principal)
    return principal


def _by_token(credentials: TokenCredentials, remote_address: str) -> Principal:
    principal = _first_acceptance(credentials)
    if principal is None:
        refuse_token(credentials.text, remote_address)
    return principal


def refuse_token(text: str, remote_address: str) -> NoReturn:
    """Raises `CredentialsRefused`, or `TooManyFailures` after many that were never ours.

    Tokens that have run out are a client's everyday business: they are how it learns to ask for
    a new one.
    """
    if not tokens.is_ours(text):
        try:
            attempts.forged_token(remote_address)
        except TooManyFailures:
            audit.sign_in_blocked("", "too many forged tokens")
            raise
        logger.info("a token from %s was refused that is none of ours", remote_address)
    audit.sign_in_refused("", Refusal.TOKEN)
    raise CredentialsRefused(Refusal.TOKEN)


def _first_acceptance(credentials: Credentials) -> Principal | None:
    for realm_id in directory.security_settings().active_realms:
        realm = realms.get(realm_id)
        principal = realm.authenticate(credentials) if realm else None
        if principal is not None:
            return principal
    return None


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
