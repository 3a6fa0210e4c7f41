"""Whether requests without credentials may do something, and what."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from accounts import audit, realms
from accounts.actions.security import change_security, require
from accounts.audit import Domain, EventType
from accounts.decisions import application
from accounts.models import SecuritySettings, User
from accounts.models.security_settings import LOCAL_AUTHORIZING_REALM
from accounts.models.user import ANONYMOUS_USER_ID
from accounts.names import can_be_stored
from accounts.principals import Principal
from nexuslite.errors import FieldError, ValidationError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AnonymousAccess:
    """The setting. Whoever shows no credentials may what the local user may."""

    enabled: bool
    user_id: str = ANONYMOUS_USER_ID
    realm_name: str = LOCAL_AUTHORIZING_REALM
    """The id of the realm that knows the user."""


def set_anonymous_access(actor: Principal, access: AnonymousAccess) -> None:
    """Switches anonymous access on or off, and says whose rights it has.

    Needs `nexus:settings:update`. Raises `ValidationError`, `NotPermitted`.
    """
    if access.realm_name != LOCAL_AUTHORIZING_REALM and realms.get(access.realm_name) is None:
        raise ValidationError([FieldError("realmName", "Realm does not exist")])
    require(actor, application("settings", "update"))

    def change() -> None:
        user_id = access.user_id
        if not can_be_stored(user_id) or not User.objects.filter(user_id=user_id).exists():
            raise ValidationError([FieldError("userId", "User does not exist")])
        after = {
            "anonymous_enabled": access.enabled,
            "anonymous_user_id": user_id,
            "anonymous_realm_name": access.realm_name,
        }
        row = SecuritySettings.objects.filter(pk=SecuritySettings.ROW)
        before = row.values(*after).get()
        row.update(**after)
        changes = audit.changes(before, after)
        audit.record(actor, Domain.ANONYMOUS, EventType.CHANGED, "anonymous access", changes)

    change_security(change)
    logger.info("%s set anonymous access: %s", actor, access)
