"""Spans of texts in the order of their characters. Pure.

They bound what is looked through, and are never too narrow. Whatever is asked of them is ASCII.
"""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[str, str]
"""The lowest and the highest text of it, both within."""

HIGHEST = "\x7f"
"""Follows every character that a path has."""
EVERYTHING: tuple[Span, ...] = (("", HIGHEST),)
NOTHING: tuple[Span, ...] = ()


def beginning_with(text: str) -> tuple[Span, ...]:
    """All texts that begin so."""
    return ((text, text + HIGHEST),)


def union(*sides: tuple[Span, ...]) -> tuple[Span, ...]:
    """What is in one of the sides, as spans in order that do not meet."""
    merged: list[Span] = []
    for low, high in sorted(span for spans in sides for span in spans):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def intersection(*sides: tuple[Span, ...]) -> tuple[Span, ...]:
    """What is in all of the sides."""
    left = EVERYTHING
    for right in sides:
        left = union(tuple(_overlaps(left, right)))
    return left


def _overlaps(left: Iterable[Span], right: Iterable[Span]) -> Iterable[Span]:
    for first in left:
        for second in right:
            low, high = max(first[0], second[0]), min(first[1], second[1])
            if low <= high:
                yield low, high
