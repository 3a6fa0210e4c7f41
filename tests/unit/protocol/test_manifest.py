import json
from typing import Any

import pytest

from repositories.protocol import media_types
from repositories.protocol.digest import Digest
from repositories.protocol.manifest import ManifestInvalid, ParsedManifest, parse_manifest


def descriptor(name: str, media_type: str = media_types.OCI_LAYER_GZIP, **more: Any) -> dict:
    digest = str(Digest.of(name.encode()))
    return {"mediaType": media_type, "digest": digest, "size": len(name), **more}


CONFIG = descriptor("config", media_types.OCI_CONFIG)
LAYER = descriptor("layer")
CHILD = descriptor("child", media_types.OCI_MANIFEST)
SUBJECT = descriptor("subject", media_types.OCI_MANIFEST)


def image(**more: Any) -> dict:
    return {"schemaVersion": 2, "config": CONFIG, "layers": [LAYER], **more}


def index(**more: Any) -> dict:
    return {"schemaVersion": 2, "manifests": [CHILD], **more}


def parse(document: Any, content_type: str | None = None) -> ParsedManifest:
    return parse_manifest(json.dumps(document).encode(), content_type)


def digests(descriptors: Any) -> list[str]:
    return [each.digest for each in descriptors]


# What a manifest is


@pytest.mark.parametrize("media_type", [media_types.DOCKER_MANIFEST, media_types.OCI_MANIFEST])
def test_an_image_manifest_is_read(media_type: str) -> None:
    manifest = parse(image(mediaType=media_type), media_type)
    assert manifest.media_type == media_type
    assert not manifest.is_index
    assert manifest.config is not None
    assert manifest.config.digest == CONFIG["digest"]
    assert digests(manifest.layers) == [LAYER["digest"]]
    assert manifest.content_size == len("config") + len("layer")
    assert (manifest.children, manifest.subject, manifest.annotations) == ((), None, {})


@pytest.mark.parametrize("media_type", [media_types.DOCKER_MANIFEST_LIST, media_types.OCI_INDEX])
def test_an_index_is_read_with_the_platforms_of_its_children(media_type: str) -> None:
    arm = {"os": "linux", "architecture": "arm", "variant": "v7", "os.version": "1"}
    child = {**CHILD, "platform": arm, "annotations": {"a": "b"}}
    manifest = parse(index(manifests=[child, CHILD]), media_type)
    assert manifest.is_index
    first, second = manifest.children
    assert str(first.platform) == "linux/arm/v7"
    assert (first.size, first.annotations) == (len("child"), {"a": "b"})
    assert second.platform is None


def test_parameters_of_the_content_type_are_ignored() -> None:
    content_type = f"{media_types.OCI_MANIFEST}; charset=utf-8"
    assert parse(image(), content_type).media_type == media_types.OCI_MANIFEST


def test_the_mediatype_of_the_body_counts_when_only_the_case_differs() -> None:
    own = "application/vnd.Example.v1+json"
    assert parse({"schemaVersion": 2, "mediaType": own}, own.lower()).media_type == own
    assert parse({"schemaVersion": 2, "mediaType": own}, own.upper()).media_type == own


@pytest.mark.parametrize("content_type", [None, "", " ; charset=utf-8"])
def test_without_a_content_type_the_body_decides(content_type: str | None) -> None:
    own = media_types.DOCKER_MANIFEST
    assert parse(image(mediaType=own), content_type).media_type == own
    assert parse(image(), content_type).media_type == media_types.OCI_MANIFEST
    assert parse(index(), content_type).media_type == media_types.OCI_INDEX
    assert parse(index(manifests=[]), content_type).media_type == media_types.OCI_INDEX


@pytest.mark.parametrize(
    ("document", "content_type", "message"),
    [
        (image(mediaType=media_types.OCI_MANIFEST), media_types.DOCKER_MANIFEST, "differs"),
        (image(mediaType=media_types.OCI_MANIFEST), "application/json", "differs"),
        (image(), "application/json", "no media type of a manifest"),
        (image(), "application/octet-stream", "no media type of a manifest"),
        (image(), "nonsense", "no media type of a manifest"),
        (image(), "a/b\u00e9", "no media type of a manifest"),
        (image(mediaType="a b/c"), None, "no media type of a manifest"),
        (image(mediaType=["a/b"]), None, "mediaType must be a string"),
        ({"schemaVersion": 2}, None, "no media type"),
        (image(schemaVersion=3), None, "schemaVersion"),
        (image(schemaVersion="2"), None, "schemaVersion"),
        (image(schemaVersion=2.0), None, "schemaVersion"),
        (image(schemaVersion=True), None, "schemaVersion"),
        (image(schemaVersion=None), None, "schemaVersion"),
    ],
)
def test_unclear_types_are_refused(document: Any, content_type: str | None, message: str) -> None:
    with pytest.raises(ManifestInvalid, match=message):
        parse(document, content_type)


@pytest.mark.parametrize(
    ("document", "content_type"),
    [
        ({"schemaVersion": 1, "fsLayers": []}, media_types.DOCKER_SCHEMA1_SIGNED),
        ({"schemaVersion": 1, "fsLayers": []}, media_types.DOCKER_SCHEMA1),
        ({"schemaVersion": 1, "fsLayers": []}, "application/json"),
        ({"schemaVersion": 1, "fsLayers": []}, None),
        (image(), media_types.DOCKER_SCHEMA1),
        (image(mediaType=media_types.DOCKER_SCHEMA1), None),
    ],
)
def test_schema_1_is_refused_by_name(document: Any, content_type: str | None) -> None:
    with pytest.raises(ManifestInvalid, match="schema 1 manifests are not supported"):
        parse(document, content_type)


