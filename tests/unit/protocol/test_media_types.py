import pytest

from repositories.protocol import media_types


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (None, None),
        ("", None),
        (" ", None),
        ("; charset=utf-8", None),
        (media_types.OCI_INDEX, media_types.OCI_INDEX),
        (f" {media_types.OCI_INDEX} ; charset=utf-8; a=b", media_types.OCI_INDEX),
        ("Application/JSON;q=1", "Application/JSON"),
    ],
)
def test_parameters_are_dropped(content_type: str | None, expected: str | None) -> None:
    assert media_types.normalise(content_type) == expected


@pytest.mark.parametrize(
    "text",
    [
        media_types.DOCKER_SCHEMA1_SIGNED,
        media_types.OCI_LAYER_ZSTD,
        "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
        "application/vnd.dev.cosign.simplesigning.v1+json",
        "application/vnd.in-toto+json",
        "a/b",
        "x-1!#$&^_.+-/9",
        f"{'a' * 127}/{'b' * 127}",
    ],
)
def test_media_types_follow_the_grammar(text: str) -> None:
    assert media_types.is_media_type(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a/",
        "/b",
        "a/b/c",
        "a/b; c=d",
        "a b/c",
        "a/b\n",
        "a/é",
        "*/*",
        "a/b\r\nX: y",
        f"{'a' * 128}/b",
        f"a/{'b' * 128}",
        "a" * 100000,
    ],
)
def test_other_texts_are_no_media_types(text: str) -> None:
    assert not media_types.is_media_type(text)


def test_kinds_are_told_apart_without_regard_to_case() -> None:
    assert media_types.is_index(media_types.OCI_INDEX.upper())
    assert media_types.is_index(media_types.DOCKER_MANIFEST_LIST)
    assert not media_types.is_index(media_types.OCI_MANIFEST)
    assert media_types.is_image_manifest(media_types.DOCKER_MANIFEST)
    assert not media_types.is_image_manifest(media_types.OCI_INDEX)
    assert media_types.is_schema1(media_types.DOCKER_SCHEMA1)
    assert media_types.is_schema1(media_types.DOCKER_SCHEMA1_SIGNED)
    assert not media_types.is_schema1(media_types.DOCKER_MANIFEST)
    assert media_types.is_foreign_layer(media_types.DOCKER_FOREIGN_LAYER)
    assert not media_types.is_foreign_layer(media_types.DOCKER_LAYER)
    assert media_types.is_artifact_manifest(media_types.ORAS_ARTIFACT_MANIFEST)
