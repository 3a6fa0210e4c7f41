"""Named points at which a test may kill the process, to show what a crash there leaves behind.

``NEXUSLITE_CHECKPOINT="blob.named:3"`` kills the process with SIGKILL when it passes
``blob.named`` for the third time; without ``:n`` it is the first time. The variable is read
once, at import, so that a checkpoint is an empty function call in every other process.
"""

import itertools
import os
import signal
from collections.abc import Callable

VARIABLE = "NEXUSLITE_CHECKPOINT"


def _pass(name: str) -> None:
    """Do nothing."""


def _armed(setting: str) -> Callable[[str], None]:
    """Return the checkpoint function for the setting. Raises ValueError if it is malformed."""
    if not setting:
        return _pass
    wanted, _, count = setting.partition(":")
    hits = itertools.count(1)
    fatal_hit = int(count or "1")

    def checkpoint(name: str) -> None:
        if name == wanted and next(hits) == fatal_hit:
            os.kill(os.getpid(), signal.SIGKILL)

    return checkpoint


checkpoint: Callable[[str], None] = _armed(os.environ.get(VARIABLE, ""))
"""Kill this process if the environment names this checkpoint and its turn has come."""
