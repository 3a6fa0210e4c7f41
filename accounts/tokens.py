"""Docker bearer tokens: signed, short-lived, for one audience; and the offline tokens behind them.

An access token is a JWT as Distribution describes it (docs/content/spec/auth/jwt.md). A refresh
token has the same form, lives long, and is signed with a key of its own, so that neither can ever
stand in for the other. Keys are derived from Django's SECRET_KEY; those of SECRET_KEY_FALLBACKS
are accepted as well, so that a key can be rotated without ending what it has signed.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import jwt
from django.conf import settings

from accounts.errors import InvalidToken
from accounts.principals import ResourceAccess

ISSUER = "nexuslite"
LEEWAY_SECONDS = 60
"""How far the clocks of two nodes may be apart."""
SHORTEST_LIFETIME_SECONDS = 60
"""Clients take every token to live at least this long (Distribution, token.md)."""
REFRESH_LIFETIME_SECONDS = 90 * 24 * 3600

_ALGORITHM = "HS256"
_ACCESS = b"docker access token"
_REFRESH = b"docker refresh token"
_SIGNATURE_ALONE: Any = {
    f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")
}
_REQUIRED_CLAIMS = ["iss", "sub", "aud", "iat", "nbf", "exp", "jti"]


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token as it goes to the client."""

    text: str
    expires_in: int
    """Seconds it lives."""
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """What a token of ours says. Whether its user still may sign in is not known from it."""

    user_id: str | None
    """None for an anonymous token."""
    audience: str
    access: tuple[ResourceAccess, ...]
    credentials_version: int
    expires_at: int
    """Seconds since the epoch, without leeway."""
    token_id: str

    def has_expired(self) -> bool:
        """Whether its time is over, leeway included."""
        return time.time() >= self.expires_at + LEEWAY_SECONDS


def issue(
    user_id: str | None,
    audience: str,
    access: Iterable[ResourceAccess],
    credentials_version: int,
) -> IssuedToken:
    """A bearer token for the user (None: anonymous), good at the audience for the access."""
    granted = [
        {"type": entry.type, "name": entry.name, "actions": list(entry.actions)} for entry in access
    ]
    lifetime = max(settings.TOKEN_LIFETIME_SECONDS, SHORTEST_LIFETIME_SECONDS)
    return _sign(
        _ACCESS,
        user_id=user_id,
        audience=audience,
        credentials_version=credentials_version,
        lifetime=lifetime,
        claims={"access": granted},
    )


def verify(text: str, audience: str) -> VerifiedToken:
    """What the bearer token says. Raises `InvalidToken`."""
    return _read(_ACCESS, text, audience)


def issue_refresh(user_id: str, audience: str, credentials_version: int) -> IssuedToken:
    """An offline token that the user's client trades for bearer tokens of the audience."""
    return _sign(
        _REFRESH,
        user_id=user_id,
        audience=audience,
        credentials_version=credentials_version,
        lifetime=REFRESH_LIFETIME_SECONDS,
        claims={},
    )


def verify_refresh(text: str, audience: str) -> VerifiedToken:
    """What the offline token says. Raises `InvalidToken`, for a bearer token as well."""
    return _read(_REFRESH, text, audience)


def is_ours(text: str) -> bool:
    """Whether this server has signed the token, be it for another audience or long ago."""
    return any(_is_signed(purpose, text) for purpose in (_ACCESS, _REFRESH))


def _is_signed(purpose: bytes, text: str) -> bool:
    try:
        key = _accepted_keys(purpose)[jwt.get_unverified_header(text).get("kid", "")]
        jwt.decode(text, key, algorithms=[_ALGORITHM], options=_SIGNATURE_ALONE)
    except (KeyError, jwt.InvalidTokenError, ValueError, RecursionError):
        return False
    return True


@lru_cache(maxsize=16)
def _key(secret: str, purpose: bytes) -> tuple[str, bytes]:
    key = hmac.digest(secret.encode(), b"nexuslite " + purpose, "sha256")
    return hashlib.sha256(b"key id" + key).hexdigest()[:16], key


def _accepted_keys(purpose: bytes) -> dict[str, bytes]:
    accepted = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return dict(_key(secret, purpose) for secret in accepted)


def _sign(
    purpose: bytes,
    *,
    user_id: str | None,
    audience: str,
    credentials_version: int,
    lifetime: int,
    claims: Mapping[str, Any],
) -> IssuedToken:
    key_id, key = _key(settings.SECRET_KEY, purpose)
    now = int(time.time())
    payload = {
        "iss": ISSUER,
        "sub": user_id or "",
        "aud": audience,
        "iat": now,
        "nbf": now,
        "exp": now + lifetime,
        "jti": secrets.token_urlsafe(12),
        "credentials_version": credentials_version,
        **claims,
    }
    text = jwt.encode(payload, key, algorithm=_ALGORITHM, headers={"kid": key_id})
    return IssuedToken(text, lifetime, datetime.fromtimestamp(now, UTC))


def _read(purpose: bytes, text: str, audience: str) -> VerifiedToken:
    try:
        key = _accepted_keys(purpose)[jwt.get_unverified_header(text).get("kid", "")]
        claims = jwt.decode(
            text,
            key,
            algorithms=[_ALGORITHM],
            audience=audience,
            issuer=ISSUER,
            leeway=LEEWAY_SECONDS,
            options={"require": _REQUIRED_CLAIMS, "strict_aud": True},
        )
    except KeyError:
        raise InvalidToken("signed with an unknown key") from None
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
        raise InvalidToken(str(error)) from None
    return VerifiedToken(
        user_id=claims["sub"] or None,
        audience=audience,
        access=tuple(
            ResourceAccess(entry["type"], entry["name"], tuple(entry["actions"]))
            for entry in claims.get("access", ())
        ),
        credentials_version=claims["credentials_version"],
        expires_at=claims["exp"],
        token_id=claims["jti"],
    )
