"""Transactions beside Django's own `transaction.atomic`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


def release_connection() -> None:
    """Gives the connection back before long file or network work; the next query takes one anew.

    A pool would run dry while clients upload; the embedded database's connection costs nothing.
    """
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        connection.close()


@contextmanager
def relaxed_transaction() -> Iterator[None]:
    """A transaction that is committed without waiting for the disk.

    For what must survive a killed process but not a power cut: upload sessions, touches,
    statistics. A later full commit makes it durable as well.
    """
    if connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit = off")
            yield
        return
    if connection.in_atomic_block:
        # One commit, one way: the outer transaction decides.
        with transaction.atomic():
            yield
        return
    connection.is_relaxed = True  # type: ignore[attr-defined]
    try:
        with transaction.atomic():
            yield
    finally:
        connection.is_relaxed = False  # type: ignore[attr-defined]
