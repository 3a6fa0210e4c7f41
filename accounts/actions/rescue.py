"""Getting back in when nobody can sign in any more."""

from __future__ import annotations

from django.db.models import F

from accounts.actions import admin_password_file
from accounts.actions.change_password import hash_new_password
from accounts.actions.first_users import new_admin
from accounts.models import SecuritySettings, User, UserStatus
from accounts.models.security_settings import default_active_realms
from accounts.models.user import ADMIN_USER_ID
from nexuslite import stamps


def rescue(password: str) -> None:
    """Gives `admin` the password and the status active, and activates the default realms.

    Asks no permission: it is for whoever has the server's shell. Works while the server runs.
    A deleted admin is created again. Raises `InvalidPassword`, `TooManyAttempts`.
    """
    password_hash = hash_new_password(password)
    with stamps.change(stamps.SECURITY):
        changed = User.objects.filter(user_id=ADMIN_USER_ID).update(
            password=password_hash,
            status=UserStatus.ACTIVE,
            credentials_version=F("credentials_version") + 1,
        )
        if not changed:
            new_admin(password_hash, UserStatus.ACTIVE).save()
        SecuritySettings.objects.update_or_create(
            pk=SecuritySettings.ROW, defaults={"active_realms": default_active_realms()}
        )
    admin_password_file.remove()
