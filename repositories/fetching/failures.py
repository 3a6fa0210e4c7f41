"""Failures of a fetch as notes: who follows it raises what the leader met."""

from __future__ import annotations

from typing import Any

from repositories.blobs import StorageError, StorageFull, StorageUnavailable
from repositories.remote.errors import (
    AddressRefused,
    RemoteBlocked,
    RemoteError,
    RemoteLimited,
    RemoteNotFound,
    RemoteRefused,
    RemoteUnavailable,
)

Note = dict[str, Any]


def note_of(error: Exception) -> Note:
    """What to note of a failure; `failure` makes the error again."""
    note: Note = {"kind": type(error).__name__, "reason": str(error)}
    for name in ("status", "credentials_rejected", "retry_after", "timed_out"):
        if hasattr(error, name):
            note[name] = getattr(error, name)
    return note


def failure(note: Note) -> RemoteError | StorageError:
    """The error that was noted; what has no kind of its own is a remote that is unavailable."""
    kind, reason = note["kind"], note["reason"]
    match kind:
        case "RemoteNotFound":
            return RemoteNotFound(reason)
        case "RemoteRefused":
            rejected = note["credentials_rejected"]
            return RemoteRefused(reason, note["status"], credentials_rejected=rejected)
        case "RemoteLimited":
            return RemoteLimited(reason, note["retry_after"])
        case "RemoteBlocked":
            return RemoteBlocked(reason, note["retry_after"])
        case "AddressRefused":
            return AddressRefused(reason)
        case "StorageFull":
            return StorageFull(reason)
        case "StorageUnavailable":
            return StorageUnavailable(reason)
    return RemoteUnavailable(
        reason, timed_out=note.get("timed_out", False), status=note.get("status")
    )
