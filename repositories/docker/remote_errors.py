"""What a client is told when a remote failed and nothing is held that could be served instead.

Never 404, unless a registry said so: a client, a mirror's fallback and a group must be able to tell
"is not there" from "could not be asked" (fault 7).
"""

from __future__ import annotations

import math

from repositories.protocol.errors import ErrorCode, RegistryError
from repositories.remote.errors import (
    RemoteBlocked,
    RemoteError,
    RemoteLimited,
    RemoteNotFound,
    RemoteRefused,
    RemoteUnavailable,
)


def remote_error(error: RemoteError) -> RegistryError:
    """The registry error of a failure of the remote; its reason is made to be shown."""
    match error:
        case RemoteNotFound():
            return RegistryError(ErrorCode.NAME_UNKNOWN, detail={"remote": error.reason})
        case RemoteRefused():
            # With a detail: docker retries for 50 seconds without (see `door`).
            return RegistryError(
                ErrorCode.DENIED,
                "The remote refuses access: the image does not exist there or needs credentials",
                detail={"remote": error.reason},
            )
        case RemoteLimited():
            return RegistryError(
                ErrorCode.TOOMANYREQUESTS,
                "The remote limits the number of requests",
                detail={"remote": error.reason},
                headers=_retry_after(error.retry_after),
            )
    status = 504 if isinstance(error, RemoteUnavailable) and error.timed_out else 502
    seconds = error.retry_after if isinstance(error, RemoteBlocked) else None
    return RegistryError(
        ErrorCode.UNAVAILABLE,
        f"The remote is not available: {error.reason}",
        status=status,
        headers=_retry_after(seconds),
    )


def _retry_after(seconds: float | None) -> dict[str, str]:
    return {} if seconds is None else {"Retry-After": str(max(1, math.ceil(seconds)))}
