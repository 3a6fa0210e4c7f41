"""Browser sessions in the database, under a hash of their key.

The key in the cookie signs in whoever shows it, so a copy of the database must not hold it.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.utils import timezone

_HEX_DIGITS = 40
"""As many as the column takes: 160 bits."""


class SessionStore(DatabaseStore):
    """Django's sessions in the database, but for what a row is found by."""

    def exists(self, session_key: str) -> bool:
        """Whether there is a session with the key."""
        return super().exists(hashed(session_key))

    def delete(self, session_key: str | None = None) -> None:
        """Ends the session with the key; without one, itself."""
        ended = self.session_key if session_key is None else session_key
        if ended is not None:
            super().delete(hashed(ended))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """The row to save."""
        row = super().create_model_instance(data)
        row.session_key = hashed(row.session_key)
        return row

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        rows = self.model.objects.filter(expire_date__gt=timezone.now())
        row = rows.filter(session_key=hashed(self.session_key or "")).first()
        if row is None:
            self._session_key = None
        return row


def hashed(session_key: str) -> str:
    """What the row of the session is found by."""
    return hashlib.sha256(session_key.encode("utf-8", "replace")).hexdigest()[:_HEX_DIGITS]
