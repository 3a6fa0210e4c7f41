"""Measures nexuslite beside other servers and checks the bars; exit code 1 when one is missed."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import bars, report
from benchmarks.content import Config, Layer
from benchmarks.generator import Generator, line, wrk_rate
from benchmarks.machine import Machine, look_at
from benchmarks.measure import CLIENTS, Row, measure
from benchmarks.servers import (
    PROJECT,
    BareApplication,
    DockerRegistry,
    Nexuslite,
    Nginx,
    Server,
    find_program,
)
from benchmarks.startup import measure_start_up
from benchmarks.tracing import syncs_of_a_push
from benchmarks.upload import compare
from benchmarks.workloads import LARGE, SIZES, SMALL, WORKLOADS, Stage

_RESULTS = Path(__file__).with_name("RESULTS.md")
_NEEDED = ("docker-registry", "gcc", "nginx", "strace", "wrk")


def main() -> int:
    """Runs everything; returns the exit code."""
    options = _options()
    _check_programs()
    with _folder(options.folder) as folder:
        if options.only:
            _measure_some(folder, options)
            return 0
        found = _measure_all(folder, options)
    _RESULTS.write_text(found.render(), encoding="utf-8")
    print("\n" + "\n".join(report.bars_table(found.verdicts)))
    return 0 if all(verdict.reached for verdict in found.verdicts) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--folder", type=Path, default=PROJECT / "build", help="keep data below it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one short round: does it work?")
    parser.add_argument("--only", metavar="REGEX", help="only these workloads; no report")
    options = parser.parse_args()
    if options.quick:
        options.rounds = 1
    return options


def _check_programs() -> None:
    missing = [program for program in _NEEDED if find_program(program) is None]
    if missing:
        sys.exit(f"Needed to compare with: {', '.join(missing)} (Debian packages of that name).")


@contextmanager
def _folder(parent: Path) -> Iterator[Path]:
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="benchmarks-", dir=parent) as name:
        yield Path(name)


def _stage(folder: Path) -> Stage:
    config = Config(folder)
    layers = {size: Layer(folder, size) for size in SIZES}
    return Stage(Generator(folder, config), layers, config)


@contextmanager
def _running(folder: Path, stage: Stage) -> Iterator[dict[str, Server]]:
    servers: list[Server] = [
        Nexuslite(folder),
        DockerRegistry(folder),
        Nginx(folder),
        BareApplication(folder),
    ]
    large = stage.layers[LARGE].path
    shutil.copyfile(large, folder / Nginx.name / "files" / large.name)
    with ExitStack() as stack:
        for server in servers:
            stack.callback(server.stop)
            server.start()
        for server in servers[:2]:
            stage.prepare(server)
        yield {server.name: server for server in servers}


def _rows(stage: Stage, servers: Mapping[str, Server], options: argparse.Namespace) -> list[Row]:
    rows = []
    for workload in WORKLOADS:
        if options.only and not re.search(options.only, workload.name):
            continue
        wanted = workload.shortened() if options.quick else workload
        for clients in CLIENTS:
            if clients in wanted.counts:
                row = measure(stage, servers, wanted, clients, options.rounds)
                print(report.row_line(row), flush=True)
                rows.append(row)
    return rows


def _measure_some(folder: Path, options: argparse.Namespace) -> None:
    stage = _stage(folder)
    with _running(folder, stage) as servers:
        _rows(stage, servers, options)


def _measure_all(folder: Path, options: argparse.Namespace) -> report.Report:
    began = time.monotonic()
    machine: Machine = look_at(folder)
    print(machine.describe(), flush=True)
    stage = _stage(folder)
    start_up = measure_start_up(
        stage, folder, times=1 if options.quick else 3, rest_seconds=2 if options.quick else 60
    )
    print(f"{start_up}", flush=True)
    with _running(folder, stage) as servers:
        ceiling = _ceiling(stage, servers[Nginx.name], 1 if options.quick else 3)
        rows = _rows(stage, servers, options)
        uploads = compare(stage, servers[Nexuslite.name], folder, options.rounds)
        syncs = {
            name: syncs_of_a_push(stage, servers[name])
            for name in (Nexuslite.name, DockerRegistry.name)
        }
    print(f"{time.monotonic() - began:.0f} s in all", flush=True)
    verdicts = bars.check(rows, uploads, start_up)
    return report.Report(machine, options.rounds, rows, uploads, start_up, syncs, ceiling, verdicts)


def _ceiling(stage: Stage, nginx: Server, seconds: int) -> tuple[float, float]:
    plan = [line("get", "-", "/index.html")]
    own = stage.generator.run(nginx.port, 8, plan * 8, stage.layers[SMALL], seconds)
    return own.rate, wrk_rate(nginx.port, 8, "/index.html", seconds)


if __name__ == "__main__":
    sys.exit(main())
