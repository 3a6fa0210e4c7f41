"""How fast nexuslite starts, and what it needs when it has nothing to do."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.generator import line
from benchmarks.servers import PROJECT, Nexuslite
from benchmarks.workloads import SMALL, Stage, token

IMAGES = 10_000


@dataclass(frozen=True)
class StartUp:
    """Seconds, medians of a few starts; memory in bytes."""

    first: float
    """Empty data folder to the first 200 of `/service/rest/v1/status`."""
    second: float
    """Start with 10,000 images to a manifest's GET."""
    memory: int
    """Proportional set size of all processes at rest, after 1,000 requests."""


def measure_start_up(stage: Stage, folder: Path, times: int, rest_seconds: float) -> StartUp:
    """Starts servers of its own."""
    first = statistics.median(_first_start(folder / f"start-{number}") for number in range(times))
    server = Nexuslite(folder / "second-start")
    server.start()
    server.stop()
    _fill(server)
    second = statistics.median(_second_start(server) for _ in range(times))
    memory = _memory_at_rest(stage, folder / "rest", rest_seconds)
    return StartUp(first, second, memory)


def _first_start(folder: Path) -> float:
    server = Nexuslite(folder)
    began = time.perf_counter()
    server.start_program()
    taken = time.perf_counter() - began
    server.stop()
    shutil.rmtree(folder)
    return taken


def _fill(server: Nexuslite) -> None:
    subprocess.run(
        [sys.executable, "-m", "benchmarks.fill", server.repository, str(IMAGES)],
        cwd=PROJECT,
        env=server.environment(),
        check=True,
    )


def _second_start(server: Nexuslite) -> float:
    began = time.perf_counter()
    server.start_to_manifest(f"filled/{IMAGES // 2}")
    taken = time.perf_counter() - began
    server.stop()
    return taken


def _memory_at_rest(stage: Stage, folder: Path, rest_seconds: float) -> int:
    server = Nexuslite(folder)
    server.start()
    layer = stage.layers[SMALL]
    name = "rested"
    bearer = token(server, name)
    stage.generator.run(server.port, 1, [line("push", bearer, name, layer.content())], layer)
    stage.generator.run(
        server.port, 8, [line("pull", bearer, name, layer.content())] * (1000 // 6), layer
    )
    os.sync()
    time.sleep(rest_seconds)
    memory = server.memory()
    server.stop()
    return memory
