"""Getting back in when nobody can sign in any more."""

from __future__ import annotations

from django.db.models import F

from accounts import audit
from accounts.actions import admin_password_file
from accounts.actions.change_password import hash_new_password
from accounts.actions.first_users import new_admin
from accounts.audit import Domain, EventType
from accounts.models import SecuritySettings, User, UserRole, UserStatus
from accounts.models.security_settings import LOCAL_AUTHENTICATING_REALM
from accounts.models.user import ADMIN_USER_ID
from accounts.roles import ADMIN_ROLE, DEFAULT_SOURCE
from nexuslite import stamps


def rescue(password: str) -> None:
    """Gives `admin` the password, the status active and its role; activates the local realm.

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
        UserRole.objects.get_or_create(
            user_id=ADMIN_USER_ID, source=DEFAULT_SOURCE, role_id=ADMIN_ROLE
        )
        _activate_local_realm()
        audit.record(audit.SYSTEM, Domain.USER, EventType.RESCUED, ADMIN_USER_ID)
    admin_password_file.remove()


def _activate_local_realm() -> None:
    settings, _ = SecuritySettings.objects.get_or_create(pk=SecuritySettings.ROW)
    if LOCAL_AUTHENTICATING_REALM not in settings.active_realms:
        settings.active_realms = [LOCAL_AUTHENTICATING_REALM, *settings.active_realms]
        settings.save(update_fields=["active_realms"])
