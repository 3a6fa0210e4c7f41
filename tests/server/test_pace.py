"""A body must move; only waiting for the client counts."""

from time import monotonic

import pytest

from nexuslite.server.options import MinimumRate
from nexuslite.server.pace import Pace

RATE = MinimumRate(bytes_per_second=100, grace=10.0)


def waited(pace: Pace, seconds: float, moved: int) -> None:
    pace.begin()
    pace.since -= seconds
    pace.end(moved)


# fault 22
def test_too_few_bytes_in_the_grace_period_are_too_slow() -> None:
    pace = Pace()
    waited(pace, 11.0, 500)
    assert pace.is_too_slow(monotonic(), RATE)


def test_enough_bytes_are_not() -> None:
    pace = Pace()
    waited(pace, 11.0, 2000)
    assert not pace.is_too_slow(monotonic(), RATE)


def test_nothing_is_too_slow_before_the_grace_period_is_over() -> None:
    pace = Pace()
    waited(pace, 9.0, 0)
    assert not pace.is_too_slow(monotonic(), RATE)


def test_a_fast_start_buys_no_later_stall() -> None:
    pace = Pace()
    waited(pace, 11.0, 10**9)
    assert not pace.is_too_slow(monotonic(), RATE)
    waited(pace, 11.0, 10)
    assert pace.is_too_slow(monotonic(), RATE)


def test_bytes_that_leave_the_kernel_are_moving() -> None:
    pace = Pace()
    waited(pace, 11.0, 5_000_000)
    assert not pace.is_too_slow(monotonic(), RATE, lambda: 4_000_000)
    waited(pace, 11.0, 0)
    assert not pace.is_too_slow(monotonic(), RATE, lambda: 3_000_000)
    waited(pace, 11.0, 0)
    assert pace.is_too_slow(monotonic(), RATE, lambda: 3_000_000)


def test_a_wait_that_goes_on_counts() -> None:
    pace = Pace()
    pace.begin()
    assert pace.is_too_slow(monotonic() + 11, RATE)


def test_time_that_the_application_takes_does_not_count() -> None:
    pace = Pace()
    waited(pace, 1.0, 10)
    assert not pace.is_too_slow(monotonic() + 1000, RATE)


@pytest.mark.parametrize("moved", [0, 10**6])
def test_a_new_request_starts_anew(moved: int) -> None:
    pace = Pace()
    waited(pace, 100.0, moved)
    pace.reset()
    assert not pace.is_too_slow(monotonic(), RATE)
    assert pace.moved == 0
