"""Pages that list things: a filter above, rows below, the same view for the page and its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise

from nexuslite.web.pages import is_fragment_request, page

Row = TypeVar("Row")
Words = str | Promise


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to make something new: what the button or menu item says, and where it leads."""

    label: Words
    url: str
    icon: str = "plus"
    description: Words = ""


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """What a list page says around its rows."""

    section: Words
    title: Words
    lead: Words
    rows_template: str
    filter_label: Words
    create: tuple[Choice, ...] = ()
    """Empty for whoever may not make one."""
    create_label: Words = ""
    help_title: Words = ""
    help: tuple[Words, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
    """What the rows' template needs besides."""

    def answer(
        self, request: HttpRequest, rows: Iterable[Row], text_of: Callable[[Row], str]
    ) -> HttpResponse:
        """The page, or only its rows for the filter; `text_of` is what the filter looks into."""
        rows = list(rows)
        text = request.GET.get("q", "").strip()
        words = text.lower().split()
        shown = [row for row in rows if all(word in text_of(row).lower() for word in words)]
        context = {
            **self.extra,
            "listing": self,
            "rows": shown,
            "total": len(rows),
            "text": text,
        }
        template = self.rows_template if is_fragment_request(request) else "list_page.html"
        return page(request, template, context)
