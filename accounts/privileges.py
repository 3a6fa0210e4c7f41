"""What a privilege is: a named permission of one of Nexus's six types. Pure: knows no database.

Sources: nexus-public, `PrivilegeDescriptorSupport` and the descriptors derived from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

ALL = "*"


class PrivilegeType(StrEnum):
    """The types of privileges, as REST names them."""

    APPLICATION = "application"
    WILDCARD = "wildcard"
    REPOSITORY_VIEW = "repository-view"
    REPOSITORY_ADMIN = "repository-admin"
    REPOSITORY_CONTENT_SELECTOR = "repository-content-selector"
    SCRIPT = "script"


REST_ACTIONS = (
    "READ",
    "BROWSE",
    "EDIT",
    "ADD",
    "DELETE",
    "RUN",
    "START",
    "STOP",
    "ASSOCIATE",
    "DISASSOCIATE",
    "ALL",
)
"""Every action that REST knows; each type takes some of them."""

_REPOSITORY_ACTIONS = MappingProxyType(
    {
        "READ": "read",
        "BROWSE": "browse",
        "EDIT": "edit",
        "ADD": "add",
        "DELETE": "delete",
        "ALL": ALL,
    }
)
_APPLICATION_ACTIONS = MappingProxyType(
    {
        "READ": "read",
        "EDIT": "update",
        "ADD": "create",
        "DELETE": "delete",
        "START": "start",
        "STOP": "stop",
        "ASSOCIATE": "associate",
        "DISASSOCIATE": "disassociate",
        "ALL": ALL,
    }
)
_ACTIONS = MappingProxyType(
    {
        PrivilegeType.APPLICATION: _APPLICATION_ACTIONS,
        PrivilegeType.WILDCARD: MappingProxyType({}),
        PrivilegeType.REPOSITORY_VIEW: _REPOSITORY_ACTIONS,
        PrivilegeType.REPOSITORY_ADMIN: _REPOSITORY_ACTIONS,
        PrivilegeType.REPOSITORY_CONTENT_SELECTOR: _REPOSITORY_ACTIONS,
        PrivilegeType.SCRIPT: MappingProxyType({**_REPOSITORY_ACTIONS, "RUN": "run"}),
    }
)


@dataclass(frozen=True, slots=True)
class PrivilegeRecord:
    """A privilege, built in or made by an administrator. Fields that its type lacks are empty."""

    name: str
    type: PrivilegeType
    description: str = ""
    read_only: bool = False
    actions: tuple[str, ...] = ()
    """As permissions spell them: `create`, `*`."""
    domain: str = ""
    pattern: str = ""
    format: str = ""
    repository: str = ""
    content_selector: str = ""
    script_name: str = ""

    @property
    def permission(self) -> str:
        """The permission that whoever has the privilege holds."""
        actions = ",".join(self.actions)
        match self.type:
            case PrivilegeType.WILDCARD:
                return self.pattern
            case PrivilegeType.APPLICATION:
                parts: tuple[str, ...] = (self.domain, actions)
            case PrivilegeType.SCRIPT:
                parts = ("script", self.script_name, actions)
            case PrivilegeType.REPOSITORY_CONTENT_SELECTOR:
                target = (self.content_selector, *_target(self.format, self.repository))
                parts = ("repository-content-selector", *target, actions)
            case _:
                parts = (self.type.value, self.format, self.repository, actions)
        return ":".join(("nexus", *parts))

    @property
    def rest_actions(self) -> list[str]:
        """The actions as REST spells them: `ADD`, `ALL`."""
        spelt = {stored: name for name, stored in _ACTIONS[self.type].items()}
        return [spelt[action] for action in self.actions]


def stored_actions(privilege_type: PrivilegeType, names: Iterable[str]) -> tuple[str, ...]:
    """REST's actions as permissions spell them, each once. All must be allowed for the type."""
    known = _ACTIONS[privilege_type]
    return tuple(dict.fromkeys(known[name] for name in names))


def refused_actions(privilege_type: PrivilegeType, names: Iterable[str]) -> list[str]:
    """Those of REST's actions that the type cannot use, each once, by name."""
    return sorted(set(names) - set(_ACTIONS[privilege_type]))


def _target(repository_format: str, repository: str) -> tuple[str, str]:
    """What a content selector is applied to: `*-docker` means all repositories of the format."""
    if repository.startswith("*-"):
        return repository.removeprefix("*-"), ALL
    return repository_format, repository


def actions_of(privilege_type: PrivilegeType) -> list[str]:
    """REST's actions that the type can use; none for wildcards, whose pattern says all."""
    return list(_ACTIONS[privilege_type])
