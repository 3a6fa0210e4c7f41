"""Who makes a request, and what vouches for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

CredentialKind = Literal["basic", "token", "session"]


@dataclass(frozen=True, slots=True)
class ResourceAccess:
    """One entry of a token's `access` claim: the actions granted on one resource.

    Source: Distribution, docs/content/spec/auth/jwt.md.
    """

    type: str
    name: str
    actions: tuple[str, ...]

    def allows(self, action: str) -> bool:
        """Whether the action is among the granted ones; a granted `*` stands for every action."""
        return action in self.actions or "*" in self.actions

    def __str__(self) -> str:
        return f"{self.type}:{self.name}:{','.join(self.actions)}"


@dataclass(frozen=True, slots=True)
class Principal:
    """The maker of a request as the realms see it. `user_id` is None for an anonymous one."""

    user_id: str | None = None
    source: str = "default"
    """The user source that knows the user, as Nexus names it."""
    groups: tuple[str, ...] = ()
    """The user's groups in an external source. A role with a group's id belongs to its members."""
    realm: str | None = None
    """The id of the realm that accepted the credentials; None when there were none."""
    credential: CredentialKind | None = None
    token_access: tuple[ResourceAccess, ...] | None = None
    """What the token was issued for; None when the request carries no token."""
    token_id: str | None = None
    credentials_version: int = 0
    """The version of the user's credentials that were shown; see `accounts.models.User`."""

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody has signed in."""
        return self.user_id is None

    def token_allows(self, resource_type: str, name: str, action: str) -> bool:
        """Whether the token covers the action. True without a token: then nothing narrows it.

        A token only narrows: the permission itself is asked of `accounts.decisions.may` as well.
        """
        if self.token_access is None:
            return True
        return any(
            access.type == resource_type and access.name == name and access.allows(action)
            for access in self.token_access
        )

    def __str__(self) -> str:
        return self.user_id if self.user_id is not None else "anonymous"


ANONYMOUS = Principal()
"""The maker of a request without credentials."""

SYSTEM = Principal(user_id="system", source="system")
"""Who does what nobody has asked for: the first start, management commands, tasks."""


def merge_access(entries: Iterable[ResourceAccess]) -> tuple[ResourceAccess, ...]:
    """One entry for each resource, in the order first met, with the actions of all its entries."""
    merged: dict[tuple[str, str], dict[str, None]] = {}
    for entry in entries:
        merged.setdefault((entry.type, entry.name), {}).update(dict.fromkeys(entry.actions))
    return tuple(ResourceAccess(kind, name, tuple(acts)) for (kind, name), acts in merged.items())
