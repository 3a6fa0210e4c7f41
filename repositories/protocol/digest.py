"""Content digests (OCI image-spec, descriptor.md, "Digests")."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, Self

SHA256: Final = "sha256"
SHA512: Final = "sha512"
MAX_LENGTH: Final = 255
"""Characters of the longest digest text accepted; the specification names no limit."""

_GRAMMAR = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")
_ENCODED: Final = {
    SHA256: re.compile(r"[a-f0-9]{64}"),
    SHA512: re.compile(r"[a-f0-9]{128}"),
}


class Hasher(Protocol):
    """A running hash, as hashlib gives it."""

    def update(self, data: bytes | bytearray | memoryview, /) -> None: ...

    def digest(self) -> bytes: ...

    def hexdigest(self) -> str: ...

    def copy(self) -> Self: ...


_HASHERS: Final[dict[str, Callable[[], Hasher]]] = {
    SHA256: hashlib.sha256,
    SHA512: hashlib.sha512,
}
ALGORITHMS: Final = tuple(_HASHERS)
"""The algorithms that blobs and manifests may be stored under."""


class InvalidDigest(ValueError):
    """The text is no digest."""


class UnsupportedAlgorithm(InvalidDigest):
    """The text is a digest, or the name of an algorithm, that this registry cannot verify."""


@dataclass(frozen=True, slots=True)
class Digest:
    """A sha256 or sha512 digest; every instance is valid, so its parts may name files.

    Raises InvalidDigest, or its subclass UnsupportedAlgorithm.
    """

    algorithm: str
    encoded: str

    def __post_init__(self) -> None:
        pattern = _ENCODED.get(self.algorithm)
        if pattern is None or pattern.fullmatch(self.encoded) is None:
            raise _refusal(self.algorithm, self.encoded)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``algorithm:encoded``; upper case hex is refused as the specification demands."""
        algorithm, _, encoded = text.partition(":")
        return cls(algorithm, encoded)

    @classmethod
    def of(cls, content: bytes, algorithm: str = SHA256) -> Self:
        """Return the digest of the content. Raises UnsupportedAlgorithm."""
        running = new_hasher(algorithm)
        running.update(content)
        return cls(algorithm, running.hexdigest())

    def hasher(self) -> Hasher:
        """Return a fresh hash of this digest's algorithm."""
        return _HASHERS[self.algorithm]()

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.encoded}"


def new_hasher(algorithm: str) -> Hasher:
    """Return a fresh hash of the named algorithm. Raises UnsupportedAlgorithm."""
    factory = _HASHERS.get(algorithm)
    if factory is None:
        raise UnsupportedAlgorithm(_unsupported(algorithm))
    return factory()


def is_digest(text: str) -> bool:
    """Tell whether the text is a digest by the grammar, whatever its algorithm.

    Descriptors inside manifests may carry algorithms that the registry does not know
    (image-spec: unknown algorithms should pass validation). Known ones must be well formed.
    """
    if len(text) > MAX_LENGTH or _GRAMMAR.fullmatch(text) is None:
        return False
    algorithm, _, encoded = text.partition(":")
    pattern = _ENCODED.get(algorithm)
    return pattern is None or pattern.fullmatch(encoded) is not None


def _refusal(algorithm: str, encoded: str) -> InvalidDigest:
    text = f"{algorithm}:{encoded}"
    if algorithm not in _ENCODED and is_digest(text):
        return UnsupportedAlgorithm(_unsupported(algorithm))
    return InvalidDigest(f"invalid digest {text[:MAX_LENGTH]!r}")


def _unsupported(algorithm: str) -> str:
    return f"unsupported digest algorithm {algorithm[:MAX_LENGTH]!r}, use {' or '.join(ALGORITHMS)}"
