"""What a realm is: something that knows some users by some kind of credentials."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from accounts.attempts import UNGUARDED, Attempt
from accounts.principals import Principal


@dataclass(frozen=True, slots=True)
class PasswordCredentials:
    """A user id with a password."""

    user_id: str
    password: str = field(repr=False)
    attempt: Attempt = field(default=UNGUARDED, repr=False, compare=False)
    """What a realm makes its slow check within, so that guesses are counted."""


@dataclass(frozen=True, slots=True)
class TokenCredentials:
    """A bearer token and where it was shown."""

    text: str = field(repr=False)
    audience: str | None
    """None where bearer tokens count for nothing."""


Credentials = PasswordCredentials | TokenCredentials


class Realm(Protocol):
    """One way to sign in. Realms are asked in the order in which they are active."""

    id: str
    name: str
    """As the web UI shows it."""

    def authenticate(self, credentials: Credentials) -> Principal | None:
        """The principal, or None when the realm does not accept the credentials.

        A password is checked within `credentials.attempt.check`, and what may not sign in must
        be a wrong password to it. Raises `TooManyAttempts` when it cannot look at them now.
        """
