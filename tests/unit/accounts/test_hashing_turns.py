"""However many workers a node has, few of them hash at the same moment."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

from accounts.hashing_turns import HashingTurns

PROCESSES, TURNS, SECONDS = 6, 2, 0.1


def hash_in_turn(turns: HashingTurns, log: Path) -> None:
    with turns.one():
        began = time.monotonic()
        time.sleep(SECONDS)
        with log.open("a") as file:
            file.write(f"{began} {time.monotonic()}\n")


def test_no_more_processes_than_turns_hash_at_once(tmp_path):
    turns = HashingTurns(tmp_path / "turns", TURNS)
    log = tmp_path / "log"
    forking = multiprocessing.get_context("fork")
    workers = [forking.Process(target=hash_in_turn, args=(turns, log)) for _ in range(PROCESSES)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    spans = [tuple(map(float, line.split())) for line in log.read_text().splitlines()]
    assert len(spans) == PROCESSES
    for began, _ in spans:
        assert sum(start <= began < end for start, end in spans) <= TURNS


def test_a_process_that_is_killed_gives_its_turn_back(tmp_path):
    turns = HashingTurns(tmp_path / "turns", 1)
    log = tmp_path / "log"
    forking = multiprocessing.get_context("fork")
    first = forking.Process(target=hold_for_ever, args=(turns, log))
    first.start()
    while not log.exists():
        time.sleep(0.01)
    first.kill()
    first.join(10)
    second = forking.Process(target=hash_in_turn, args=(turns, tmp_path / "second"))
    second.start()
    second.join(10)
    assert (tmp_path / "second").exists()


def hold_for_ever(turns: HashingTurns, log: Path) -> None:
    with turns.one():
        log.touch()
        time.sleep(60)
