"""What a blob storage may raise. Nothing else leaves a backend."""

from repositories.blobs.staging import Staging
from repositories.protocol.digest import Digest


class InvalidConfiguration(ValueError):
    """The configuration of a store is refused; the text tells the administrator why."""


class StorageError(Exception):
    """A storage operation failed."""


class StorageFull(StorageError):
    """There is no space, or no quota, for the bytes. Works again once there is."""


class StorageUnavailable(StorageError):
    """The storage cannot be reached or refuses to work; the text is the reason."""


class ObjectMissing(StorageError):
    """The storage holds no object under this key."""


class StagingLost(StorageError):
    """The staged bytes are gone or fewer than recorded: the upload must start again."""


class StagingBusy(StorageError):
    """Another worker is writing or finishing the same staging at this moment."""


class DigestMismatch(StorageError):
    """The staged bytes do not have the digest that was named; the staging has been removed."""

    def __init__(self, expected: Digest, actual: Digest) -> None:
        super().__init__(f"expected {expected}, got {actual}")
        self.expected = expected
        self.actual = actual


class AppendInterrupted(StorageError):
    """The source failed part way; its own error is the ``__cause__``.

    ``staging`` holds what had arrived until then. Record it, and the upload can be resumed.
    """

    def __init__(self, staging: Staging) -> None:
        super().__init__(f"the source failed after {staging.size} bytes")
        self.staging = staging
