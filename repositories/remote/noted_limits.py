"""The limits of remotes as the workers of this node last heard of them.

A small file for each repository that has such a remote: whoever answers an administrator is
rarely the worker that asked the remote. Only a statistic, so a lost write does no harm.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from time import monotonic

from django.conf import settings

from repositories.remote.answers import RemoteLimits

_INTERVAL = 1.0
_written: dict[int, tuple[float, RemoteLimits]] = {}


def note(repository_id: int, limits: RemoteLimits | None) -> None:
    """Remembers limits; written at most once a second by each worker."""
    before = _written.get(repository_id)
    if limits is None or (before is not None and before[1] == limits):
        return
    if before is not None and monotonic() - before[0] < _INTERVAL:
        return
    _written[repository_id] = (monotonic(), limits)
    path = _path(repository_id)
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(asdict(limits)))
        fresh.replace(path)


def read(repository_id: int) -> RemoteLimits | None:
    """The limits that were noted last."""
    try:
        return RemoteLimits(**json.loads(_path(repository_id).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _path(repository_id: int) -> Path:
    return Path(settings.NEXUSLITE_RUN_DIR) / "remotes" / f"{repository_id}.json"
