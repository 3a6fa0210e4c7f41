"""Regular expressions that administrators write, matched in linear time.

RE2 knows no expression whose matching takes longer than its text, so no rule can stall the server.
"""

from __future__ import annotations

from functools import lru_cache

import re2

LONGEST_EXPRESSION = 1000
_MEMORY = 8 * 1024 * 1024
"""Bytes that one compiled expression may take."""
_LONGEST_BOUND = 64


class InvalidExpression(ValueError):
    """The text is no regular expression that RE2 understands."""


def check(expression: str) -> None:
    """Raises `InvalidExpression` with what is wrong with the expression."""
    if len(expression) > LONGEST_EXPRESSION:
        raise InvalidExpression(f"longer than {LONGEST_EXPRESSION} characters")
    try:
        _compiled(expression)
    except re2.error as error:
        raise InvalidExpression(_text_of(error)) from None
    except UnicodeEncodeError:
        raise InvalidExpression("not a Unicode text") from None


def matches(expression: str, text: str) -> bool:
    """Whether the expression matches the whole text."""
    return _compiled(expression).fullmatch(text) is not None


def bounds(expression: str) -> tuple[str, str]:
    """A text that no matching one is below, and one that none is above, in the order of bytes.

    Bytes beyond ASCII are given as characters of Latin-1: bounds need not end at a whole one.
    """
    low, high = _compiled(expression).possiblematchrange(_LONGEST_BOUND)
    return low.decode("latin-1"), high.decode("latin-1")


@lru_cache(maxsize=1024)
def _compiled(expression: str) -> re2._Regexp:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    return re2.compile(expression, options=options)


def _text_of(error: re2.error) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
