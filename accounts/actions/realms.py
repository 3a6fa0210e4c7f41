"""Which realms are asked, and in which order."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from accounts import audit, realms
from accounts.actions.security import change_security, require
from accounts.audit import Domain, EventType
from accounts.decisions import application
from accounts.models import SecuritySettings
from accounts.models.security_settings import LOCAL_AUTHENTICATING_REALM
from accounts.principals import Principal
from nexuslite.errors import WHOLE_REQUEST, FieldError, ValidationError

logger = logging.getLogger(__name__)


def set_active_realms(
    actor: Principal, realm_ids: Sequence[str], *, acknowledge_lockout: bool = False
) -> None:
    """Makes these the active realms, in this order. The Local Authorizing Realm is always last.

    Leaving out the Local Authenticating Realm locks out all local users, so it has to be
    acknowledged. Needs `nexus:settings:update`. Raises `ValidationError`, `NotPermitted`.
    """
    wanted = list(dict.fromkeys(realm_ids))
    _check(wanted, acknowledge_lockout)
    require(actor, application("settings", "update"))

    def change() -> None:
        row = SecuritySettings.objects.filter(pk=SecuritySettings.ROW)
        before = row.values("active_realms").get()
        row.update(active_realms=wanted)
        changes = audit.changes(before, {"active_realms": wanted})
        audit.record(actor, Domain.REALM, EventType.CHANGED, "active realms", changes)

    change_security(change)
    logger.info("%s activated the realms %s", actor, ", ".join(wanted))


def _check(realm_ids: list[str], acknowledge_lockout: bool) -> None:
    if not realm_ids:
        raise _invalid("must not be empty")
    # The Local Authorizing Realm is among them: Nexus refuses it by the same words.
    unknown = [realm_id for realm_id in realm_ids if realms.get(realm_id) is None]
    if unknown:
        raise _invalid(f"Unknown realmIds: [{', '.join(unknown)}]")
    if LOCAL_AUTHENTICATING_REALM not in realm_ids and not acknowledge_lockout:
        raise _invalid(
            f"Without {LOCAL_AUTHENTICATING_REALM} no local user can sign in. "
            "Acknowledge it by the parameter acknowledgeLockout=true."
        )


def _invalid(message: str) -> ValidationError:
    return ValidationError([FieldError(WHOLE_REQUEST, message)])
