"""Users and security settings as requests see them: read once, remembered under the stamp."""

from __future__ import annotations

from dataclasses import dataclass, field

from accounts.models import SecuritySettings, User, UserStatus
from accounts.names import can_be_stored
from accounts.stamped_cache import StampedCache


@dataclass(frozen=True, slots=True)
class UserRecord:
    """What deciding about a user's credentials needs to know of the user."""

    user_id: str
    status: UserStatus
    source: str
    credentials_version: int
    password_hash: str = field(repr=False)

    @property
    def may_sign_in(self) -> bool:
        """Whether the status lets the user in."""
        return self.status.may_sign_in


@dataclass(frozen=True, slots=True)
class SecurityRecord:
    """The security settings in force."""

    active_realms: tuple[str, ...]
    anonymous_enabled: bool
    anonymous_user_id: str
    anonymous_realm_name: str


_users: StampedCache[str, UserRecord | None] = StampedCache(size=2048)
_settings: StampedCache[int, SecurityRecord] = StampedCache(size=1)


def find_user(user_id: str) -> UserRecord | None:
    """The user with the id, None when there is none. At most one query."""
    if not can_be_stored(user_id):
        return None
    # Unknown ids are remembered too: a second attempt costs the same whoever is asked for.
    return _users.lookup(user_id, _load_user)


def security_settings() -> SecurityRecord:
    """The security settings in force. At most one query."""
    return _settings.lookup(SecuritySettings.ROW, _load_settings)


def _load_user(user_id: str) -> UserRecord | None:
    row = (
        User.objects.filter(user_id=user_id)
        .values_list("user_id", "status", "source", "credentials_version", "password")
        .first()
    )
    if row is None:
        return None
    found, status, source, version, password_hash = row
    return UserRecord(found, UserStatus(status), source, version, password_hash)


def _load_settings(row_id: int) -> SecurityRecord:
    row = SecuritySettings.objects.filter(pk=row_id).first() or SecuritySettings()
    return SecurityRecord(
        active_realms=tuple(row.active_realms),
        anonymous_enabled=row.anonymous_enabled,
        anonymous_user_id=row.anonymous_user_id,
        anonymous_realm_name=row.anonymous_realm_name,
    )
