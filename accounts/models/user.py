"""Local users."""

from __future__ import annotations

import secrets

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone

from accounts.roles import DEFAULT_SOURCE

ADMIN_USER_ID = "admin"
ANONYMOUS_USER_ID = "anonymous"


class UserStatus(models.TextChoices):
    """What Nexus calls the status of a user."""

    ACTIVE = "active"
    LOCKED = "locked"
    DISABLED = "disabled"
    CHANGE_PASSWORD = "changepassword"  # noqa: S105 - the name of a status

    @property
    def may_sign_in(self) -> bool:
        """Whether the user's credentials count; one who should change the password still may."""
        return self in (UserStatus.ACTIVE, UserStatus.CHANGE_PASSWORD)


def first_credentials_version() -> int:
    """Where a new user's credentials version begins.

    Random, so that tokens and sessions of a deleted user are void for one who gets the same id.
    """
    return 1 + secrets.randbelow(2**30)


class UserManager(BaseUserManager["User"]):
    """Finds users by their id."""


class User(AbstractBaseUser):
    """A user of the local source. Passwords are set by `accounts.actions` alone."""

    user_id = models.CharField(max_length=200, unique=True)
    first_name = models.CharField(max_length=200, blank=True, default="")
    last_name = models.CharField(max_length=200, blank=True, default="")
    email = models.EmailField(blank=True, default="")
    status = models.CharField(
        max_length=20, choices=UserStatus.choices, default=UserStatus.ACTIVE.value
    )
    source = models.CharField(max_length=40, default=DEFAULT_SOURCE)
    credentials_version = models.PositiveIntegerField(default=1)
    """Raised when the password or the status changes: tokens and sessions of before are void."""
    created = models.DateTimeField(default=timezone.now)
    last_login = None  # A sign-in writes nothing; the audit tells when it was.

    objects = UserManager()

    USERNAME_FIELD = "user_id"
    EMAIL_FIELD = "email"

    class Meta:
        db_table = "accounts_user"

    def __str__(self) -> str:
        return self.user_id
