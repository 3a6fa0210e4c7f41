"""Probing blocked remotes: part of the background process."""

from __future__ import annotations

import logging
import threading

from django.db import DatabaseError, connections

from repositories import records
from repositories.records import RepositoryRecord
from repositories.remote import blocking, state
from repositories.remote.state import State

logger = logging.getLogger(__name__)

MAX_PROBES = 8
_probing = threading.BoundedSemaphore(MAX_PROBES)


def probe_blocked_remotes() -> list[threading.Thread]:
    """Begins to ask every blocked remote whose time has passed; returns without waiting.

    A remote that is down may take long to say so, and other remotes and other work wait for it.
    One query, and one for each such remote.
    """
    begun: list[threading.Thread] = []
    for repository_id, seen in state.due_for_probe():
        repository = records.snapshot().by_id.get(repository_id)
        if repository is None or not _is_wanted(repository):
            continue
        if not _probing.acquire(blocking=False):
            break
        if not state.claim_probe(repository_id, seen):
            _probing.release()
            continue
        thread = threading.Thread(target=_probe, args=(repository, seen), daemon=True)
        thread.start()
        begun.append(thread)
    return begun


def _is_wanted(repository: RepositoryRecord) -> bool:
    proxy = repository.proxy
    return repository.online and proxy is not None and proxy.auto_block and not proxy.blocked


def _probe(repository: RepositoryRecord, seen: State) -> None:
    try:
        blocking.probe(repository, seen)
    except DatabaseError as error:
        logger.warning("database not available: %s", error)
    except Exception:
        logger.exception("probing a remote failed")
    finally:
        connections.close_all()
        _probing.release()
