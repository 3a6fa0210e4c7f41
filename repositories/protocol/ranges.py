"""Byte ranges of downloads and uploads, and the conditions that go with them."""

import re
from dataclasses import dataclass
from typing import Final

from repositories.protocol.digest import Digest

# The digits are bounded because int() refuses very long ones.
_RANGE = re.compile(r"\s*bytes\s*=\s*([0-9]{0,100})\s*-\s*([0-9]{0,100})\s*", re.IGNORECASE)
_CHUNK = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")
_SHOWN: Final = 80


class UnsatisfiableRange(ValueError):
    """No byte of the content lies in the range; ``size`` is the content's, in bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the range lies outside the {size} bytes of the content")
        self.size = size


class InvalidContentRange(ValueError):
    """The Content-Range of an upload chunk is not ``<first>-<last>``."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from ``start`` up to, not including, ``stop``."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """The number of bytes."""
        return self.stop - self.start

    def content_range(self, size: int) -> str:
        """Return the Content-Range of a 206 for content of ``size`` bytes."""
        return f"bytes {self.start}-{self.stop - 1}/{size}"


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """Read the Range of a download of ``size`` bytes (RFC 9110 section 14.2).

    None means: send everything with 200. So end a missing header, other units, several ranges
    and malformed ones, which a server may ignore, and any range of empty content, which has no
    Content-Range to name. A last byte before the first is refused, because the OCI conformance
    suite wants a 416 there. Raises UnsatisfiableRange.
    """
    match = _RANGE.fullmatch(header) if header and size else None
    if match is None:
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if not first:
        start, stop = max(size - int(last), 0), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
    if start >= stop:
        raise UnsatisfiableRange(size)
    return ByteRange(start, stop)


def parse_content_range(header: str) -> ByteRange:
    """Read the Content-Range of an upload chunk: ``^[0-9]+-[0-9]+$``, both ends included.

    The distribution-spec ("Pushing a blob in chunks") has no ``bytes`` unit here and no client
    sends one. Raises InvalidContentRange.
    """
    match = _CHUNK.fullmatch(header)
    if match is None:
        raise InvalidContentRange(f"invalid Content-Range {header[:_SHOWN]!r}")
    start, last = int(match[1]), int(match[2])
    if last < start:
        raise InvalidContentRange(f"Content-Range {header!r} ends before it begins")
    return ByteRange(start, last + 1)


def upload_range(received: int) -> str:
    """Return the Range header of an upload with so many bytes: ``0-<last byte>``.

    An empty upload says ``0-0`` like one of a single byte, as Nexus and Distribution do.
    """
    return f"0-{max(received - 1, 0)}"


def etag(digest: Digest | str) -> str:
    """Return the strong entity tag of the content with this digest."""
    return f'"{digest}"'


def etag_matches(header: str | None, digest: Digest | str) -> bool:
    """Tell whether If-None-Match names the digest (RFC 9110 section 13.1.2).

    Weak tags count, ``*`` names everything, and the quotes may be missing, as some clients
    leave them out. No digest holds a comma or a quote, so splitting there is safe.
    """
    if not header:
        return False
    wanted = str(digest)
    tags = (tag.strip() for tag in header.split(","))
    return any(tag == "*" or tag.removeprefix("W/").strip('"') == wanted for tag in tags)


def if_range_matches(header: str | None, digest: Digest | str) -> bool:
    """Tell whether a Range may be served under this If-Range (RFC 9110 section 13.1.5).

    It may when there is no condition or the strong tag is the digest's. Weak tags and dates
    never match: then the whole content is sent, which is always right.
    """
    return header is None or header.strip().strip('"') == str(digest)
