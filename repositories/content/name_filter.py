"""Lists of images for somebody who may not see all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Q

from accounts.text_spans import HIGHEST, Span
from repositories.protocol.pagination import Page

_LARGEST_BATCH = 5000
_MOST_CONDITIONS = 50


@dataclass(frozen=True, slots=True)
class NameFilter:
    """Which images may be seen."""

    allows: Callable[[str], bool]
    spans: tuple[Span, ...]
    """Where their names lie, lowest first. Outside of the spans there are none."""

    def condition(self, column: str = "name") -> Q:
        """What a query leaves out already; `allows` decides about the rest."""
        spans = self.spans
        if len(spans) > _MOST_CONDITIONS:
            spans = ((spans[0][0], spans[-1][1]),)
        found = Q(pk__in=())
        for low, high in spans:
            found |= Q(**{f"{column}__gte": low, f"{column}__lte": high})
        return Q() if spans == (("", HIGHEST),) else found


def page_of_allowed(
    fetch: Callable[[str | None, int], list[str]], page: Page, allows: Callable[[str], bool]
) -> tuple[list[str], bool]:
    """A page of those names that are allowed, and whether more follow.

    `fetch` gives so many names in order that follow the first argument. It is called until the
    page is full: what is hidden leaves no gaps by which it could be counted.
    """
    found: list[str] = []
    last, size = page.last, page.size + 1
    while page.size and len(found) <= page.size:
        batch = fetch(last, size)
        found += filter(allows, batch)
        if len(batch) < size:
            break
        last, size = batch[-1], min(4 * size, _LARGEST_BATCH)
    return found[: page.size], len(found) > page.size
