"""Alternating rounds: every workload on every server, and what it cost there."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.generator import Outcome
from benchmarks.servers import Server
from benchmarks.workloads import Stage, Workload

CLIENTS = (1, 8)


@dataclass(frozen=True)
class Run:
    """One workload once on one server."""

    outcome: Outcome
    server_cpu: float
    """CPU seconds of the server's processes for one flow."""
    memory: int
    """Proportional set size right after, in bytes."""


@dataclass(frozen=True)
class Row:
    """All rounds of a workload with one number of clients, by server."""

    workload: str
    clients: int
    runs: Mapping[str, list[Run]]

    def rate(self, server: str) -> float:
        """Median of the flows a second."""
        return statistics.median(self.rates(server))

    def rates(self, server: str) -> list[float]:
        """Flows a second, by round."""
        return [run.outcome.rate for run in self.runs[server]]

    def median(self, server: str, value: Callable[[Run], float]) -> float:
        """Median over the rounds of something."""
        return statistics.median(value(run) for run in self.runs[server])

    def ratios(self, server: str, other: str) -> list[float]:
        """How much faster a server is than another one, by round: neighbours in time."""
        return [
            mine / theirs
            for mine, theirs in zip(self.rates(server), self.rates(other), strict=True)
        ]


def measure(
    stage: Stage, servers: Mapping[str, Server], workload: Workload, clients: int, rounds: int
) -> Row:
    """Runs a workload so many times on each of its servers, by turns."""
    runs: dict[str, list[Run]] = {name: [] for name in workload.servers}
    for number in range(rounds):
        # Each is as often first as last.
        order = workload.servers if number % 2 == 0 else workload.servers[::-1]
        for name in order:
            runs[name].append(_run(stage, servers[name], workload, clients))
    return Row(workload.name, clients, runs)


def _run(stage: Stage, server: Server, workload: Workload, clients: int) -> Run:
    plan = workload.plan(stage, server, clients, workload.counts[clients])
    if workload.cold:
        forget_pages(server.folder)
    # What others have written is their cost, not this run's.
    os.sync()
    before = server.cpu_seconds()
    outcome = stage.generator.run(
        server.port, clients, plan, stage.layers[workload.size], workload.seconds
    )
    spent = server.cpu_seconds() - before
    return Run(outcome, spent / outcome.completed, server.memory())


def forget_pages(folder: Path) -> None:
    """Drops the page cache of all files below the folder, so that they are read from the disk."""
    os.sync()
    for path in _files(folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def _files(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and path.stat().st_size > 65536)
