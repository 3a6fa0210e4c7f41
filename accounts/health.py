"""Health checks of accounts."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.actions import admin_password_file
from nexuslite.health import Check


def checks() -> list[Check]:
    """What an administrator should know of the accounts' state."""
    return [default_admin_credentials()]


def default_admin_credentials() -> Check:
    """Whether admin still has the password that the server made up at its first start."""
    name = _("Default Admin Credentials")
    path = admin_password_file.path()
    if path.exists():
        return Check(name, False, _("admin still has the first password, from %s.") % path)
    return Check(name, True, _("The first password of admin has been changed."))
