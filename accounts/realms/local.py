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
        stored = user.password_hash if user else None
        matches = passwords.verify(credentials.user_id, credentials.password, stored)
        if user is None or not matches or not user.may_sign_in:
            return None
        return Principal(
            user_id=user.user_id,
            source=user.source,
            realm=self.id,
            credential="basic",
            credentials_version=user.credentials_version,
        )
