"""Touches: blobs that somebody was told exist, so that no collector takes them meanwhile.

A pull writes nothing. Touches are gathered in memory and written in batches; the grace period of
a collector is hours, the batch interval seconds. One touch of a blob within the interval is
enough.
"""

from __future__ import annotations

import logging
import threading

from django.db import DatabaseError, close_old_connections, connection
from django.db.models.functions import Now

from nexuslite.database import relaxed_transaction
from repositories.models import Blob

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 20.0
_BATCH = 500

_pending: set[int] = set()
_lock = threading.Lock()
_flusher: threading.Timer | None = None


def touch(blob_id: int) -> None:
    """Notes that the blob is counted on; cheap enough for every pull."""
    if blob_id in _pending:
        return
    with _lock:
        _pending.add(blob_id)
        _start_timer()


def flush() -> int:
    """Writes what has been gathered; returns how many blobs were touched."""
    with _lock:
        blob_ids = sorted(_pending)
        _pending.clear()
    for start in range(0, len(blob_ids), _BATCH):
        with relaxed_transaction():
            # Whoever has a blob locked claims it at this moment; waiting for it could deadlock.
            free = list(
                Blob.objects.select_for_update(skip_locked=_skips_locked(), no_key=True)
                .filter(pk__in=blob_ids[start : start + _BATCH])
                .values_list("pk", flat=True)
            )
            Blob.objects.filter(pk__in=free).update(last_claimed=Now())
    return len(blob_ids)


def _skips_locked() -> bool:
    return connection.features.has_select_for_update_skip_locked


def _start_timer(*, renew: bool = False) -> None:
    global _flusher  # noqa: PLW0603
    if renew or _flusher is None or not _flusher.is_alive():
        _flusher = threading.Timer(FLUSH_SECONDS, _flush_in_background)
        _flusher.daemon = True
        _flusher.start()


def _flush_in_background() -> None:
    try:
        flush()
    except DatabaseError as error:
        logger.warning("touches could not be written: %s", error)
    finally:
        close_old_connections()
        with _lock:
            if _pending:
                _start_timer(renew=True)
