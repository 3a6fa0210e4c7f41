"""What a worker remembers about security ends with the next change."""

from __future__ import annotations

import pytest

from accounts.stamped_cache import StampedCache
from nexuslite import stamps


class Source:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, key: str) -> str:
        self.asked.append(key)
        return f"{key}{len(self.asked)}"


@pytest.fixture
def stamp(monkeypatch):
    current = [1]
    monkeypatch.setattr(stamps, "security", lambda: current[0])

    def set_stamp(value: int) -> None:
        current[0] = value

    return set_stamp


def test_value_is_loaded_once_while_the_stamp_stays(stamp):
    cache, source = StampedCache[str, str](size=4), Source()
    assert cache.lookup("a", source) == cache.lookup("a", source) == "a1"
    assert source.asked == ["a"]


def test_value_is_loaded_again_after_a_change(stamp):
    cache, source = StampedCache[str, str](size=4), Source()
    cache.lookup("a", source)
    stamp(2)
    assert cache.lookup("a", source) == "a2"


def test_value_loaded_while_a_change_commits_is_not_used_afterwards(stamp):
    cache, source = StampedCache[str, str](size=4), Source()

    def load_during_change(key: str) -> str:
        value = source(key)
        stamp(2)
        return value

    cache.lookup("a", load_during_change)
    assert cache.lookup("a", source) == "a2"


def test_nothing_is_remembered_while_a_change_is_under_way(stamp):
    stamp(stamps.CHANGING)
    cache, source = StampedCache[str, str](size=4), Source()
    cache.lookup("a", source)
    assert cache.lookup("a", source) == "a2"
    assert len(cache) == 0


def test_the_oldest_values_give_way(stamp):
    cache, source = StampedCache[str, str](size=2), Source()
    for key in "abc":
        cache.lookup(key, source)
    assert len(cache) == 2
    source.asked.clear()
    cache.lookup("c", source)
    cache.lookup("b", source)
    cache.lookup("a", source)
    assert source.asked == ["a"]


def test_a_failed_load_is_not_remembered(stamp):
    cache, source = StampedCache[str, str](size=2), Source()

    def fail(key: str) -> str:
        raise LookupError(key)

    with pytest.raises(LookupError):
        cache.lookup("a", fail)
    assert cache.lookup("a", source) == "a1"
