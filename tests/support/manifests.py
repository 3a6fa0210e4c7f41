"""Manifests for tests, as bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from repositories.protocol.media_types import OCI_EMPTY, OCI_INDEX, OCI_MANIFEST

Descriptor = dict[str, Any]
EMPTY_JSON = b"{}"


def descriptor(
    content: bytes, media_type: str, *, algorithm: str = "sha256", **extra: Any
) -> Descriptor:
    """The descriptor of the content."""
    digest = f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"
    return {"mediaType": media_type, "digest": digest, "size": len(content), **extra}


def encode(document: Any) -> bytes:
    """The document as JSON, in a form that no server would choose itself."""
    return json.dumps(document, indent=3).encode() + b"\n"


def image_manifest(
    config: Descriptor,
    layers: Sequence[Descriptor] = (),
    *,
    media_type: str | None = OCI_MANIFEST,
    **extra: Any,
) -> bytes:
    """An image manifest; `media_type` None leaves the field out."""
    document = {"schemaVersion": 2, "config": config, "layers": list(layers), **extra}
    return encode(document if media_type is None else {**document, "mediaType": media_type})


def index(*children: Descriptor, media_type: str = OCI_INDEX, **extra: Any) -> bytes:
    """An index."""
    return encode(
        {"schemaVersion": 2, "mediaType": media_type, "manifests": list(children), **extra}
    )


def artifact(subject: Descriptor | None, artifact_type: str | None, **extra: Any) -> bytes:
    """An artifact as image-spec's guidance has it, with the empty config as its layer too."""
    empty = descriptor(EMPTY_JSON, OCI_EMPTY)
    if artifact_type is not None:
        extra["artifactType"] = artifact_type
    if subject is not None:
        extra["subject"] = subject
    return image_manifest(empty, [empty], **extra)
