"""Slow work is bounded, whatever arrives."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.errors import TooManyAttempts
from accounts.hashing_pool import HashingPool


class Gate:
    """Work that lasts until the gate opens, and knows how much of it ran at once."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.started = threading.Semaphore(0)
        self.runs = 0
        self.most_at_once = 0
        self._now = 0
        self._lock = threading.Lock()

    def __call__(self) -> str:
        with self._lock:
            self.runs += 1
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        self.started.release()
        self.opened.wait(10)
        with self._lock:
            self._now -= 1
        return "done"


def test_no_more_than_the_workers_run_at_once():
    pool, gate = HashingPool(workers=2, waiting=20, patience=10), Gate()
    with ThreadPoolExecutor(12) as callers:
        results = [callers.submit(pool.run, gate) for _ in range(12)]
        gate.started.acquire(timeout=5)
        gate.started.acquire(timeout=5)
        gate.opened.set()
        assert [result.result() for result in results] == ["done"] * 12
    assert gate.most_at_once == 2
    assert gate.runs == 12


def test_who_finds_the_queue_full_is_told_at_once_to_come_back():
    pool, gate = HashingPool(workers=1, waiting=0, patience=10), Gate()
    with ThreadPoolExecutor(1) as callers:
        running = callers.submit(pool.run, gate)
        gate.started.acquire(timeout=5)
        with pytest.raises(TooManyAttempts) as refusal:
            pool.run(gate)
        assert refusal.value.retry_after >= 1
        gate.opened.set()
        assert running.result() == "done"
    assert pool.run(lambda: "again") == "again"


def test_who_has_waited_too_long_is_told_to_come_back():
    pool, gate = HashingPool(workers=1, waiting=1, patience=0.05), Gate()
    with pytest.raises(TooManyAttempts):
        pool.run(gate)
    gate.opened.set()


def test_callers_with_the_same_key_share_one_run():
    pool, gate = HashingPool(workers=1, waiting=0, patience=10), Gate()
    with ThreadPoolExecutor(20) as callers:
        results = [callers.submit(pool.run, gate, "the same") for _ in range(20)]
        gate.started.acquire(timeout=5)
        gate.opened.set()
        assert {result.result() for result in results} == {"done"}
    assert gate.runs < 20


def test_an_error_of_the_work_reaches_the_caller_and_frees_the_place():
    pool = HashingPool(workers=1, waiting=0, patience=5)

    def fail() -> None:
        raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            pool.run(fail)


def test_the_pool_works_in_a_forked_worker():
    pool = HashingPool(workers=1, waiting=1, patience=5)
    pool.run(lambda: "started before the fork")
    child = os.fork()
    if child == 0:
        os._exit(0 if pool.run(lambda: "in the child") == "in the child" else 1)
    assert os.waitpid(child, 0)[1] == 0