@pytest.mark.parametrize(
    ("document", "media_type"),
    [
        (image(manifests=[CHILD]), media_types.OCI_MANIFEST),
        (image(manifests=[CHILD]), media_types.DOCKER_MANIFEST),
        (index(layers=[LAYER]), media_types.OCI_INDEX),
        (index(config=CONFIG), media_types.DOCKER_MANIFEST_LIST),
        ({"schemaVersion": 2, "layers": []}, media_types.OCI_MANIFEST),
    ],
)
def test_what_is_neither_image_nor_index_is_refused(document: Any, media_type: str) -> None:
    with pytest.raises(ManifestInvalid):
        parse(document, media_type)


# What real clients push


def test_docker_layers_in_an_oci_manifest_are_accepted() -> None:
    layer = descriptor("layer", media_types.DOCKER_LAYER)
    assert parse(image(layers=[layer]), media_types.OCI_MANIFEST).layers[0].size == len("layer")


def test_null_stands_for_an_absent_value() -> None:
    config = {**CONFIG, "data": None, "urls": None, "annotations": None, "platform": None}
    nulls = image(config=config, layers=None, subject=None, annotations=None, manifests=None)
    assert parse(nulls, media_types.OCI_MANIFEST).layers == ()
    assert parse(index(manifests=None), media_types.OCI_INDEX).children == ()


def test_unknown_fields_and_embedded_data_are_accepted() -> None:
    config = {**CONFIG, "data": "e30=", "newUnspecifiedField": "aGVsbG8="}
    config.pop("mediaType")
    manifest = parse(image(config=config, random={"deep": [1.5e3, None, True]}))
    assert manifest.required_blobs[0].digest == CONFIG["digest"]
    assert manifest.artifact_type == ""


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.example.manifest.v9+json",
        media_types.ORAS_ARTIFACT_MANIFEST,
        media_types.OCI_ARTIFACT_MANIFEST,
    ],
)
def test_other_manifest_types_are_accepted(media_type: str) -> None:
    document = {"schemaVersion": 2, "mediaType": media_type, "artifactType": "a/b"}
    assert parse(document, media_type).media_type == media_type


@pytest.mark.parametrize(
    "media_type", [media_types.ORAS_ARTIFACT_MANIFEST, media_types.OCI_ARTIFACT_MANIFEST]
)
def test_artifact_manifests_have_blobs_and_no_schema_version(media_type: str) -> None:
    document = {"mediaType": media_type, "artifactType": "sbom/x", "blobs": [LAYER]}
    manifest = parse({**document, "subject": SUBJECT}, media_type)
    assert digests(manifest.required_blobs) == [LAYER["digest"]]
    assert manifest.subject is not None
    assert manifest.artifact_type == "sbom/x"


def test_buildkit_cache_lists_layers_in_an_index() -> None:
    cache = descriptor("cache", "application/vnd.buildkit.cacheconfig.v0")
    manifest = parse(index(manifests=[LAYER, cache]), media_types.OCI_INDEX)
    assert digests(manifest.required_children) == [LAYER["digest"], cache["digest"]]


# References


def test_foreign_layers_need_no_blob() -> None:
    foreign = [
        descriptor(kind, kind, urls=["https://store.example.com/x"])
        for kind in sorted(media_types.FOREIGN_LAYERS)
    ]
    bare = descriptor("bare", media_types.OCI_FOREIGN_LAYER)
    manifest = parse(image(layers=[*foreign, bare, LAYER]))
    assert len(manifest.layers) == len(foreign) + 2
    assert manifest.layers[0].urls == ("https://store.example.com/x",)
    assert digests(manifest.required_blobs) == [CONFIG["digest"], LAYER["digest"]]


def test_each_reference_counts_once_in_its_order() -> None:
    other = descriptor("other")
    manifest = parse(image(layers=[LAYER, other, LAYER, CONFIG]))
    assert digests(manifest.required_blobs) == digests_of(CONFIG, LAYER, other)
    listing = parse(index(manifests=[CHILD, SUBJECT, CHILD]))
    assert digests(listing.required_children) == digests_of(CHILD, SUBJECT)


def digests_of(*descriptors: dict) -> list[str]:
    return [each["digest"] for each in descriptors]


# fault 17
def test_descriptors_may_have_an_unknown_algorithm() -> None:
    layer = {**LAYER, "digest": "blake3:" + "ab" * 32}
    assert digests(parse(image(layers=[layer])).layers) == [layer["digest"]]


# Referrers


@pytest.mark.parametrize(
    ("document", "artifact_type"),
    [
        (image(subject=SUBJECT), media_types.OCI_CONFIG),
        (image(subject=SUBJECT, artifactType="a/own"), "a/own"),
        (image(subject=SUBJECT, artifactType=""), media_types.OCI_CONFIG),
        (image(subject=SUBJECT, config=descriptor("{}", media_types.OCI_EMPTY)), "OCI_EMPTY"),
        (index(subject=SUBJECT), ""),
        (index(subject=SUBJECT, artifactType="a/own"), "a/own"),
    ],
)
def test_the_artifact_type_is_the_own_or_the_configs(document: Any, artifact_type: str) -> None:
    manifest = parse(document)
    assert manifest.subject is not None
    assert manifest.subject.digest == SUBJECT["digest"]
    assert manifest.artifact_type == getattr(media_types, artifact_type, artifact_type)


def test_annotations_are_kept() -> None:
    annotations = {"org.opencontainers.image.created": "now", "caf\u00e9": "\U0001f600", "": ""}
    assert parse(image(annotations=annotations)).annotations == annotations
