"""How often a server asks the disk to keep what it was given: the syncs of one push."""

from __future__ import annotations

import re
import signal
import statistics
import subprocess
import time
from pathlib import Path

from benchmarks import processes
from benchmarks.generator import line
from benchmarks.servers import Server
from benchmarks.workloads import SMALL, Stage, token

_SYNC = re.compile(r"\b(?:fsync|fdatasync|syncfs|sync_file_range|msync)\(")
_ATTACH_SECONDS = 10.0


def syncs_of_a_push(stage: Stage, server: Server, times: int = 3) -> int:
    """Median number of syncs of a push of one new 1 MB layer, with its config and manifest."""
    return int(statistics.median(_syncs(stage, server, number) for number in range(times)))


def _syncs(stage: Stage, server: Server, number: int) -> int:
    layer = stage.layers[SMALL]
    name = f"traced/{number}"
    plan = [line("push", token(server, name), name, layer.fresh())]
    trace = server.folder / "trace"
    family = processes.family(server.pid)
    command = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync,syncfs,sync_file_range,msync"]
    strace = subprocess.Popen(
        [*command, "-o", str(trace), *(part for pid in family for part in ("-p", str(pid)))]
    )
    try:
        _wait_until_traced(family)
        stage.generator.run(server.port, 1, plan, layer)
    finally:
        strace.send_signal(signal.SIGINT)
        strace.wait(10)
    text = trace.read_text()
    trace.unlink()
    return len(_SYNC.findall(text))


def _wait_until_traced(family: list[int]) -> None:
    until = time.monotonic() + _ATTACH_SECONDS
    while not all(_is_traced(thread) for pid in family for thread in _threads(pid)):
        if time.monotonic() > until:
            raise SystemExit("strace does not attach; it may need root or ptrace_scope 0.")
        time.sleep(0.01)


def _threads(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").iterdir())


def _is_traced(thread: Path) -> bool:
    return "TracerPid:\t0\n" not in (thread / "status").read_text()
