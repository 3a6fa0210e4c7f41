"""What a remote says of how often it may be asked (Docker Hub's `ratelimit-*` headers)."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from repositories.remote.answers import RemoteLimits

_VALUE = re.compile(r"\s*(\d{1,12})\s*(?:;\s*w=(\d{1,9}))?", re.IGNORECASE)


def read_limits(headers: Mapping[str, str]) -> RemoteLimits | None:
    """The limits that an answer names, None if it does not.

    `ratelimit-limit: 100;w=21600` allows 100 pulls in six hours.
    """
    limit, window = _read(headers.get("ratelimit-limit"))
    remaining, other_window = _read(headers.get("ratelimit-remaining"))
    if limit is None and remaining is None:
        return None
    return RemoteLimits(limit, remaining, window or other_window, time.time())


def _read(text: str | None) -> tuple[int | None, int | None]:
    match = _VALUE.match(text or "")
    if match is None:
        return None, None
    return int(match[1]), int(match[2]) if match[2] else None
