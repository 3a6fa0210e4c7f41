"""What goes wrong with a remote registry. Messages hold no secret, and of the
remote's words nothing but host names."""

from __future__ import annotations


class RemoteError(Exception):
    """The remote gave no usable answer. The message is a reason that may be shown."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class RemoteNotFound(RemoteError):
    """A registry said 404. A 404 of anything else, say a web server, is `RemoteUnavailable`."""


class RemoteRefused(RemoteError):
    """The remote answered 401 or 403.

    `credentials_rejected` says that what was sent to sign in is no longer accepted, as opposed to
    a content that may not be seen; Docker Hub answers 401 for images that do not exist.
    """

    def __init__(self, reason: str, status: int, *, credentials_rejected: bool = False) -> None:
        super().__init__(reason)
        self.status = status
        self.credentials_rejected = credentials_rejected


class RemoteLimited(RemoteError):
    """The remote answered 429; `retry_after` is in seconds, None when it did not say."""

    def __init__(self, reason: str, retry_after: float | None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class RemoteUnavailable(RemoteError):
    """No answer, one that broke off, or one that no registry gives.

    `status` is the HTTP status when there was one, `timed_out` whether the remote was too slow.
    """

    def __init__(self, reason: str, *, timed_out: bool = False, status: int | None = None) -> None:
        super().__init__(reason)
        self.timed_out = timed_out
        self.status = status


class InvalidAnswer(RemoteUnavailable):
    """An answer came, but none that a registry gives; one image may be to blame."""


class TooManyConnections(RemoteUnavailable):
    """No connection to the remote became free in time; the remote is not to blame."""


class AddressRefused(RemoteError):
    """The remote leads to an address or host where it may not lead us."""


class RemoteBlocked(RemoteError):
    """The remote is not asked now: blocked by hand, or after failures until `retry_after` passes.

    `retry_after` is in seconds, None for a remote that was blocked by hand.
    """

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
