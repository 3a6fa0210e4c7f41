"""Bodies of users, roles, privileges and settings of security."""

from __future__ import annotations

from typing import Any

USERS = "security/users"
ROLES = "security/roles"
PRIVILEGES = "security/privileges"
SELECTORS = "security/content-selectors"
ANONYMOUS_SETTING = {"enabled": True, "userId": "stranger", "realmName": "NexusAuthorizingRealm"}


def user_body(user_id: str = "spare", **changes: Any) -> dict[str, Any]:
    """A body that makes a user."""
    return {
        "userId": user_id,
        "firstName": "A",
        "lastName": "User",
        "emailAddress": "user@example.org",
        "password": f"{user_id}-password",
        "status": "active",
        "roles": ["nx-anonymous"],
        **changes,
    }


def changed_user(user_id: str = "spare", **changes: Any) -> dict[str, Any]:
    """A body that changes a user."""
    body = {**user_body(user_id), "source": "default", **changes}
    del body["password"]
    return body


def role_body(role_id: str = "spare", **changes: Any) -> dict[str, Any]:
    """A body of a role."""
    return {
        "id": role_id,
        "name": role_id.title(),
        "description": "A role",
        "privileges": ["nx-search-read"],
        "roles": [],
        **changes,
    }


def privilege_body(name: str = "spare", **changes: Any) -> dict[str, Any]:
    """A body of an application privilege."""
    return {
        "name": name,
        "description": "A privilege",
        "domain": "blobstores",
        "actions": ["READ"],
        **changes,
    }


def selector_body(name: str = "spare", **changes: Any) -> dict[str, Any]:
    """A body of a content selector."""
    return {
        "name": name,
        "description": "A selector",
        "expression": 'format == "docker" and path =^ "/v2/team/"',
        **changes,
    }
