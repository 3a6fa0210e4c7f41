"""What is inside a manifest: layers beside their history, config, labels, children, referrers."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from repositories.blobs import StorageError
from repositories.browsing.tags import Summary, summarise
from repositories.content import StoredBlob, content_of
from repositories.models import Manifest, Tag
from repositories.protocol import media_types
from repositories.protocol.digest import Digest
from repositories.protocol.manifest import ManifestInvalid, ParsedManifest, parse_manifest
from repositories.records import RepositoryRecord

logger = logging.getLogger(__name__)

LARGEST_CONFIG = 4 * 1024 * 1024
"""Bytes. A config may claim any size (fault 20); more of one is not read."""
MOST_ROWS = 1000
_CONFIG_TYPES = frozenset({media_types.DOCKER_CONFIG, media_types.OCI_CONFIG})
_SHELL = "/bin/sh -c "
_NOP = "#(nop) "


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the history, with the layer it made; or a layer whose history is unknown."""

    number: int
    """Of the layer, from 1; 0 for a step that made none."""
    keyword: str
    """Of the Dockerfile, such as RUN; empty when it is not known."""
    command: str
    digest: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Config:
    """What an image's config says of running it."""

    platform: str
    created: str
    facts: tuple[tuple[str, str], ...]
    environment: tuple[tuple[str, str], ...]
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Child:
    """An entry of an index."""

    digest: str
    platform: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Reference:
    """A manifest that is about this one."""

    digest: str
    artifact_type: str
    kind: str
    """signature, sbom, attestation or artifact."""
    size: int
    annotations: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Details:
    """A manifest opened up."""

    manifest: Manifest
    summary: Summary
    tags: tuple[str, ...]
    raw: str
    config: Config | None
    steps: tuple[Step, ...] = field(default=())
    children: tuple[Child, ...] = field(default=())
    references: tuple[Reference, ...] = field(default=())
    annotations: tuple[tuple[str, str], ...] = field(default=())


def find_manifest(image_id: int, *, tag: str = "", digest: str = "") -> Manifest | None:
    """The manifest under a tag or a digest of the image."""
    found = Manifest.objects.filter(image_id=image_id)
    wanted = found.filter(tags__name=tag) if tag else found.filter(digest=digest)
    return wanted.first()


def open_manifest(repository: RepositoryRecord, image_name: str, manifest: Manifest) -> Details:
    """Everything a page shows of a manifest that `repository` itself holds."""
    parsed = _parsed(manifest)
    document = {} if parsed is None else _config_document(repository, image_name, parsed)
    return Details(
        manifest=manifest,
        summary=summarise([manifest])[manifest.pk],
        tags=tuple(
            Tag.objects.filter(manifest=manifest)
            .order_by("-updated")
            .values_list("name", flat=True)[:MOST_ROWS]
        ),
        raw=bytes(manifest.content).decode(errors="replace"),
        config=_config(document) if document else None,
        steps=() if parsed is None else tuple(islice(_steps(parsed, document), MOST_ROWS)),
        children=() if parsed is None else _children(parsed),
        references=_references(manifest),
        annotations=() if parsed is None else tuple(sorted(parsed.annotations.items())),
    )


def _parsed(manifest: Manifest) -> ParsedManifest | None:
    try:
        return parse_manifest(bytes(manifest.content), manifest.media_type)
    except ManifestInvalid:
        return None


def _config_document(
    repository: RepositoryRecord, image_name: str, parsed: ParsedManifest
) -> Mapping[str, Any]:
    config = parsed.config
    if config is None or config.media_type not in _CONFIG_TYPES or config.size > LARGEST_CONFIG:
        return {}
    blob = content_of(repository).blob(image_name, Digest.parse(config.digest))
    if not isinstance(blob, StoredBlob) or blob.size > LARGEST_CONFIG:
        return {}
    try:
        with blob.store.storage.open(blob.storage_key, 0) as file:
            document = json.loads(file.read(LARGEST_CONFIG))
    except (StorageError, OSError, ValueError, RecursionError) as error:
        logger.warning("config %s cannot be shown: %s", config.digest, error)
        return {}
    return document if isinstance(document, dict) else {}


