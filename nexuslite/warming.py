"""Reading what every request needs before the first one comes.

A worker that has just been started would ask for configuration, users, roles and privileges in the
middle of the first requests, each of which has to stay within two queries.
"""

from __future__ import annotations

import logging

from django.db import DatabaseError, connection

from accounts.directory import remember_all
from accounts.rules import remember_rules
from repositories.records import snapshot

logger = logging.getLogger(__name__)


def warm_up() -> None:
    """Fills the worker's memory; without a database it is filled when there is one."""
    try:
        snapshot()
        remember_all()
        remember_rules()
    except DatabaseError as error:
        logger.warning("database not available: %s", error)
    finally:
        connection.close()
