"""The Local Authenticating Realm: users of the own database, by password."""

from __future__ import annotations

from accounts import directory, passwords
from accounts.models.security_settings import LOCAL_AUTHENTICATING_REALM
from accounts.principals import Principal
from accounts.realms.base import Credentials, PasswordCredentials


class LocalAuthenticatingRealm:
    """Accepts the password of a local user who may sign in."""

    id = LOCAL_AUTHENTICATING_REALM
    name = "Local Authenticating Realm"

    def authenticate(self, credentials: Credentials) -> Principal | None:
        """The local user, or None. Unknown and disabled users cost as much as a wrong password."""
        if not isinstance(credentials, PasswordCredentials):
            return None
        user = directory.find_user(credentials.user_id)
        if user is not None and not user.may_sign_in:
            user = None
        stored = user.password_hash if user else None
        attempt = credentials.attempt
        matches = passwords.verify(credentials.user_id, credentials.password, stored, attempt)
        if user is None or not matches:
            return None
        return Principal(
            user_id=user.user_id,
            source=user.source,
            realm=self.id,
            credential="basic",
            credentials_version=user.credentials_version,
        )
