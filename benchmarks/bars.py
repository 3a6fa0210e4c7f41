"""The bars, as data: what a run must show."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.measure import Row
from benchmarks.servers import BareApplication, DockerRegistry, Nexuslite, Nginx
from benchmarks.startup import StartUp
from benchmarks.upload import Uploads

MIB = 1 << 20


@dataclass(frozen=True)
class RatioBar:
    """A workload at 8 clients must reach so much of another server's rate."""

    workload: str
    other: str
    at_least: float


RATIO_BARS = [
    RatioBar("push 1 MB", DockerRegistry.name, 1.8),
    RatioBar("push 10 MB", DockerRegistry.name, 2.0),
    RatioBar("push 1 MB, new layers", DockerRegistry.name, 1.8),
    RatioBar("push 10 MB, new layers", DockerRegistry.name, 2.0),
    RatioBar("pull 1 MB", DockerRegistry.name, 2.2),
    RatioBar("pull 10 MB", DockerRegistry.name, 1.6),
    RatioBar("manifest GET by tag", BareApplication.name, 0.5),
    RatioBar("blob HEAD", BareApplication.name, 0.5),
    RatioBar("blob GET 100 MB", Nginx.name, 0.9),
]
BAR_CLIENTS = 8
UPLOAD_AT_LEAST = 0.6
FIRST_START_SECONDS = 3.0
SECOND_START_SECONDS = 2.0
MEMORY_MIB = 200.0


@dataclass(frozen=True)
class Verdict:
    """A bar and what was measured."""

    what: str
    bar: str
    measured: str
    reached: bool


def check(rows: Iterable[Row], uploads: Uploads, start_up: StartUp) -> list[Verdict]:
    """All bars. Raises KeyError when the row of one was not measured."""
    by_name = {row.workload: row for row in rows if row.clients == BAR_CLIENTS}
    verdicts = [_ratio(bar, by_name[bar.workload]) for bar in RATIO_BARS]
    return [
        *verdicts,
        _at_least("upload 400 MB / one process", uploads.ratio, UPLOAD_AT_LEAST),
        _at_most("first start", start_up.first, FIRST_START_SECONDS, "s"),
        _at_most("second start, 10,000 images", start_up.second, SECOND_START_SECONDS, "s"),
        _at_most("memory at rest", start_up.memory / MIB, MEMORY_MIB, "MiB"),
    ]


def _ratio(bar: RatioBar, row: Row) -> Verdict:
    measured = statistics.median(row.ratios(Nexuslite.name, bar.other))
    return _at_least(f"{bar.workload}, {BAR_CLIENTS} clients / {bar.other}", measured, bar.at_least)


def _at_least(what: str, measured: float, bar: float) -> Verdict:
    return Verdict(what, f"≥ {bar} ×", f"{measured:.2f} ×", measured >= bar)


def _at_most(what: str, measured: float, bar: float, unit: str) -> Verdict:
    return Verdict(what, f"< {bar:g} {unit}", f"{measured:.2f} {unit}", measured < bar)
