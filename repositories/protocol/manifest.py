"""Reading manifests: what they are, what they refer to and what must exist for them.

Sources: image-spec manifest.md and image-index.md, Docker's manifest-v2-2.md, and
distribution-spec "Pushing Manifests" and "Listing Referrers".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from repositories.protocol import media_types
from repositories.protocol.descriptor import Descriptor, Platform, read_descriptor
from repositories.protocol.manifest_json import (
    MAX_LIST_LENGTH,
    MAX_MANIFEST_SIZE,
    JSONObject,
    ManifestInvalid,
    ManifestTooLarge,
    read_object,
)

__all__ = [
    "MAX_LIST_LENGTH",
    "MAX_MANIFEST_SIZE",
    "Descriptor",
    "ManifestInvalid",
    "ManifestTooLarge",
    "ParsedManifest",
    "Platform",
    "parse_manifest",
]

_NO_MANIFEST_TYPES: Final = frozenset(
    {media_types.JSON, media_types.OCTET_STREAM, "application/x-www-form-urlencoded"}
)


@dataclass(frozen=True, slots=True)
class ParsedManifest:
    """A manifest of any media type.

    ``layers`` are the layers of an image, or the blobs of an artifact manifest; ``children``
    are the entries of an index. ``artifact_type`` is what the referrers API shows: the
    manifest's own, else the config's media type; empty for none, as with an index.
    """

    media_type: str
    config: Descriptor | None
    layers: tuple[Descriptor, ...]
    children: tuple[Descriptor, ...]
    subject: Descriptor | None
    artifact_type: str
    annotations: Mapping[str, str]

    @property
    def is_index(self) -> bool:
        """Whether it is an OCI index or a Docker manifest list."""
        return media_types.is_index(self.media_type)

    @property
    def content_size(self) -> int:
        """The bytes of config and layers together, as claimed; foreign layers included."""
        config_size = self.config.size if self.config else 0
        return config_size + sum(layer.size for layer in self.layers)

    @property
    def required_blobs(self) -> tuple[Descriptor, ...]:
        """The config and the layers that must exist as blobs, each digest once.

        Foreign layers are never pushed, with or without ``urls``.
        """
        config = (self.config,) if self.config else ()
        return _each_digest_once(
            (*config, *(layer for layer in self.layers if not layer.is_foreign))
        )

    @property
    def required_children(self) -> tuple[Descriptor, ...]:
        """The index entries that must exist, each digest once.

        Each is a manifest or a blob: BuildKit's cache export lists layers in an index.
        """
        return _each_digest_once(self.children)


def parse_manifest(content: bytes, content_type: str | None) -> ParsedManifest:
    """Read a pushed or stored manifest.

    ``content_type`` is the header, whose parameters are ignored; without one the body's
    mediaType counts, else the shape of the body. Unknown media types are accepted. Layers may
    have any media type: docker's containerd store puts Docker layers into OCI manifests.
    Raises ManifestInvalid, or its subclass ManifestTooLarge.
    """
    document = read_object(content)
    declared = media_types.normalise(content_type)
    _refuse_schema1(document, declared)
    media_type = _media_type(document, declared)
    _check_schema_version(document, media_type)
    config = _descriptor(document, "config")
    layers = _descriptors(document, "layers")
    if media_types.is_artifact_manifest(media_type):
        layers += _descriptors(document, "blobs")
    children = _descriptors(document, "manifests")
    _check_shape(media_type, config, layers, children)
    return ParsedManifest(
        media_type=media_type,
        config=config,
        layers=layers,
        children=children,
        subject=_descriptor(document, "subject"),
        artifact_type=_artifact_type(document, config),
        annotations=document.text_map("annotations"),
    )


def _refuse_schema1(document: JSONObject, declared: str | None) -> None:
    types = (declared or "", document.text("mediaType"))
    version = document.values.get("schemaVersion")
    if any(map(media_types.is_schema1, types)) or (type(version) is int and version == 1):
        raise ManifestInvalid(
            "schema 1 manifests are not supported, push a schema 2 or an OCI manifest"
        )


def _media_type(document: JSONObject, declared: str | None) -> str:
    own = document.text("mediaType")
    if own and declared and not media_types.is_same(own, declared):
        raise ManifestInvalid(f"Content-Type {_shown(declared)} differs from mediaType {own!r}")
    media_type = own or declared or _media_type_by_shape(document)
    if not media_types.is_media_type(media_type) or media_type.lower() in _NO_MANIFEST_TYPES:
        raise ManifestInvalid(f"{_shown(media_type)} is no media type of a manifest")
    return media_type


def _media_type_by_shape(document: JSONObject) -> str:
    if isinstance(document.values.get("manifests"), list):
        return media_types.OCI_INDEX
    if isinstance(document.values.get("config"), dict):
        return media_types.OCI_MANIFEST
    raise ManifestInvalid("manifest has no media type, neither in Content-Type nor in mediaType")


def _shown(media_type: str) -> str:
    return repr(media_type[: media_types.MAX_LENGTH])


def _check_schema_version(document: JSONObject, media_type: str) -> None:
    version = document.values.get("schemaVersion")
    if version is None and media_types.is_artifact_manifest(media_type):
        return  # These were specified without a schemaVersion.
    if type(version) is not int or version != 2:
        raise ManifestInvalid("schemaVersion must be 2")


def _check_shape(
    media_type: str,
    config: Descriptor | None,
    layers: tuple[Descriptor, ...],
    children: tuple[Descriptor, ...],
) -> None:
    """Refuse what could be read both as an image and as an index (CVE-2021-41190)."""
    if media_types.is_index(media_type) and (config or layers):
        raise ManifestInvalid("an index has neither config nor layers")
    if media_types.is_image_manifest(media_type):
        if children:
            raise ManifestInvalid("an image manifest does not list manifests")
        if config is None:
            raise ManifestInvalid("config is missing")


def _artifact_type(document: JSONObject, config: Descriptor | None) -> str:
    own = document.text("artifactType")
    return own if own or config is None else config.media_type


def _descriptor(document: JSONObject, key: str) -> Descriptor | None:
    source = document.child(key)
    return None if source is None else read_descriptor(source)


def _descriptors(document: JSONObject, key: str) -> tuple[Descriptor, ...]:
    return tuple(read_descriptor(source) for source in document.children(key))


def _each_digest_once(descriptors: Iterable[Descriptor]) -> tuple[Descriptor, ...]:
    first: dict[str, Descriptor] = {}
    for descriptor in descriptors:
        first.setdefault(descriptor.digest, descriptor)
    return tuple(first.values())
