"""What fetches leave behind that nobody has gone on with: their files and bytes in the spool."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings

from repositories.fetching.fetch_file import FetchFile, folder
from repositories.fetching.landing import has_spool, spool

logger = logging.getLogger(__name__)


def sweep_fetches() -> int:
    """Removes what is older than an abandoned upload may get; returns how much that was.

    What lies in the staging of a blob store is swept with the stagings of uploads. Times are of
    this node's files and of its own clock.
    """
    lifetime = settings.NEXUSLITE_UPLOAD_LIFETIME
    return _sweep_files(time.time() - lifetime) + _sweep_spool(lifetime)


def _sweep_files(before: float) -> int:
    return sum(_remove(path) for path in list(folder().iterdir()) if _modified(path) < before)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _remove(path: Path) -> bool:
    file = FetchFile(path)
    try:
        # Whoever leads it is slow, but at work.
        if not file.try_to_lead():
            return False
        file.end()
        return True
    finally:
        file.close()


def _sweep_spool(lifetime: float) -> int:
    if not has_spool():
        return 0
    place = spool()
    before = datetime.now(UTC) - timedelta(seconds=lifetime)
    old = [each.staging for each in place.list_stagings() if each.modified < before]
    for staging in old:
        place.discard(staging)
    return len(old)
