"""What the figures depend on besides the programs: the machine and its disk."""

from __future__ import annotations

import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

_MEMORY_FILE_SYSTEMS = {"tmpfs", "ramfs"}


@dataclass(frozen=True)
class Machine:
    """Where a run took place, in words that fit any machine."""

    cores: int
    memory_gib: float
    file_system: str
    fsync_milliseconds: tuple[float, float]
    """Median and 90th percentile of appending 4 KiB and syncing."""

    def describe(self) -> str:
        """One line for the report."""
        median, high = self.fsync_milliseconds
        return (
            f"{self.cores} cores, {self.memory_gib:.0f} GiB of memory, {self.file_system}; "
            f"a 4 KiB append with fsync takes {median:.2f} ms (median; 90 % under {high:.2f} ms)"
        )


def look_at(folder: Path) -> Machine:
    """Measures; `folder` is where all servers keep their data."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        memory_gib=pages / 2**30,
        file_system=file_system_of(folder),
        fsync_milliseconds=fsync_latency(folder),
    )


def file_system_of(folder: Path) -> str:
    """Type of the file system. Raises SystemExit for one that lives in memory."""
    path = folder.resolve()
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    types = {Path(fields[1]): fields[2] for fields in mounts}
    found = next(types[parent] for parent in [path, *path.parents] if parent in types)
    if found in _MEMORY_FILE_SYSTEMS:
        raise SystemExit(f"The data folder lies on {found}; give one on a disk with --folder.")
    return found


def fsync_latency(folder: Path, times: int = 200) -> tuple[float, float]:
    """Median and 90th percentile in milliseconds of appending 4 KiB and syncing."""
    path = folder / "fsync"
    taken = []
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            began = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            taken.append((time.perf_counter() - began) * 1000)
    path.unlink()
    return statistics.median(taken), statistics.quantiles(taken, n=10)[8]
