"""`<data>/log/audit.log`: one JSON object on each line, written by all processes of the node.

The file is opened anew and locked for every batch, so that it may be moved away at any time, and
lines of several processes never mix. Nothing waits for the disk: the rows are what counts.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import time
from collections.abc import Sequence

from django.conf import settings

logger = logging.getLogger(__name__)

KEPT_FILES = 5
"""Rotated files beside the current one: `audit.log.1` is the newest of them."""
_COMPLAIN_EVERY = 60.0

_complained = float("-inf")


def path() -> str:
    """The current file."""
    # A text: composing a `Path` for every line costs more than writing it.
    return f"{settings.NEXUSLITE_DATA_DIR}/log/audit.log"


def append(lines: Sequence[str]) -> None:
    """Adds the lines, all or none of them. A full disk or a missing right raises nothing."""
    data = "".join(f"{line}\n" for line in lines).encode()
    try:
        _append(path(), data)
    except OSError as error:
        _complain(error)


def _append(file: str, data: bytes) -> None:
    while True:
        descriptor = _open(file)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not _is_current(descriptor, file):
                # Moved by whoever had the lock before, or by an administrator.
                continue
            size = os.fstat(descriptor).st_size
            if size and size + len(data) > settings.NEXUSLITE_AUDIT_LOG_SIZE:
                _rotate(file)
                continue
            _write(descriptor, data, size)
            return
        finally:
            os.close(descriptor)


def _open(file: str) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(file, flags, 0o600)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(file), mode=0o700, exist_ok=True)
        return os.open(file, flags, 0o600)


def _is_current(descriptor: int, file: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(file))
    except FileNotFoundError:
        return False


def _rotate(file: str) -> None:
    # The current file goes last: until then everybody else waits for the lock on it.
    for number in range(KEPT_FILES, 0, -1):
        newer = file if number == 1 else f"{file}.{number - 1}"
        if os.path.exists(newer):
            os.replace(newer, f"{file}.{number}")


def _write(descriptor: int, data: bytes, size: int) -> None:
    try:
        if os.write(descriptor, data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError:
        # A piece of a line would spoil the next one.
        os.ftruncate(descriptor, size)
        raise


def _complain(error: OSError) -> None:
    global _complained  # noqa: PLW0603
    now = time.monotonic()
    if now - _complained >= _COMPLAIN_EVERY:
        _complained = now
        logger.warning("the audit log cannot be written: %s", error)
