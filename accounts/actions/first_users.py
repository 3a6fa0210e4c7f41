"""The two users of a fresh server."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import IntegrityError

from accounts import audit, passwords
from accounts.actions import admin_password_file
from accounts.actions.users import record_new_user
from accounts.models import User, UserRole, UserStatus
from accounts.models.user import ADMIN_USER_ID, ANONYMOUS_USER_ID, first_credentials_version
from accounts.roles import ADMIN_ROLE, ANONYMOUS_ROLE
from nexuslite import stamps


def ensure_first_users() -> None:
    """Creates `admin` and `anonymous` if there is no user at all; safe to call at every start.

    The password of `admin` comes from NEXUSLITE_ADMIN_PASSWORD, else a random one is written to
    `<data>/admin.password` and has to be changed (Nexus 3, first run).
    """
    if User.objects.exists():
        _remove_stale_password_file()
        return
    given = settings.NEXUSLITE_ADMIN_PASSWORD
    password = given or str(uuid.uuid4())
    users = [_admin(password, must_change=not given), _anonymous()]
    try:
        with stamps.change(stamps.SECURITY):
            if User.objects.exists():
                return
            User.objects.bulk_create(users)
            UserRole.objects.bulk_create(_roles())
            for user in users:
                record_new_user(audit.SYSTEM, user.user_id)
            if not given:
                # Before the commit, although it is file work: only who has won the race to create
                # the users gets here, and a crash must not leave an admin whose password nobody
                # knows. A file without its users is replaced at the next start.
                admin_password_file.write(password)
    except IntegrityError:
        # Another node of the same database was first.
        return


def _admin(password: str, must_change: bool) -> User:
    status = UserStatus.CHANGE_PASSWORD if must_change else UserStatus.ACTIVE
    return new_admin(passwords.hash_password(password), status)


def new_admin(password_hash: str, status: UserStatus) -> User:
    """The administrator as Nexus names it, not saved."""
    return User(
        user_id=ADMIN_USER_ID,
        first_name="Administrator",
        last_name="User",
        email="admin@example.org",
        status=status,
        password=password_hash,
        credentials_version=first_credentials_version(),
    )


def _anonymous() -> User:
    return User(
        user_id=ANONYMOUS_USER_ID,
        first_name="Anonymous",
        last_name="User",
        email="anonymous@example.org",
        password=passwords.unusable_password(),
    )


def _roles() -> list[UserRole]:
    return [
        UserRole(user_id=ADMIN_USER_ID, role_id=ADMIN_ROLE),
        UserRole(user_id=ANONYMOUS_USER_ID, role_id=ANONYMOUS_ROLE),
    ]


def _remove_stale_password_file() -> None:
    # Left by a crash between a change of the password and the removal of the file.
    if not admin_password_file.path().exists():
        return
    unchanged = User.objects.filter(user_id=ADMIN_USER_ID, status=UserStatus.CHANGE_PASSWORD)
    if not unchanged.exists():
        admin_password_file.remove()
