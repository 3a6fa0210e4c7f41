"""Searching the index of a remote, and putting together what several have found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from repositories.content.interface import FoundImage
from repositories.models.proxy import IndexType
from repositories.protocol.names import InvalidName, image_name
from repositories.proxy_records import ProxyRecord
from repositories.records import RepositoryRecord
from repositories.remote.blocking import contact

DOCKER_HUB_INDEX = "https://index.docker.io/"
_LONGEST_DESCRIPTION = 1000
_MOST_STARS = 2**31 - 1


def index_url(proxy: ProxyRecord) -> str:
    """The index that a proxy repository names (Nexus, "Docker Index")."""
    if proxy.index_type == IndexType.HUB:
        return DOCKER_HUB_INDEX
    if proxy.index_type == IndexType.CUSTOM and proxy.index_url:
        return proxy.index_url
    return proxy.remote_url


def search_index(
    repository: RepositoryRecord, proxy: ProxyRecord, query: str, most: int
) -> list[FoundImage]:
    """What the index finds. Raises `RemoteError`.

    An index that fails says nothing of the registry, so it does not block it.
    """
    with contact(repository, is_foreign=True) as remote:
        answer = remote.search(index_url(proxy), query, most)
    found = (_found(entry) for entry in answer["results"])
    return [each for each in found if each is not None][:most]


def merged(lists: Iterable[list[FoundImage]], most: int) -> list[FoundImage]:
    """The images of all lists, each once, as the first list has it."""
    by_name: dict[str, FoundImage] = {}
    for found in lists:
        for each in found:
            by_name.setdefault(each.name, each)
    return list(by_name.values())[:most]


def _found(entry: Mapping[str, Any]) -> FoundImage | None:
    try:
        name = image_name(entry["name"])
    except InvalidName:
        return None
    description, stars = entry.get("description"), entry.get("star_count")
    return FoundImage(
        name,
        description[:_LONGEST_DESCRIPTION] if isinstance(description, str) else "",
        min(max(stars, 0), _MOST_STARS) if isinstance(stars, int) else 0,
        entry.get("is_official") is True,
    )
