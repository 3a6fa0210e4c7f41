"""The load generator: load.c, compiled when a run begins, and wrk to compare it with."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.content import Config, Layer, LayerContent

_SOURCE = Path(__file__).with_name("load.c")
_LONGEST_RUN_SECONDS = 180


@dataclass(frozen=True)
class Outcome:
    """What one run of the generator saw. Times in seconds."""

    wall: float
    completed: int
    failed: int
    bytes: int
    cpu: float
    """CPU seconds of the generator itself."""
    p50: float
    p99: float
    error: str

    @property
    def rate(self) -> float:
        """Flows a second."""
        return self.completed / self.wall


def line(kind: str, token: str, target: str, content: LayerContent | None = None) -> str:
    """One line of a plan (see load.c)."""
    digest, tail = (content.digest, content.tail) if content else ("-", "-")
    return f"{kind} {token} {target} {digest} {tail}\n"


class Generator:
    """Runs plans."""

    def __init__(self, folder: Path, config: Config) -> None:
        self._program = folder / "load"
        self._config = config
        subprocess.run(
            ["gcc", "-O2", "-pthread", "-o", str(self._program), str(_SOURCE)], check=True
        )

    def run(
        self, port: int, clients: int, plan: Iterable[str], layer: Layer, seconds: float = 0
    ) -> Outcome:
        """Plays the plan; raises SystemExit when a flow failed."""
        finished = subprocess.run(
            [
                str(self._program),
                str(port),
                str(clients),
                str(seconds),
                str(layer.path),
                f"{self._config.path}@{self._config.digest}",
            ],
            input="".join(plan),
            capture_output=True,
            text=True,
            timeout=_LONGEST_RUN_SECONDS,
            check=False,
        )
        if finished.returncode:
            raise SystemExit(f"The load generator failed: {finished.stderr}")
        said = json.loads(finished.stdout)
        if said["failed"]:
            raise SystemExit(f"{said['failed']} flows failed: {said['error']}")
        return Outcome(
            wall=said["wall"],
            completed=said["completed"],
            failed=said["failed"],
            bytes=said["bytes"],
            cpu=said["cpu"],
            p50=said["p50"] / 1e9,
            p99=said["p99"] / 1e9,
            error=said["error"],
        )


def wrk_rate(port: int, clients: int, path: str, seconds: int) -> float:
    """Requests a second as wrk counts them."""
    command = ["wrk", f"-t{clients}", f"-c{clients}", f"-d{seconds}s"]
    said = subprocess.run(
        [*command, f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if found is None or "Non-2xx" in said:
        raise SystemExit(f"wrk failed:\n{said}")
    return float(found[1])
