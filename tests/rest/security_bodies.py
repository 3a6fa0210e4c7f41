"""Bodies of users, roles, privileges and settings of security, and who may send them."""

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


# Resource, method, body, then the status for admin, stranger and anonymous.
SECURITY_POLICY = [
    (USERS, "GET", None, 200, 403, 401),
    (USERS, "POST", user_body("new"), 200, 403, 401),
    (f"{USERS}/spare", "PUT", changed_user(), 204, 403, 401),
    (f"{USERS}/spare", "DELETE", None, 204, 403, 401),
    (f"{USERS}/none", "DELETE", None, 404, 403, 401),
    (f"{USERS}/spare/change-password", "PUT", "other", 204, 403, 401),
    (f"{USERS}/stranger/change-password", "PUT", "other", 204, 403, 401),
    ("security/user-sources", "GET", None, 200, 403, 401),
    (ROLES, "GET", None, 200, 403, 401),
    (ROLES, "POST", role_body("new"), 200, 403, 401),
    (f"{ROLES}/spare", "GET", None, 200, 403, 401),
    (f"{ROLES}/none", "GET", None, 404, 403, 401),
    (f"{ROLES}/spare", "PUT", role_body(), 204, 403, 401),
    (f"{ROLES}/spare", "DELETE", None, 204, 403, 401),
    (f"{ROLES}/none", "DELETE", None, 404, 403, 401),
    (PRIVILEGES, "GET", None, 200, 403, 401),
    (f"{PRIVILEGES}/application", "POST", privilege_body("new"), 201, 403, 401),
    (f"{PRIVILEGES}/spare", "GET", None, 200, 403, 401),
    (f"{PRIVILEGES}/none", "GET", None, 404, 403, 401),
    (f"{PRIVILEGES}/spare", "DELETE", None, 204, 403, 401),
    (f"{PRIVILEGES}/none", "DELETE", None, 404, 403, 401),
    (f"{PRIVILEGES}/application/spare", "PUT", privilege_body(), 204, 403, 401),
    (f"{PRIVILEGES}/application/none", "PUT", privilege_body("none"), 404, 403, 401),
    (SELECTORS, "GET", None, 200, 403, 401),
    (SELECTORS, "POST", selector_body("new"), 204, 403, 401),
    (f"{SELECTORS}/spare", "GET", None, 200, 403, 401),
    (f"{SELECTORS}/none", "GET", None, 404, 403, 401),
    (f"{SELECTORS}/spare", "PUT", selector_body(), 204, 403, 401),
    (f"{SELECTORS}/none", "PUT", selector_body("none"), 404, 403, 401),
    (f"{SELECTORS}/spare", "DELETE", None, 204, 403, 401),
    (f"{SELECTORS}/none", "DELETE", None, 404, 403, 401),
    ("security/effective-privileges?userId=spare", "GET", None, 200, 403, 401),
    ("security/realms/available", "GET", None, 200, 403, 401),
    ("security/realms/active", "GET", None, 200, 403, 401),
    ("security/realms/active", "PUT", ["NexusAuthenticatingRealm"], 204, 403, 401),
    ("security/anonymous", "GET", None, 200, 403, 401),
    ("security/anonymous", "PUT", ANONYMOUS_SETTING, 200, 403, 401),
]
