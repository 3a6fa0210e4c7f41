"""The rows of accounts."""

from accounts.models.audit_event import AuditEvent
from accounts.models.content_selector import ContentSelector
from accounts.models.privilege import Privilege, RepositoryPrivileges
from accounts.models.role import Role, UserRole
from accounts.models.security_settings import SecuritySettings
from accounts.models.user import User, UserStatus

__all__ = [
    "AuditEvent",
    "ContentSelector",
    "Privilege",
    "RepositoryPrivileges",
    "Role",
    "SecuritySettings",
    "User",
    "UserRole",
    "UserStatus",
]
