"""Keyset pages of tags, catalog and referrers (distribution-spec, "Listing Tags")."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

MAX_PAGE_SIZE: Final = 1000
"""Entries; the limit of Distribution, for tags and catalog."""
DEFAULT_CATALOG_PAGE_SIZE: Final = 100
"""Entries of a catalog page when the client names no number, as in Distribution."""

_MAX_LAST_LENGTH = 255
_PATH_CHARACTERS = "/:@!$&'()*+,;=~"


class InvalidPageSize(ValueError):
    """The wanted number of entries is not a whole number from zero."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of at most ``size`` entries that come after ``last`` (exclusive, None: the first)."""

    size: int
    last: str | None


def parse_page(n: str | None, last: str | None, default: int = MAX_PAGE_SIZE) -> Page:
    """Read the ``n`` and ``last`` parameters of a listing.

    ``n=0`` is an empty page; more than MAX_PAGE_SIZE is lowered to it, which is allowed as the
    answer then has a Link; without ``n`` the page has ``default`` entries. Raises
    InvalidPageSize.
    """
    return Page(_page_size(n, default), _position(last))


def link_header(path: str, n: int, last: str, extra: Mapping[str, str] | None = None) -> str:
    """Return the Link to the page after ``last`` (RFC 8288), relative to the host.

    ``path`` is not yet percent-encoded. ``extra`` are further query parameters to keep, such
    as ``artifactType`` or ``ns``.
    """
    query = urlencode({"last": last, "n": str(n), **(extra or {})}, quote_via=quote)
    return f'<{quote(path, safe=_PATH_CHARACTERS)}?{query}>; rel="next"'


def _page_size(n: str | None, default: int) -> int:
    if not n:
        return default
    if not (n.isascii() and n.isdigit()):
        raise InvalidPageSize("n must be a whole number from 0")
    # int() refuses very long digits; ten of them already exceed every page.
    return min(int(n.lstrip("0")[:10] or "0"), MAX_PAGE_SIZE)


def _position(last: str | None) -> str | None:
    """Shorten ``last`` to what a database can compare.

    No name holds a NUL or is longer than the limit, so the names behind the shortened text are
    exactly those behind the whole.
    """
    if not last:
        return None
    return last.partition("\0")[0][:_MAX_LAST_LENGTH] or None
