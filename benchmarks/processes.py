"""What processes cost: CPU seconds and memory, from /proc."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def family(root: int) -> list[int]:
    """The process and all its descendants."""
    found = [root]
    for process in found:
        for children in Path(f"/proc/{process}/task").glob("*/children"):
            try:
                found.extend(int(child) for child in children.read_text().split())
            except FileNotFoundError:
                continue
    return found


def cpu_seconds(root: int) -> float:
    """User and system time of the process, its living descendants and those it has reaped."""
    total = 0
    for process in family(root):
        try:
            text = Path(f"/proc/{process}/stat").read_text()
        except FileNotFoundError:
            continue
        fields = text.rpartition(")")[2].split()
        total += sum(int(value) for value in fields[11:15])
    return total / _TICKS


def memory(root: int) -> int:
    """Proportional set size of the process and its descendants, in bytes."""
    total = 0
    for process in family(root):
        try:
            text = Path(f"/proc/{process}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(
            int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:")
        )
    return total
