"""What is pushed: zb's layers and its config blob."""

from __future__ import annotations

import hashlib
import json
import os
import random
from dataclasses import dataclass
from pathlib import Path

MIB = 1 << 20
TAIL = 16
"""Bytes at the end of a layer that make its content its own; load.c knows the number too."""

_CONFIG = {
    "created": "2011-01-01T01:01:01Z",
    "author": "ZotUser",
    "architecture": "amd64",
    "os": "linux",
    "config": {},
    "rootfs": {"type": "layers", "diff_ids": []},
}


def digest_of(content: bytes) -> str:
    """The sha256 digest of the content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass(frozen=True)
class LayerContent:
    """One content of a layer: its digest, and the tail that tells it from the others."""

    digest: str
    tail: str


class Layer:
    """Layers of one size: 4 KiB of noise, then zeros, then a tail."""

    def __init__(self, folder: Path, size: int) -> None:
        self.size = size
        self.path = folder / f"layer-{size}"
        noise = random.Random(size).randbytes(4096)
        with self.path.open("wb") as file:
            file.write(noise)
            file.write(bytes(size - len(noise)))
        self._hash = hashlib.sha256(noise)
        self._hash.update(bytes(size - len(noise) - TAIL))

    def content(self, tail: bytes = bytes(TAIL)) -> LayerContent:
        """The content that ends so."""
        hash = self._hash.copy()
        hash.update(tail)
        return LayerContent(f"sha256:{hash.hexdigest()}", tail.hex())

    def fresh(self) -> LayerContent:
        """A content that no server has seen."""
        return self.content(os.urandom(TAIL))


class Config:
    """The one config blob of all images."""

    def __init__(self, folder: Path) -> None:
        content = json.dumps(_CONFIG).encode()
        self.path = folder / "config.json"
        self.path.write_bytes(content)
        self.digest = digest_of(content)
