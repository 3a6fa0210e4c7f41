"""Good users go on while somebody guesses passwords as fast as possible.

Fault 30.
"""

from __future__ import annotations

import http.client
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.client import Client, Image, Ledger
from tests.support.process import (
    ADMIN,
    ADMIN_PASSWORD,
    LOOPBACK,
    ProgramProcess,
    basic_authorization,
)
from tests.support.server import wait_for

GUESSES_A_SECOND = 200
ROUNDS = 150


@pytest.fixture
def server(program: Callable[..., ProgramProcess]) -> ProgramProcess:
    return program(NEXUSLITE_TRUSTED_PROXIES=LOOPBACK).start()


class Attacker:
    """Sends wrong passwords at a steady rate, on connections that stay open."""

    def __init__(self, port: int, addresses: int) -> None:
        self._port = port
        self._addresses = addresses
        self._stop = threading.Event()
        self.answers: Counter[int] = Counter()

    @contextmanager
    def at_work(self, threads: int = 16) -> Iterator[None]:
        workers = [
            threading.Thread(target=self._guess, args=(number, threads))
            for number in range(threads)
        ]
        for worker in workers:
            worker.start()
        try:
            yield
        finally:
            self._stop.set()
            for worker in workers:
                worker.join()

    def _guess(self, number: int, threads: int) -> None:
        client = http.client.HTTPConnection(LOOPBACK, self._port, timeout=30)
        due = time.monotonic()
        while not self._stop.is_set():
            number += threads
            due = max(due + threads / GUESSES_A_SECOND, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))
            place = number % self._addresses
            headers = {
                "X-Forwarded-For": f"203.{place >> 16 & 255}.{place >> 8 & 255}.{place & 255}",
                "Authorization": basic_authorization(ADMIN, f"guess {number}"),
            }
            client.request("GET", "/v2/", headers=headers)
            answer = client.getresponse()
            answer.read()
            self.answers[answer.status] += 1
        client.close()


def times_of(action: Callable[[], int], rounds: int) -> list[float]:
    """Milliseconds of each round; every one has to succeed."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        assert action() == 200
        taken.append((time.perf_counter() - began) * 1000)
    return taken


@pytest.mark.slow
@pytest.mark.parametrize("addresses", [1, 50_000])
def test_pulls_and_logins_go_on_while_somebody_guesses(
    server: ProgramProcess, addresses: int
) -> None:
    # fault 30
    client = Client(server.create_hosted("hosted", force_basic_auth=False).http_port)
    Ledger().push(client, "good", Image.make("good"))
    right = {"Authorization": basic_authorization(ADMIN, ADMIN_PASSWORD)}

    def pull() -> int:
        return client.request("GET", "manifests/good").status

    def login() -> int:
        return server.request("GET", "/v2/token?service=any", headers=right).status

    quiet = {"pull": times_of(pull, ROUNDS), "login": times_of(login, ROUNDS)}
    attacker = Attacker(server.port, addresses)
    with attacker.at_work():
        # While every guess is still looked at, and once they are turned away.
        first = times_of(pull, ROUNDS)
        wait_for(lambda: attacker.answers[429] > 100, 60.0, "the door is closed to the guesser")
        closed = Counter(attacker.answers)
        loud = {"pull": times_of(pull, ROUNDS), "login": times_of(login, ROUNDS)}
        closed = attacker.answers - closed
    for name, taken in (("pull", first), *loud.items()):
        median, before = statistics.median(taken), statistics.median(quiet[name])
        print(name, f"{before:.1f} ms, {median:.1f} ms under attack, worst {max(taken):.0f} ms")
        assert median < 10 * before + 20
        assert statistics.quantiles(taken, n=20)[-1] < 500
    assert closed[429] > 10 * closed[401]
    assert attacker.answers[200] == 0


@pytest.mark.slow
def test_fifty_logins_at_the_same_moment_take_little_memory(
    program: Callable[..., ProgramProcess],
) -> None:
    server = program(NEXUSLITE_WORKERS=8).start()
    for _ in range(200):
        assert server.request("GET", "/service/rest/v1/status").status == 200
    before, peak = memory_of(server), 0
    start = threading.Barrier(50)

    def login(number: int) -> int:
        start.wait()
        authorization = basic_authorization(f"user{number}", "a password")
        return server.request("GET", "/v2/", headers={"Authorization": authorization}).status

    with ThreadPoolExecutor(50) as clients:
        answers = [clients.submit(login, number) for number in range(50)]
        while not all(answer.done() for answer in answers):
            peak = max(peak, memory_of(server))
    assert {answer.result() for answer in answers} == {401}, "none is turned away"
    print(f"{before} MiB, {peak} MiB at the peak")
    assert peak - before < 150


def memory_of(server: ProgramProcess) -> int:
    """MiB of all its processes together, shared pages counted once."""
    total = 0
    for pid in server.processes():
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total // 1024


@pytest.mark.slow
def test_guesses_are_turned_away_on_either_database(
    program: Callable[..., ProgramProcess], database: dict[str, str]
) -> None:
    server = program(**database).start()
    answers = Counter(
        server.request(
            "GET", "/v2/", headers={"Authorization": basic_authorization("alice", f"guess {n}")}
        ).status
        for n in range(20)
    )
    assert answers == {401: 10, 429: 10}
    assert server.rest("GET", "/status").status == 200
