"""The supervised background process: work that is nobody's request."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, close_old_connections

from accounts import sessions
from accounts.audit.retention import remove_older_than, remove_surplus_of_strangers
from nexuslite import stamps
from repositories.connectors import publish_wanted_connectors
from repositories.lifecycle.sweep import Swept, sweep_orphans, sweep_uploads
from repositories.remote.probes import probe_blocked_remotes

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
MINUTE = 60.0
HOUR = 60 * MINUTE


@dataclass
class Recurring:
    """Work that is done again and again, `interval` seconds after it was last begun."""

    work: Callable[[], None]
    interval: float
    next: float
    """When it is due, by the monotonic clock."""

    def run_if_due(self, now: float) -> None:
        """Does the work when its time has come; a failure leaves it to the next time."""
        if now < self.next:
            return
        self.next = now + self.interval
        try:
            self.work()
        except DatabaseError as error:
            logger.warning("database not available: %s", error)
        except Exception:
            logger.exception("background work failed")
        finally:
            close_old_connections()


def work() -> None:
    """Runs until the process is told to stop; an error of one round does not end the next."""
    now = time.monotonic()
    schedule = [
        Recurring(_repair_stamps, 5.0, now),
        Recurring(_follower_of_other_nodes(), TICK_SECONDS, now),
        Recurring(_probe_remotes, TICK_SECONDS, now),
        Recurring(lambda: _report(sweep_uploads()), 10 * MINUTE, now + TICK_SECONDS),
        Recurring(_remove_old_events, HOUR, now + MINUTE),
        Recurring(_remove_expired_sessions, HOUR, now + MINUTE),
        # It lists every object there is, so not while the program has just been started.
        Recurring(lambda: _report(sweep_orphans()), 24 * HOUR, now + HOUR),
    ]
    while True:
        time.sleep(TICK_SECONDS)
        for recurring in schedule:
            recurring.run_if_due(time.monotonic())


def _repair_stamps() -> None:
    repaired = stamps.repair()
    if repaired:
        logger.info("renewed %d stamps of writers that were killed", repaired)


def _probe_remotes() -> None:
    probe_blocked_remotes()


def _remove_old_events() -> None:
    removed = remove_older_than(settings.NEXUSLITE_AUDIT_DAYS) + remove_surplus_of_strangers()
    if removed:
        logger.info("removed %d old rows of the audit", removed)


def _remove_expired_sessions() -> None:
    removed = sessions.remove_expired()
    if removed:
        logger.info("removed %d sessions that had run out", removed)


def _report(swept: Swept) -> None:
    if swept != Swept():
        logger.info("swept %s", swept)


def _follower_of_other_nodes() -> Callable[[], None]:
    """Opens the connectors that an administrator made on another node of the same database."""
    seen = 0

    def follow() -> None:
        nonlocal seen
        if not stamps.shared_by_nodes():
            return
        stamp = stamps.read(stamps.CONFIGURATION)[0]
        if stamp != seen:
            publish_wanted_connectors()
            seen = stamp

    return follow
