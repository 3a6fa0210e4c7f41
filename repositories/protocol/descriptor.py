"""Descriptors: what a manifest says about the content it refers to (image-spec descriptor.md)."""

from collections.abc import Mapping
from dataclasses import dataclass

from repositories.protocol import media_types
from repositories.protocol.digest import is_digest
from repositories.protocol.manifest_json import (
    MAX_SIZE,
    MAX_URL_LENGTH,
    JSONObject,
    ManifestInvalid,
)


@dataclass(frozen=True, slots=True)
class Platform:
    """The platform of an index entry; fields that it does not name are empty."""

    os: str
    architecture: str
    variant: str

    def __str__(self) -> str:
        """Return it as docker's ``--platform`` takes it, such as ``linux/arm/v7``."""
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A reference to content.

    ``digest`` is a digest by the grammar but perhaps of an algorithm the registry does not
    know; ``size`` is in bytes, as claimed; ``media_type`` and ``artifact_type`` are empty when
    absent.
    """

    media_type: str
    digest: str
    size: int
    artifact_type: str
    urls: tuple[str, ...]
    platform: Platform | None
    annotations: Mapping[str, str]

    @property
    def is_foreign(self) -> bool:
        """Whether it is a layer that clients fetch elsewhere and never push."""
        return media_types.is_foreign_layer(self.media_type)


def read_descriptor(source: JSONObject) -> Descriptor:
    """Read a descriptor; unknown keys are allowed. Raises ManifestInvalid.

    A missing mediaType is let through, although the specification demands one: old clients
    leave it out and nothing here depends on it.
    """
    digest = source.text("digest")
    if not is_digest(digest):
        raise ManifestInvalid(f"{source.place('digest')} must be a digest, not {digest!r}")
    size = source.whole_number("size", MAX_SIZE)
    if size is None:
        raise ManifestInvalid(f"{source.place('size')} is missing")
    return Descriptor(
        media_type=source.text("mediaType"),
        digest=digest,
        size=size,
        artifact_type=source.text("artifactType"),
        urls=source.texts("urls", MAX_URL_LENGTH),
        platform=_read_platform(source.child("platform")),
        annotations=source.text_map("annotations"),
    )


def _read_platform(source: JSONObject | None) -> Platform | None:
    if source is None:
        return None
    return Platform(source.text("os"), source.text("architecture"), source.text("variant"))
