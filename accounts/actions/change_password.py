"""Changing a user's password."""

from __future__ import annotations

from django.db.models import Case, F, Value, When

from accounts import passwords
from accounts.actions import admin_password_file
from accounts.decisions import EVERYTHING, may
from accounts.errors import InvalidPassword, NotPermitted, UserNotFound
from accounts.models import User, UserStatus
from accounts.models.user import ADMIN_USER_ID
from accounts.principals import Principal
from nexuslite import stamps


def change_password(actor: Principal, user_id: str, password: str) -> None:
    """Sets the password; tokens and sessions of before are void. Others' needs `nexus:*`.

    The first change of admin's removes `<data>/admin.password`. Raises `NotPermitted`,
    `InvalidPassword`, `UserNotFound`, `TooManyAttempts`.
    """
    if actor.user_id != user_id and not may(actor, EVERYTHING):
        raise NotPermitted
    password_hash = hash_new_password(password)
    with stamps.change(stamps.SECURITY):
        changed = User.objects.filter(user_id=user_id).update(
            password=password_hash,
            credentials_version=F("credentials_version") + 1,
            status=Case(
                When(status=UserStatus.CHANGE_PASSWORD, then=Value(UserStatus.ACTIVE.value)),
                default=F("status"),
            ),
        )
    if not changed:
        raise UserNotFound(user_id)
    if user_id == ADMIN_USER_ID:
        admin_password_file.remove()


def hash_new_password(password: str) -> str:
    """The hash of a password somebody chose. Raises `InvalidPassword`, `TooManyAttempts`."""
    if not password:
        raise InvalidPassword("Password must be supplied.")
    try:
        password.encode()
    except UnicodeEncodeError:
        raise InvalidPassword("The password has characters that cannot be stored.") from None
    return passwords.hash_password(password)
