"""What REST answers about users, roles and privileges, field by field as Nexus does.

Clients generated from Nexus's API description refuse unknown fields: nothing may be added.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accounts.actions.privileges import FIELDS_OF_TYPE
from accounts.content_access import SelectorRecord
from accounts.directory import SecurityRecord
from accounts.models import User
from accounts.privileges import PrivilegeRecord, PrivilegeType
from accounts.realms.base import Realm
from accounts.roles import RoleRecord


def user(row: User, role_ids: Sequence[str]) -> dict[str, Any]:
    """A user (`ApiUser`)."""
    return {
        "userId": row.user_id,
        "firstName": row.first_name,
        "lastName": row.last_name,
        "emailAddress": row.email,
        "source": row.source,
        "status": row.status,
        "readOnly": False,
        "roles": list(role_ids),
        "externalRoles": [],
    }


def role(record: RoleRecord) -> dict[str, Any]:
    """A role (`RoleXOResponse`)."""
    return {
        "id": record.id,
        "source": record.source,
        "name": record.name,
        "description": record.description,
        "readOnly": record.read_only,
        "privileges": list(record.privileges),
        "roles": list(record.roles),
    }


def privilege(record: PrivilegeRecord) -> dict[str, Any]:
    """A privilege with the fields of its type (`ApiPrivilegeRequest`)."""
    shown: dict[str, Any] = {
        "type": record.type.value,
        "name": record.name,
        "description": record.description,
        "readOnly": record.read_only,
    }
    for own, rest_name in FIELDS_OF_TYPE[record.type].items():
        shown[rest_name] = getattr(record, own)
    if record.type is not PrivilegeType.WILDCARD:
        shown["actions"] = record.rest_actions
    return shown


def content_selector(record: SelectorRecord) -> dict[str, str]:
    """A content selector (`ContentSelectorApiResponse`)."""
    return {
        "name": record.name,
        "type": "csel",
        "description": record.description,
        "expression": record.expression,
    }


def realm(found: Realm) -> dict[str, str]:
    """A realm (`RealmApiXO`)."""
    return {"id": found.id, "name": found.name}


def anonymous_access(settings: SecurityRecord) -> dict[str, Any]:
    """The setting of anonymous access (`AnonymousAccessSettingsXO`)."""
    return {
        "enabled": settings.anonymous_enabled,
        "userId": settings.anonymous_user_id,
        "realmName": settings.anonymous_realm_name,
    }
