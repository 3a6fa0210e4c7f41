"""Media types of manifests and what they describe (image-spec media-types.md, Docker v2-2)."""

import re
from typing import Final

DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_MANIFEST_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_SCHEMA1: Final = "application/vnd.docker.distribution.manifest.v1+json"
DOCKER_SCHEMA1_SIGNED: Final = "application/vnd.docker.distribution.manifest.v1+prettyjws"
DOCKER_CONFIG: Final = "application/vnd.docker.container.image.v1+json"
DOCKER_PLUGIN_CONFIG: Final = "application/vnd.docker.plugin.v1+json"
DOCKER_LAYER: Final = "application/vnd.docker.image.rootfs.diff.tar.gzip"
DOCKER_FOREIGN_LAYER: Final = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"

OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
OCI_EMPTY: Final = "application/vnd.oci.empty.v1+json"
OCI_LAYER: Final = "application/vnd.oci.image.layer.v1.tar"
OCI_LAYER_GZIP: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_LAYER_ZSTD: Final = "application/vnd.oci.image.layer.v1.tar+zstd"
OCI_FOREIGN_LAYER: Final = "application/vnd.oci.image.layer.nondistributable.v1.tar"
OCI_FOREIGN_LAYER_GZIP: Final = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
OCI_FOREIGN_LAYER_ZSTD: Final = "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"

OCI_ARTIFACT_MANIFEST: Final = "application/vnd.oci.artifact.manifest.v1+json"
ORAS_ARTIFACT_MANIFEST: Final = "application/vnd.cncf.oras.artifact.manifest.v1+json"

OCTET_STREAM: Final = "application/octet-stream"
JSON: Final = "application/json"

IMAGE_MANIFESTS: Final = frozenset({DOCKER_MANIFEST, OCI_MANIFEST})
INDEXES: Final = frozenset({DOCKER_MANIFEST_LIST, OCI_INDEX})
SCHEMA1_MANIFESTS: Final = frozenset({DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED})
ARTIFACT_MANIFESTS: Final = frozenset({OCI_ARTIFACT_MANIFEST, ORAS_ARTIFACT_MANIFEST})
FOREIGN_LAYERS: Final = frozenset(
    {DOCKER_FOREIGN_LAYER, OCI_FOREIGN_LAYER, OCI_FOREIGN_LAYER_GZIP, OCI_FOREIGN_LAYER_ZSTD}
)

MAX_LENGTH: Final = 255
"""Characters of the longest type: RFC 6838 section 4.2 allows 127 on each side of the slash."""

_NAME = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
_MEDIA_TYPE = re.compile(rf"{_NAME}/{_NAME}")


def is_media_type(text: str) -> bool:
    """Tell whether the text is ``type/subtype`` without parameters (RFC 6838 section 4.2)."""
    return _MEDIA_TYPE.fullmatch(text) is not None


def normalise(content_type: str | None) -> str | None:
    """Return a Content-Type without its parameters, None for an absent or empty one.

    A registry should ignore the parameters (distribution-spec, "Pushing Manifests"). The case
    of the letters stays as it was sent, because manifests are served as they were pushed.
    """
    media_type, _, _ = (content_type or "").partition(";")
    return media_type.strip() or None


def is_same(left: str, right: str) -> bool:
    """Compare two media types without regard to case (RFC 9110 section 8.3.1)."""
    return left.lower() == right.lower()


def is_image_manifest(media_type: str) -> bool:
    """Tell whether it is a manifest with a config and layers (Docker schema 2, OCI)."""
    return media_type.lower() in IMAGE_MANIFESTS


def is_index(media_type: str) -> bool:
    """Tell whether it lists manifests: an OCI index or a Docker manifest list."""
    return media_type.lower() in INDEXES


def is_schema1(media_type: str) -> bool:
    """Tell whether it is a Docker schema 1 manifest, signed or not."""
    return media_type.lower() in SCHEMA1_MANIFESTS


def is_artifact_manifest(media_type: str) -> bool:
    """Tell whether it is an artifact manifest with ``blobs``, of OCI 1.1's drafts or of ORAS."""
    return media_type.lower() in ARTIFACT_MANIFESTS


def is_foreign_layer(media_type: str) -> bool:
    """Tell whether it is a layer that is never pushed (foreign, non-distributable)."""
    return media_type.lower() in FOREIGN_LAYERS
