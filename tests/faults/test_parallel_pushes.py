"""A hundred pushes at the same moment: none fails, none waits out of proportion."""

from __future__ import annotations

import statistics
import threading
import time

import pytest

from tests.faults.client import Client, Image

PUSHES = 100
MOST_TIMES_THE_MEDIAN = 20


# fault 16
@pytest.mark.slow
def test_a_hundred_parallel_pushes_over_four_workers(program, database):
    server = program(NEXUSLITE_WORKERS=4, **database).start()
    port = server.create_hosted("hosted").http_port
    start = threading.Barrier(PUSHES)
    seconds: list[float] = []
    failures: list[object] = []

    def push(number: int) -> None:
        client, image = Client(port, f"team/app{number % 10}"), Image.make(number)
        start.wait()
        try:
            for part in range(3):
                began = time.monotonic()
                answer = client.push(image, f"v{number}-{part}")
                seconds.append(time.monotonic() - began)
                assert answer.status == 201, answer
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=push, args=(number,)) for number in range(PUSHES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert "database is locked" not in server.log
    slowest = statistics.quantiles(seconds, n=100)[98]
    assert slowest < MOST_TIMES_THE_MEDIAN * statistics.median(seconds)
    for number in range(0, PUSHES, 7):
        Client(port, f"team/app{number % 10}").assert_whole(f"v{number}-2")
