"""The report of a run, in Markdown."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from benchmarks.bars import MIB, Verdict
from benchmarks.machine import Machine
from benchmarks.measure import Row
from benchmarks.servers import Nexuslite
from benchmarks.startup import StartUp
from benchmarks.upload import Uploads

_HOW = """\
## How they were taken

- One machine for everything: servers and load generator share its cores, traffic stays on
  loopback. All servers keep their data on the one file system named above. No TLS.
- {rounds} rounds. In each round every server runs the same work, right after the other, in
  alternating order. A figure is the median of the rounds; what stands in parentheses is the
  lowest and the highest. A ratio is that of neighbours in one round.
- *nexuslite*: as `make run` starts it (2 workers, SQLite), permissions checked for every request,
  a bearer token for each image, fetched before the clock runs.
- *docker-registry*: Distribution 2.8.2 of Debian: no sign-in, log level error, in-memory cache of
  descriptors, file system driver.
- *nginx*: 2 workers, sendfile. *bare WSGI*: an application that answers bytes of the same length,
  under nexuslite's own server and worker.
- Flows are those of zb (zot's benchmark), call by call: a push is POST and PUT for the layer and
  for the config, and PUT for the manifest, to a new image each time (streamed: POST, PATCH and
  an empty PUT); a pull is HEAD and GET of manifest, config and layer. In zb all layers of a size
  have one digest, which a deduplicating store meets again; the rows "new layers" push bytes that
  no server has seen.
- Files are in the page cache, but for the row "cold", before which it drops those of the servers.
- Before each run the disk is given time to write what earlier runs have left (`sync`).
- CPU is user and system time of all processes of a server for one flow; memory is the
  proportional set size of all its processes right after a run.
- The generator is native (`load.c`). It sends bodies with sendfile and receives them without
  copying, since wrk's Lua can do neither. wrk confirms its rate where both can do the work.
"""


@dataclass(frozen=True)
class Report:
    """All that a run has found out."""

    machine: Machine
    rounds: int
    rows: list[Row]
    uploads: Uploads
    start_up: StartUp
    syncs: Mapping[str, int]
    ceiling: tuple[float, float]
    """Small files a second from nginx at 8 clients, by the generator and by wrk."""
    verdicts: list[Verdict]

    def render(self) -> str:
        """The text of RESULTS.md."""
        return "\n".join(
            [
                "# Results",
                "",
                f"Written by `make bench` on {date.today().isoformat()}. "
                f"{self.machine.describe()}. Python {platform.python_version()}.",
                "",
                "## Bars",
                "",
                *bars_table(self.verdicts),
                "",
                "## Against other servers",
                "",
                *_rates_table(self.rows),
                "",
                "## What it costs",
                "",
                *_costs_table(self.rows, self.machine.cores),
                "",
                "## The rest",
                "",
                *self._rest(),
                "",
                _HOW.format(rounds=self.rounds),
            ]
        )

    def _rest(self) -> list[str]:
        own, wrk = self.ceiling
        syncs = ", ".join(f"{name} {number}" for name, number in self.syncs.items())
        return [
            f"- Syncs of one push of a new 1 MB layer (traced): {syncs}.",
            f"- Upload of 400 MB: {_spread(self.uploads.server, 's')}; writing, hashing and "
            f"syncing the same bytes in one process: {_spread(self.uploads.process, 's')}.",
            f"- Empty data folder to the first 200 of its status: {self.start_up.first:.2f} s; "
            f"start with 10,000 images to a manifest: {self.start_up.second:.2f} s.",
            f"- Memory at rest after 1,000 requests: {self.start_up.memory / MIB:.0f} MiB.",
            *(f"- Memory of {name}: {text}." for name, text in _memory(self.rows).items()),
            f"- The generator is not the limit: at 8 clients it has {own:,.0f} small files a "
            f"second from nginx (wrk: {wrk:,.0f}).",
        ]


def bars_table(verdicts: Iterable[Verdict]) -> list[str]:
    """The bars and whether they were reached."""
    return [
        "| what | bar | measured | |",
        "|---|---|---|---|",
        *(
            f"| {verdict.what} | {verdict.bar} | {verdict.measured} | "
            f"{'reached' if verdict.reached else '**missed**'} |"
            for verdict in verdicts
        ),
    ]


def row_line(row: Row) -> str:
    """A row's rates and ratios, for whoever watches."""
    cells = [f"{row.workload} ({row.clients})"]
    for name in row.runs:
        cells.append(f"{name} {_number(row.rate(name))}/s")
        if name != Nexuslite.name:
            cells.append(f"ratio {_ratio(row, name)}")
    return " | ".join(cells)


def _rates_table(rows: Iterable[Row]) -> list[str]:
    lines = [
        "| workload | clients | server | flows/s | nexuslite is | p50 ms | p99 ms |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        for name in row.runs:
            ratio = "" if name == Nexuslite.name else _ratio(row, name)
            p50 = row.median(name, lambda run: run.outcome.p50) * 1000
            p99 = row.median(name, lambda run: run.outcome.p99) * 1000
            lines.append(
                f"| {row.workload} | {row.clients} | {name} | {_spread(row.rates(name))} "
                f"| {ratio} | {p50:.2f} | {p99:.2f} |"
            )
    return lines


def _costs_table(rows: Iterable[Row], cores: int) -> list[str]:
    lines = [
        "| workload | clients | server | CPU ms a flow | memory MiB | generator, of all cores |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        for name in row.runs:
            cpu = row.median(name, lambda run: run.server_cpu) * 1000
            memory = row.median(name, lambda run: run.memory) / MIB
            share = row.median(name, lambda run: run.outcome.cpu / run.outcome.wall / cores)
            lines.append(
                f"| {row.workload} | {row.clients} | {name} | {cpu:.2f} | {memory:.0f} "
                f"| {share:.0%} |"
            )
    return lines


def _memory(rows: Iterable[Row]) -> dict[str, str]:
    by_server: dict[str, list[float]] = {}
    for row in rows:
        for name, runs in row.runs.items():
            by_server.setdefault(name, []).extend(run.memory / MIB for run in runs)
    return {
        name: f"{values[0]:.0f} MiB after the first run, {max(values):.0f} MiB at most"
        for name, values in by_server.items()
    }


def _ratio(row: Row, name: str) -> str:
    ratios = row.ratios(Nexuslite.name, name)
    return f"{statistics.median(ratios):.2f} × ({min(ratios):.2f}–{max(ratios):.2f})"


def _spread(values: list[float], unit: str = "") -> str:
    text = f"{_number(statistics.median(values))} ({_number(min(values))}–{_number(max(values))})"
    return f"{text} {unit}" if unit else text


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
