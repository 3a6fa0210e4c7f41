"""The file in which a fresh server tells its administrator the first password.

As Nexus: `<data>/admin.password`, no newline, gone once the password has been changed.
"""

from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings


def path() -> Path:
    """Where the file is, or would be."""
    return Path(settings.NEXUSLITE_DATA_DIR) / "admin.password"


def write(password: str) -> None:
    """Writes the file, for the owner's eyes only; a leftover one is replaced."""
    draft = path().with_name(f"admin.password.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(password)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path())


def remove() -> None:
    """Removes the file if there is one."""
    path().unlink(missing_ok=True)
