"""The Docker Bearer Token Realm: whoever shows a token that the token endpoint has issued."""

from __future__ import annotations

from dataclasses import dataclass

from accounts import directory, tokens
from accounts.errors import InvalidToken
from accounts.models.security_settings import DOCKER_TOKEN_REALM
from accounts.principals import Principal
from accounts.realms.base import Credentials, TokenCredentials
from accounts.stamped_cache import StampedCache


@dataclass(frozen=True, slots=True)
class _Accepted:
    principal: Principal
    token: tokens.VerifiedToken


class DockerTokenRealm:
    """Accepts a bearer token at its audience, while its user's credentials are what they were."""

    id = DOCKER_TOKEN_REALM
    name = "Docker Bearer Token Realm"

    def __init__(self) -> None:
        self._accepted: StampedCache[tuple[str, str], _Accepted] = StampedCache(size=4096)

    def authenticate(self, credentials: Credentials) -> Principal | None:
        """The token's user, or None. A token seen before costs one look-up and no query."""
        if not isinstance(credentials, TokenCredentials) or credentials.audience is None:
            return None
        try:
            accepted = self._accepted.lookup((credentials.text, credentials.audience), self._accept)
        except InvalidToken:
            return None
        return None if accepted.token.has_expired() else accepted.principal

    def _accept(self, shown: tuple[str, str]) -> _Accepted:
        text, audience = shown
        token = tokens.verify(text, audience)
        source = check_holder(token)
        principal = Principal(
            user_id=token.user_id,
            source=source,
            realm=self.id,
            credential="token",
            token_access=token.access,
            token_id=token.token_id,
            credentials_version=token.credentials_version,
        )
        return _Accepted(principal, token)


def check_holder(token: tokens.VerifiedToken) -> str:
    """The source of the user the token was issued to, if the user's credentials still hold.

    Raises `InvalidToken` when the user is gone or locked out or has a new password, and for an
    anonymous token when anonymous access is off.
    """
    if token.user_id is None:
        if not directory.security_settings().anonymous_enabled:
            raise InvalidToken("anonymous access is off")
        return "default"
    user = directory.find_user(token.user_id)
    if user is None or not user.may_sign_in:
        raise InvalidToken("its user may not sign in")
    if user.credentials_version != token.credentials_version:
        raise InvalidToken("issued for earlier credentials")
    return user.source
