"""Container images made in Python: no compiler, no network, no container tool.

An image here is what a registry sees of it: gzip-compressed tar layers, a configuration, a
manifest, and an index over several of them. They can be written as an OCI layout (for skopeo and
podman) or as an archive for ``docker load``.
"""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def sha256(content: bytes) -> str:
    """Return the digest of ``content``, as ``sha256:<hex>``."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Content:
    """Bytes that a registry stores, and their media type."""

    media_type: str
    data: bytes

    @property
    def digest(self) -> str:
        """Their digest."""
        return sha256(self.data)

    def descriptor(self, **more: Any) -> dict[str, Any]:
        """Return the descriptor (OCI image specification, descriptor.md)."""
        size = len(self.data)
        return {"mediaType": self.media_type, "digest": self.digest, "size": size, **more}


@dataclass(frozen=True)
class Layer:
    """A layer: a tar, and the same compressed."""

    tar: bytes
    blob: Content

    @property
    def diff_id(self) -> str:
        """Digest of the uncompressed tar."""
        return sha256(self.tar)


@dataclass(frozen=True)
class Image:
    """An image for one platform."""

    architecture: str
    layers: tuple[Layer, ...]
    config: Content
    manifest: Content

    def contents(self) -> Iterator[Content]:
        """Yield everything that has to be stored, the manifest last."""
        yield from (layer.blob for layer in self.layers)
        yield self.config
        yield self.manifest


@dataclass(frozen=True)
class Index:
    """Several images under one digest."""

    images: tuple[Image, ...]
    manifest: Content = field(init=False)

    def __post_init__(self) -> None:
        entries = [
            image.manifest.descriptor(platform={"architecture": image.architecture, "os": "linux"})
            for image in self.images
        ]
        document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
        object.__setattr__(self, "manifest", Content(OCI_INDEX, _json(document)))

    def contents(self) -> Iterator[Content]:
        """Yield everything that has to be stored, the index last."""
        for image in self.images:
            yield from image.contents()
        yield self.manifest


def make_layer(files: Mapping[str, bytes]) -> Layer:
    """Make a layer of ``files`` (path to content). The same files give the same digests."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            _add(archive, name, content)
    tar = buffer.getvalue()
    return Layer(tar, Content(OCI_LAYER, gzip.compress(tar, compresslevel=1, mtime=0)))


def make_image(*layers: Layer, architecture: str = "amd64", **labels: str) -> Image:
    """Make an image of ``layers``."""
    configuration = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Cmd": ["/none"], "Labels": labels},
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        "history": [{"created_by": "tests"} for _ in layers],
    }
    config = Content(OCI_CONFIG, _json(configuration))
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": config.descriptor(),
        "layers": [layer.blob.descriptor() for layer in layers],
    }
    return Image(architecture, layers, config, Content(OCI_MANIFEST, _json(document)))


def random_bytes(size: int, seed: str) -> bytes:
    """Return bytes that do not compress and that only ``seed`` decides."""
    return Random(seed).randbytes(size)


def random_layer(size: int, seed: str) -> Layer:
    """Make a layer of one incompressible file of ``size`` bytes."""
    return make_layer({f"data/{seed}": random_bytes(size, seed)})


def random_image(seed: str, sizes: Iterable[int] = (1000, 100_000)) -> Image:
    """Make an image of incompressible layers that shares nothing with other seeds."""
    layers = [random_layer(size, f"{seed}-{number}") for number, size in enumerate(sizes)]
    return make_image(*layers, seed=seed)


def random_index(seed: str, architectures: Iterable[str] = ("amd64", "arm64", "s390x")) -> Index:
    """Make an index over images that share their first layer."""
    shared = random_layer(50_000, f"{seed}-shared")
    return Index(
        tuple(
            make_image(shared, random_layer(5000, f"{seed}-{name}"), architecture=name, seed=seed)
            for name in architectures
        )
    )


def write_layout(folder: Path, tagged: Mapping[str, Image | Index]) -> None:
    """Write an OCI layout that holds ``tagged`` (tag to image)."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    entries = []
    for tag, image in tagged.items():
        for content in image.contents():
            (blobs / content.digest.removeprefix("sha256:")).write_bytes(content.data)
        annotations = {"org.opencontainers.image.ref.name": tag}
        entries.append(image.manifest.descriptor(annotations=annotations))
    (folder / "index.json").write_bytes(_json({"schemaVersion": 2, "manifests": entries}))


def read_layout(folder: Path) -> tuple[dict[str, str], dict[str, bytes]]:
    """Return the digests by tag and the blobs by digest of an OCI layout."""
    entries = json.loads((folder / "index.json").read_bytes())["manifests"]
    tags = {
        entry["annotations"]["org.opencontainers.image.ref.name"]: entry["digest"]
        for entry in entries
    }
    files = (folder / "blobs" / "sha256").iterdir()
    return tags, {f"sha256:{file.name}": file.read_bytes() for file in files}


def docker_archive(tagged: Mapping[str, Image]) -> bytes:
    """Return an archive for ``docker load`` (reference with tag to image)."""
    buffer, index = io.BytesIO(), []
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for reference, image in tagged.items():
            config = image.config.digest.removeprefix("sha256:") + ".json"
            _add(archive, config, image.config.data)
            names = []
            for layer in image.layers:
                names.append(layer.diff_id.removeprefix("sha256:") + "/layer.tar")
                _add(archive, names[-1], layer.tar)
            index.append({"Config": config, "RepoTags": [reference], "Layers": names})
        _add(archive, "manifest.json", _json(index))
    return buffer.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _json(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
