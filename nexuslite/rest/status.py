"""`/service/rest/v1/status`: is the server there, and can it write."""

from __future__ import annotations

import secrets
import threading
import time

from django.db import DatabaseError, InterfaceError
from rest_framework.request import Request
from rest_framework.response import Response

from nexuslite.database import relaxed_transaction
from nexuslite.models import Stamp
from nexuslite.rest.views import RestView

REMEMBERED_SECONDS = 1.0
_PROBE_SLOT = -1
"""A row of the stamps that stands for nothing: it is there to be written."""


class Status(RestView):
    """Whether the server answers. Needs no sign-in."""

    authentication_classes = ()

    def get(self, request: Request) -> Response:
        """200."""
        return Response(status=200)


class WritableStatus(RestView):
    """Whether the server can write. Needs no sign-in."""

    authentication_classes = ()

    def get(self, request: Request) -> Response:
        """200, or 503 when the database takes no change."""
        return Response(status=200 if _database.is_writable() else 503)


class _Database:
    """Tries the database at most once in a while: anybody may ask, and asking writes."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._asked = float("-inf")
        self._writable = False

    def is_writable(self) -> bool:
        """Whether a row could be written, now or within the last `REMEMBERED_SECONDS`."""
        with self._asking:
            if time.monotonic() - self._asked >= REMEMBERED_SECONDS:
                self._writable = _write()
                self._asked = time.monotonic()
            return self._writable

    def forget(self) -> None:
        """Tries anew when asked the next time."""
        self._asked = float("-inf")


_database = _Database()


def forget() -> None:
    """Forgets what was found. For tests."""
    _database.forget()


def _write() -> bool:
    try:
        with relaxed_transaction():
            Stamp.objects.update_or_create(
                slot=_PROBE_SLOT, defaults={"stamp": secrets.randbits(62)}
            )
    except (DatabaseError, InterfaceError):
        return False
    return True
