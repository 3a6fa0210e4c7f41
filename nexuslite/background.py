"""The supervised background process: work that is nobody's request."""

from __future__ import annotations

import logging
import time

from django.db import DatabaseError, close_old_connections

from nexuslite import stamps
from repositories.connectors import publish_wanted_connectors
from repositories.lifecycle.sweep import sweep_uploads

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
SWEEP_SECONDS = 600.0


def work() -> None:
    """Runs until the process is told to stop; an error of one round does not end the next."""
    next_sweep = time.monotonic() + TICK_SECONDS
    seen = 0
    while True:
        time.sleep(TICK_SECONDS)
        try:
            seen = _follow_other_nodes(seen)
            if time.monotonic() >= next_sweep:
                next_sweep = time.monotonic() + SWEEP_SECONDS
                sweep_uploads()
        except DatabaseError as error:
            logger.warning("database not available: %s", error)
        finally:
            close_old_connections()


def _follow_other_nodes(seen: int) -> int:
    """Opens the connectors that an administrator made on another node of the same database."""
    if not stamps.shared_by_nodes():
        return seen
    stamp = stamps.read(stamps.CONFIGURATION)[0]
    if stamp != seen:
        publish_wanted_connectors()
    return stamp
