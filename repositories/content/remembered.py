"""What a worker remembers of the content of repositories, good only under its stamp."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from nexuslite import stamps
from repositories.records import RepositoryRecord

T = TypeVar("T")

MOST_ENTRIES = 4096
LARGEST_CONTENT = 64 * 1024

_entries: dict[tuple[object, ...], tuple[int, object]] = {}
_filling = threading.Lock()


def lookup(
    repository: RepositoryRecord,
    key: tuple[object, ...],
    load: Callable[[], T | None],
    size: Callable[[T], int],
    counts: Callable[[T], bool] = lambda _: True,
) -> T | None:
    """The remembered value of the key, else what `load` finds; absence is never remembered.

    A remembered value of which `counts` is false is loaded again.

    Over several nodes the stamps would cost the query that is saved, so nothing is remembered
    there: the value is one query away.
    """
    if stamps.shared_by_nodes():
        return load()
    # Read before loading: a change that commits meanwhile leaves an entry nobody will use.
    stamp = stamps.read(repository.slot)[0]
    whole_key = (repository.id, *key)
    entry = _entries.get(whole_key)
    if entry is not None and entry[0] == stamp and stamp != stamps.CHANGING:
        found: T = entry[1]  # type: ignore[assignment]
        if counts(found):
            return found
    value = load()
    if value is not None and stamp != stamps.CHANGING and size(value) <= LARGEST_CONTENT:
        _remember(whole_key, (stamp, value))
    return value


def _remember(key: tuple[object, ...], entry: tuple[int, object]) -> None:
    with _filling:
        _entries.pop(key, None)
        while len(_entries) >= MOST_ENTRIES:
            del _entries[next(iter(_entries))]
        _entries[key] = entry
