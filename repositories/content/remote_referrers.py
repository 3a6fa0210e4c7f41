"""Referrers as a remote lists them, made the same as our own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from repositories.content.interface import Referrer
from repositories.protocol.digest import is_digest
from repositories.protocol.manifest import parse_manifest
from repositories.protocol.manifest_json import MAX_SIZE, ManifestInvalid
from repositories.protocol.media_types import is_media_type


def fallback_tag(subject: str) -> str:
    """The tag of the index that stands for the API where a registry has none.

    (distribution-spec, "Referrers Tag Schema")
    """
    return subject.replace(":", "-", 1)[:128]


def of_descriptors(descriptors: Iterable[Mapping[str, Any]]) -> list[Referrer]:
    """The referrers among what a remote sent; what is no descriptor is left out."""
    found = (_referrer(each) for each in descriptors)
    return [each for each in found if each is not None]


def of_index(content: bytes, artifact_type: str | None) -> list[Referrer]:
    """The referrers that a fallback index lists; none if it is no index."""
    try:
        children = parse_manifest(content, None).children
    except ManifestInvalid:
        return []
    return [
        Referrer(
            each.media_type, each.digest, each.size, each.artifact_type, dict(each.annotations)
        )
        for each in children
        if not artifact_type or each.artifact_type == artifact_type
    ]


def _referrer(document: Mapping[str, Any]) -> Referrer | None:
    media_type, digest, size = (document.get(key) for key in ("mediaType", "digest", "size"))
    artifact_type = document.get("artifactType", "")
    annotations = document.get("annotations") or {}
    if not (isinstance(media_type, str) and is_media_type(media_type)):
        return None
    if not (isinstance(digest, str) and is_digest(digest)):
        return None
    if type(size) is not int or not 0 <= size <= MAX_SIZE:
        return None
    if not isinstance(artifact_type, str) or not isinstance(annotations, Mapping):
        return None
    texts = {
        key: value
        for key, value in annotations.items()
        if isinstance(key, str) and isinstance(value, str)
    }
    return Referrer(media_type, digest, size, artifact_type, texts)
