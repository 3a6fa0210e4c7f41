"""Nexus's permission strings with Shiro's wildcard semantics. Pure: knows no users, no database.

A permission is parts separated by `:`, each a list of alternatives separated by `,`. `*` matches
anything, a missing tail matches anything, letter case does not count.

Source: org.apache.shiro.authz.permission.WildcardPermission.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

ANY = "*"


class InvalidPermission(ValueError):
    """The text is not a permission: it is empty or has an empty part."""


@dataclass(frozen=True, slots=True)
class Permission:
    """A parsed permission string."""

    parts: tuple[frozenset[str], ...]

    def implies(self, other: Permission) -> bool:
        """Whether whoever holds this permission also holds the other one."""
        for part, wanted in zip(self.parts, other.parts, strict=False):
            if ANY not in part and not wanted <= part:
                return False
        # This one's extra parts narrow it, unless they are all wildcards.
        return all(ANY in part for part in self.parts[len(other.parts) :])

    def __str__(self) -> str:
        return ":".join(",".join(sorted(part)) for part in self.parts)


@lru_cache(maxsize=4096)
def parse(text: str) -> Permission:
    """The permission that the text stands for.

    Raises `InvalidPermission` for an empty text, part or alternative.
    """
    parts = []
    for part in text.strip().lower().split(":"):
        alternatives = frozenset(alternative.strip() for alternative in part.split(","))
        if "" in alternatives:
            raise InvalidPermission(f"{text!r} is not a permission: a part of it is empty")
        parts.append(alternatives)
    return Permission(tuple(parts))


class PermissionSet:
    """The permissions of one principal, compiled once and asked often."""

    _MOST_REMEMBERED = 4096

    def __init__(self, permissions: Iterable[str] = ()) -> None:
        self._held = tuple(parse(text) for text in dict.fromkeys(permissions))
        self._answers: dict[str, bool] = {}

    def implies(self, permission: str) -> bool:
        """Whether one of the held permissions implies the asked one.

        Raises `InvalidPermission` when the text is not a permission.
        """
        answer = self._answers.get(permission)
        if answer is None:
            wanted = parse(permission)
            answer = any(held.implies(wanted) for held in self._held)
            if len(self._answers) >= self._MOST_REMEMBERED:
                self._answers.clear()
            self._answers[permission] = answer
        return answer

    def reaches(self, domain: str) -> bool:
        """Whether one of the held permissions is about something in `nexus:<domain>`."""
        wanted = parse(f"nexus:{domain}").parts
        return any(
            all(ANY in part or word <= part for part, word in zip(held.parts, wanted, strict=False))
            for held in self._held
        )

    def __bool__(self) -> bool:
        return bool(self._held)
