"""A large upload against doing the same to the same bytes in one process, without any network."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.content import MIB, Layer
from benchmarks.generator import line
from benchmarks.servers import PROJECT, Server
from benchmarks.workloads import Stage, token

SIZE = 400 * MIB


@dataclass(frozen=True)
class Uploads:
    """Seconds of each round."""

    server: list[float]
    process: list[float]

    @property
    def ratios(self) -> list[float]:
        """Speed of the upload against that of the process, by round."""
        return [process / server for server, process in zip(self.server, self.process, strict=True)]

    @property
    def ratio(self) -> float:
        """Their median."""
        return statistics.median(self.ratios)


def compare(stage: Stage, server: Server, folder: Path, rounds: int) -> Uploads:
    """Uploads a new layer (POST, PATCH, PUT, as docker does) and works through it, by turns."""
    layer = Layer(folder, SIZE)
    uploads = Uploads([], [])
    for number in range(rounds):
        name = f"uploaded/{number}"
        plan = [line("blob-streamed", token(server, name), name, layer.fresh())]
        os.sync()
        uploads.server.append(stage.generator.run(server.port, 1, plan, layer).wall)
        os.sync()
        uploads.process.append(_single_process(layer.path, folder / "single"))
    layer.path.unlink()
    return uploads


def _single_process(source: Path, target: Path) -> float:
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks.single", str(source), str(target)],
        cwd=PROJECT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    target.unlink()
    return float(said)
