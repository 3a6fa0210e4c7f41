"""Lists that only the remote can give whole: tags of an image, referrers of a manifest."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nexuslite import stamps
from repositories.fetching.remote_names import remote_name
from repositories.proxy_records import FOREVER, ProxyRecord
from repositories.records import RepositoryRecord
from repositories.remote.blocking import contact
from repositories.remote.registry import RemoteRegistry

MOST_TAGS = 50_000
"""Tags of one image that are listed; what is behind them can still be pulled."""
KEPT_SECONDS = 60.0
"""For how long a list is kept at most, so that its pages do not ask the remote for each."""
_PAGE = 1000
_MOST_LISTS = 32


@dataclass(frozen=True, slots=True)
class _List:
    names: list[str]
    stamp: int
    until: float


_lists: dict[tuple[int, str], _List] = {}
_filling = threading.Lock()


def remote_tags(repository: RepositoryRecord, proxy: ProxyRecord, image_name: str) -> list[str]:
    """The tags of an image at the remote, in the order of their bytes. Raises `RemoteError`."""
    key = (repository.id, image_name)
    stamp = stamps.read(repository.slot)[0]
    kept = _lists.get(key)
    if kept is not None and kept.stamp == stamp and time.monotonic() < kept.until:
        return kept.names
    with contact(repository) as remote:
        names = sorted(_all_tags(remote, remote_name(proxy, image_name)))
    age = KEPT_SECONDS
    if proxy.metadata_max_age != FOREVER:
        age = min(age, proxy.metadata_max_age * 60.0)
    with _filling:
        _lists.pop(key, None)
        while len(_lists) >= _MOST_LISTS:
            del _lists[next(iter(_lists))]
        _lists[key] = _List(names, stamp, time.monotonic() + age)
    return names


def remote_referrers(
    repository: RepositoryRecord,
    proxy: ProxyRecord,
    image_name: str,
    subject: str,
    artifact_type: str | None,
) -> tuple[Mapping[str, Any], ...]:
    """Descriptors as the remote sends them. Raises `RemoteError`.

    `RemoteNotFound` says that the remote does not know the API.
    """
    with contact(repository) as remote:
        name = remote_name(proxy, image_name)
        return remote.referrers(name, subject, artifact_type or None).descriptors


def _all_tags(remote: RemoteRegistry, name: str) -> set[str]:
    """All pages; a remote that does not know pages gives everything at once."""
    found: set[str] = set()
    last: str | None = None
    while len(found) < MOST_TAGS:
        page = remote.tags(name, last, _PAGE)
        before = len(found)
        found.update(page.names)
        if not page.has_more or len(found) == before:
            break
        last = page.names[-1]
    return found
