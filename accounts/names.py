"""The texts that administrators give to users, roles and privileges."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nexuslite.errors import FieldError

LONGEST_NAME = 200
LONGEST_DESCRIPTION = 4096

BAD_NAME = (
    "Only letters, digits, underscores(_), hyphens(-), and dots(.) are allowed and may not start "
    "with underscore or dot."
)
_NAME = re.compile(r"[a-zA-Z0-9\-][a-zA-Z0-9_\-.]*")


def check_name(field: str, name: str) -> Iterator[FieldError]:
    """What is wrong with a name, in the words of Nexus."""
    if not _NAME.fullmatch(name):
        yield FieldError(field, BAD_NAME)
    elif len(name) > LONGEST_NAME:
        yield FieldError(field, f"must not be longer than {LONGEST_NAME} characters")


def check_text(
    field: str, text: str, longest: int = LONGEST_NAME, *, required: bool = True
) -> Iterator[FieldError]:
    """What is wrong with a text that may be anything that can be stored."""
    if required and not text.strip():
        yield FieldError(field, "must not be empty")
    elif len(text) > longest:
        yield FieldError(field, f"must not be longer than {longest} characters")
    elif not can_be_stored(text):
        yield FieldError(field, "has characters that cannot be stored")


def can_be_stored(text: str) -> bool:
    """Whether databases take it: PostgreSQL refuses NUL, and JSON can bring lone surrogates."""
    if text.isascii():
        return "\0" not in text
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
