"""The state of an upload whose bytes are not a blob yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from repositories.protocol.digest import Digest, new_hasher


@dataclass(frozen=True, slots=True)
class Staging:
    """Bytes under way to become a blob: a value, to be kept in the row of the upload session.

    It is all that a worker, or another node, needs to go on with the upload. An operation that
    changes the staged bytes returns a new value; record it before the client is answered.
    """

    id: str
    """Random name, unique in its store."""
    size: int = 0
    """Bytes staged so far: the offset at which the next append goes on."""
    digest: Digest | None = None
    """Digest of exactly these bytes, if they arrived in one append; a hash cannot be resumed."""
    state: str = ""
    """What the backend needs to find the bytes again; opaque to everybody else."""

    def to_json(self) -> dict[str, Any]:
        """Return the value in JSON's types."""
        digest = None if self.digest is None else str(self.digest)
        return {"id": self.id, "size": self.size, "digest": digest, "state": self.state}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` wrote. Raises KeyError or ValueError if it is something else."""
        digest = document["digest"]
        return cls(
            id=document["id"],
            size=document["size"],
            digest=None if digest is None else Digest.parse(digest),
            state=document["state"],
        )


class RunningDigest:
    """A digest in the making, while bytes go by. Raises UnsupportedAlgorithm."""

    def __init__(self, algorithm: str) -> None:
        self._algorithm = algorithm
        self._hasher = new_hasher(algorithm)

    def update(self, content: bytes | memoryview) -> None:
        self._hasher.update(content)

    def digest(self) -> Digest:
        """Return the digest of everything that went by so far."""
        return Digest(self._algorithm, self._hasher.hexdigest())
