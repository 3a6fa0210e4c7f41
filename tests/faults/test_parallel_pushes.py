"""A hundred clients push at the same time."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.client import Client, Image

PUSHES = 100
ROUNDS = 3


@pytest.mark.slow
def test_a_hundred_parallel_pushes_all_succeed_and_none_starves(program, database):  # fault 16
    server = program(NEXUSLITE_WORKERS=4, **database).start()
    client = Client(server.create_hosted("hosted", force_basic_auth=False).http_port)
    images = [Image.make(number) for number in range(PUSHES)]
    clients = [client.image(f"team/app{number}").with_token() for number in range(PUSHES)]
    together = threading.Barrier(PUSHES)

    def push(number: int, round_number: int) -> list[float]:
        together.wait()
        seconds = []
        image = Image.make(f"{round_number} {number}")
        for action in (
            lambda: clients[number].push_monolithic(image.layer),
            lambda: clients[number].push_monolithic(image.config),
            lambda: clients[number].put_manifest("latest", image.manifest),
        ):
            start = time.perf_counter()
            answer = action()
            seconds.append(time.perf_counter() - start)
            assert answer.status == 201, answer
        images[number] = image
        return seconds

    took: list[float] = []
    with ThreadPoolExecutor(PUSHES) as pool:
        for round_number in range(ROUNDS):
            for seconds in pool.map(push, range(PUSHES), [round_number] * PUSHES):
                took += seconds
    took.sort()
    median, slowest = took[len(took) // 2], took[int(len(took) * 0.99)]
    print(f"median {median * 1000:.0f} ms, 99th percentile {slowest * 1000:.0f} ms")
    assert slowest < 20 * median
    assert "database is locked" not in server.log
    for number in range(0, PUSHES, 10):
        assert clients[number].assert_whole("latest") == images[number].digest
