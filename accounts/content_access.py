"""What of a repository's content somebody may touch. Pure: knows no database.

Source: nexus-public, `ContentPermissionCheckerImpl`: content is open to whoever may view the whole
repository, and to whoever has a privilege whose selector matches it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from accounts import csel
from accounts.text_spans import EVERYTHING, Span, beginning_with, intersection, union

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SelectorRecord:
    """A content selector."""

    name: str
    expression: str
    """CSEL, as the administrator wrote it."""
    description: str = ""


@dataclass(frozen=True, slots=True)
class ContentAccess:
    """For one action: which paths of a repository are open.

    Paths are those of the format, without the repository: `/v2/team/app/manifests/v1`.
    """

    format: str
    whole: bool
    """Whether all of the repository is open, whatever the selectors say."""
    selectors: tuple[csel.Expression, ...] = ()

    @property
    def to_something(self) -> bool:
        """Whether there may be a path that is open."""
        return self.whole or bool(self.selectors)

    def to_path(self, path: str) -> bool:
        """Whether the path is open."""
        if self.whole:
            return True
        variables = {"format": self.format, "path": path}
        return any(selector.matches(variables) for selector in self.selectors)

    def may_reach_below(self, beginning: str) -> bool:
        """Whether a path that begins so may be open. False is certain, True is not."""
        return bool(intersection(self.spans(), beginning_with(beginning)))

    def spans(self) -> tuple[Span, ...]:
        """Where the open paths lie. Outside of the spans there are none."""
        if self.whole:
            return EVERYTHING
        return union(*(selector.paths(self.format) for selector in self.selectors))


def content_access(
    content_format: str, whole: bool, selectors: Sequence[SelectorRecord]
) -> ContentAccess:
    """The access that a view of the repository and these selectors give together."""
    parsed = () if whole else tuple(_parsed(selectors))
    # One for another format opens nothing here.
    useful = tuple(each for each in parsed if each.paths(content_format))
    return ContentAccess(content_format, whole, useful)


def _parsed(selectors: Iterable[SelectorRecord]) -> Iterator[csel.Expression]:
    for selector in selectors:
        try:
            yield csel.parse(selector.expression)
        except csel.InvalidExpression as error:
            # Stored by another version, or by hand: it opens nothing.
            logger.error("content selector %s cannot be read: %s", selector.name, error)
