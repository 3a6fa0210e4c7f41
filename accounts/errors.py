"""What can go wrong with credentials and accounts."""

from __future__ import annotations

from enum import StrEnum

from nexuslite.errors import NotFound, OperationRefused


class Refusal(StrEnum):
    """Why credentials were refused; the value may be shown to the client."""

    # Nexus's sentence. It must not be the one that docker itself has for UNAUTHORIZED: docker
    # then drops the details and repeats a push for 50 seconds.
    REQUIRED = "access to the requested resource is not authorized"
    MALFORMED = "the Authorization header cannot be read"
    PASSWORD = "incorrect username or password"  # noqa: S105 - a message
    TOKEN = "the token is invalid or has expired"  # noqa: S105 - a message


class CredentialsRefused(Exception):
    """No active realm accepts the credentials. Answered with 401."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal

    @property
    def message(self) -> str:
        """The sentence for the client. It never tells whether a user exists."""
        return self.refusal.value


class TooManyAttempts(Exception):
    """Too many were wrong, or more wait to be checked than can be in time. Answered with 429."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many authentication attempts")
        self.retry_after = retry_after
        """Seconds, for the header `Retry-After`."""


class TooManyFailures(TooManyAttempts):
    """Too many were wrong before."""


class InvalidToken(Exception):
    """The token is not one of ours, has expired, or is meant for something else."""


class InvalidTokenRequest(Exception):
    """The token endpoint was asked for something it cannot do. Answered with 400."""


class RealmNotActive(Exception):
    """Docker tokens count for nothing, since their realm is not active. Answered with 403."""

    def __init__(self) -> None:
        super().__init__(
            "The Docker Bearer Token Realm is not active. "
            "An administrator activates it under Security, Realms."
        )


class NotPermitted(Exception):
    """The principal has no permission for the operation. Answered with 403."""


class UserNotFound(NotFound):
    """There is no user with the id. Answered with 404."""

    def __init__(self, user_id: str) -> None:
        super().__init__(f"User '{user_id}' not found.")


class InvalidPassword(OperationRefused):
    """The password cannot be set. Answered with 400."""
