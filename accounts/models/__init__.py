"""The rows of accounts."""

from accounts.models.security_settings import SecuritySettings
from accounts.models.user import User, UserStatus

__all__ = ["SecuritySettings", "User", "UserStatus"]
