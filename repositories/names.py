"""The names that administrators give to repositories and blob stores."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nexuslite.errors import FieldError

LONGEST_NAME = 200

BAD_NAME = (
    "Only letters, digits, underscores(_), hyphens(-), and dots(.) are allowed and may not start "
    "with underscore or dot."
)
NAME_IS_USED = "Name is already used, must be unique (ignoring case)"

_NAME = re.compile(r"[a-zA-Z0-9\-][a-zA-Z0-9_\-.]*")


def is_name(text: str) -> bool:
    """Whether anything can have the name (Nexus's pattern for all names)."""
    return len(text) <= LONGEST_NAME and _NAME.fullmatch(text) is not None


def check_name(name: str) -> Iterator[FieldError]:
    """What is wrong with a new name, in Nexus's words."""
    if not _NAME.fullmatch(name):
        yield FieldError("name", BAD_NAME)
    elif len(name) > LONGEST_NAME:
        yield FieldError("name", f"Name must not be longer than {LONGEST_NAME} characters")
