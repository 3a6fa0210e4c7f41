"""Users and security settings as requests see them: read once, remembered under the stamp."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import connection

from accounts.models import SecuritySettings, UserStatus
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
    roles: tuple[str, ...]
    """Ids of the roles that the user was given, in their order."""

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


_MOST_USERS = 2048
_users: StampedCache[str, UserRecord | None] = StampedCache(size=_MOST_USERS)
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


def remember_all() -> None:
    """Reads the settings and as many users as are remembered, before anybody asks for them."""
    _settings.fill(lambda: [(SecuritySettings.ROW, _load_settings(SecuritySettings.ROW))])
    some = "u.id IN (SELECT id FROM accounts_user ORDER BY id DESC LIMIT %s)"
    _users.fill(lambda: ((user.user_id, user) for user in _read_users(some, _MOST_USERS)))


def _load_user(user_id: str) -> UserRecord | None:
    return next(_read_users("u.user_id = %s", user_id), None)


def _read_users(condition: str, *parameters: Any) -> Iterator[UserRecord]:
    # Users with their roles in one query, which the models could not make.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT u.user_id, u.status, u.source, u.credentials_version, u.password, r.role_id "  # noqa: S608
            "FROM accounts_user u LEFT JOIN accounts_user_role r "
            "ON r.user_id = u.user_id AND r.source = u.source "
            f"WHERE {condition} ORDER BY u.id, r.id",
            parameters,
        )
        rows = cursor.fetchall()
    for user, of_user in groupby(rows, itemgetter(slice(5))):
        found, status, source, version, password_hash = user
        roles = tuple(row[5] for row in of_user if row[5] is not None)
        yield UserRecord(found, UserStatus(status), source, version, password_hash, roles)


def _load_settings(row_id: int) -> SecurityRecord:
    row = SecuritySettings.objects.filter(pk=row_id).first() or SecuritySettings()
    return SecurityRecord(
        active_realms=tuple(row.active_realms),
        anonymous_enabled=row.anonymous_enabled,
        anonymous_user_id=row.anonymous_user_id,
        anonymous_realm_name=row.anonymous_realm_name,
    )
