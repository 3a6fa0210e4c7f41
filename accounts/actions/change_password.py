"""Changing a user's password."""

from __future__ import annotations

import logging

from django.db.models import Case, F, Value, When

from accounts import audit, directory, passwords
from accounts.actions import admin_password_file
from accounts.actions.security import require
from accounts.attempts import OwnPasswordAttempt
from accounts.audit import Domain, EventType
from accounts.decisions import EVERYTHING
from accounts.errors import InvalidPassword, NotPermitted, UserNotFound
from accounts.models import User, UserStatus
from accounts.models.user import ADMIN_USER_ID
from accounts.principals import Principal
from nexuslite import stamps

logger = logging.getLogger(__name__)

LONGEST_PASSWORD = 4096
"""Characters. Hashing must not be made to cost more than it does."""


def change_own_password(actor: Principal, current: str, password: str) -> None:
    """Sets one's own password, for whoever knows the one of now.

    Tokens and sessions of before are void. Raises `NotPermitted` for a wrong one and for whoever is
    no local user, `InvalidPassword`, `TooManyAttempts`.
    """
    user = directory.find_user(actor.user_id) if actor.user_id is not None else None
    if user is None or not user.may_sign_in or actor.source != user.source:
        raise NotPermitted
    check_password(password)
    attempt = OwnPasswordAttempt(user.user_id)
    if not passwords.verify(user.user_id, current, user.password_hash, attempt):
        audit.sign_in_refused(user.user_id, "incorrect password at a change of the password")
        raise NotPermitted
    _store(actor, user.user_id, passwords.hash_password(password))
    logger.info("%s changed the own password", actor)


def change_password(actor: Principal, user_id: str, password: str) -> None:
    """Sets the password of any local user; tokens and sessions of before are void.

    Needs `nexus:*`. Raises `NotPermitted`, `InvalidPassword`, `UserNotFound`, `TooManyAttempts`.
    """
    check_password(password)
    require(actor, EVERYTHING)
    if directory.find_user(user_id) is None:
        raise UserNotFound(user_id)
    _store(actor, user_id, passwords.hash_password(password))
    logger.info("%s changed the password of %.100r", actor, user_id)


def _store(actor: Principal, user_id: str, password_hash: str) -> None:
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
        audit.record(actor, Domain.USER, EventType.PASSWORD_CHANGED, user_id)
    if user_id == ADMIN_USER_ID:
        # The first change makes the file with the first password worthless.
        admin_password_file.remove()


def hash_new_password(password: str) -> str:
    """The hash of a password somebody chose. Raises `InvalidPassword`, `TooManyAttempts`."""
    check_password(password)
    return passwords.hash_password(password)


def check_password(password: str) -> None:
    """Whether somebody may choose the password. Raises `InvalidPassword`."""
    if not password:
        raise InvalidPassword("Password must be supplied.")
    if len(password) > LONGEST_PASSWORD:
        raise InvalidPassword(f"A password has at most {LONGEST_PASSWORD} characters.")
    try:
        password.encode()
    except UnicodeEncodeError:
        raise InvalidPassword("The password has characters that cannot be stored.") from None