def _config(document: Mapping[str, Any]) -> Config:
    run = _mapping(document.get("config"))
    facts = [
        ("Author", _text(document.get("author"))),
        ("User", _text(run.get("User"))),
        ("Working dir", _text(run.get("WorkingDir"))),
        ("Entrypoint", _command(run.get("Entrypoint"))),
        ("Cmd", _command(run.get("Cmd"))),
        ("Exposed ports", ", ".join(map(str, _mapping(run.get("ExposedPorts"))))),
        ("Volumes", ", ".join(map(str, _mapping(run.get("Volumes"))))),
        ("Stop signal", _text(run.get("StopSignal"))),
    ]
    platform = (document.get("os"), document.get("architecture"), document.get("variant"))
    return Config(
        platform="/".join(_text(part) for part in platform if part),
        created=_text(document.get("created")),
        facts=tuple((name, value) for name, value in facts if value),
        environment=tuple(_pairs(run.get("Env"))),
        labels=tuple(
            (str(key), _text(value)) for key, value in _mapping(run.get("Labels")).items()
        ),
    )


def _steps(parsed: ParsedManifest, document: Mapping[str, Any]) -> Iterator[Step]:
    """Layers beside the history; what has no history, or no layer, stands alone."""
    layers = iter(enumerate(parsed.layers, 1))
    history = document.get("history")
    for entry in history if isinstance(history, list) else ():
        if not isinstance(entry, dict):
            continue
        keyword, command = _instruction(_text(entry.get("created_by")))
        if entry.get("empty_layer") is True:
            yield Step(0, keyword, command, "", "", 0)
            continue
        number, layer = next(layers, (0, None))
        if layer is None:
            return
        yield Step(number, keyword, command, layer.digest, layer.media_type, layer.size)
    for number, layer in layers:
        title = layer.annotations.get("org.opencontainers.image.title", "")
        yield Step(number, "", title, layer.digest, layer.media_type, layer.size)


def _instruction(created_by: str) -> tuple[str, str]:
    """The Dockerfile's keyword and the rest, out of what builders write into the history."""
    text = created_by.removesuffix(" # buildkit").strip()
    if text.startswith(_SHELL):
        text = text.removeprefix(_SHELL).strip()
        if not text.startswith(_NOP.strip()):
            return "RUN", text
        text = text.removeprefix(_NOP.strip()).strip()
    keyword, _, rest = text.partition(" ")
    if keyword.isupper() and keyword.isalpha():
        return keyword, rest.strip().removeprefix(_SHELL)
    return "", text


def _children(parsed: ParsedManifest) -> tuple[Child, ...]:
    return tuple(
        Child(child.digest, str(child.platform or ""), child.media_type, child.size)
        for child in parsed.children[:MOST_ROWS]
    )


def _references(manifest: Manifest) -> tuple[Reference, ...]:
    found = Manifest.objects.filter(image_id=manifest.image_id, subject=manifest.digest)
    rows = [
        Reference(
            digest=row.digest,
            artifact_type=row.artifact_type,
            kind=_kind(row.artifact_type),
            size=row.size,
            annotations=tuple(sorted((str(k), str(v)) for k, v in row.annotations.items())),
        )
        for row in found.defer("content").order_by("digest")[:MOST_ROWS]
    ]
    # cosign's older scheme: a tag that spells the digest, with what it is as its ending.
    name = manifest.digest.replace(":", "-")
    old = Tag.objects.filter(image_id=manifest.image_id, name__startswith=f"{name}.")
    for tag in old.select_related("manifest").order_by("name")[:MOST_ROWS]:
        ending = tag.name.removeprefix(f"{name}.")
        kind = {"sig": "signature", "att": "attestation", "sbom": "sbom"}.get(ending, "artifact")
        row = tag.manifest
        rows.append(Reference(row.digest, row.artifact_type, kind, row.size, ()))
    return tuple(rows)


def _kind(artifact_type: str) -> str:
    text = artifact_type.lower()
    if "sigstore" in text or "cosign" in text or "signature" in text or "notary" in text:
        return "signature"
    if "spdx" in text or "cyclonedx" in text or "sbom" in text:
        return "sbom"
    if "in-toto" in text or "attestation" in text or "provenance" in text:
        return "attestation"
    return "artifact"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


def _command(value: object) -> str:
    return json.dumps(value) if isinstance(value, list) and value else ""


def _pairs(value: object) -> Iterator[tuple[str, str]]:
    for entry in value if isinstance(value, list) else ():
        name, _, rest = _text(entry).partition("=")
        yield name, rest
