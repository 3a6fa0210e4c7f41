"""Manifests made to hurt: each is refused with a readable message, in bounded time."""

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repositories.protocol import media_types
from repositories.protocol.manifest import (
    MAX_LIST_LENGTH,
    MAX_MANIFEST_SIZE,
    ManifestInvalid,
    ManifestTooLarge,
    parse_manifest,
)

from .bounded import bounded

DIGEST = "sha256:" + "a" * 64
DESCRIPTOR = {"mediaType": media_types.OCI_LAYER, "digest": DIGEST, "size": 1}


def manifest_with(raw: bytes) -> bytes:
    """Return an image manifest that is valid but for the raw JSON value of one extra key."""
    head = {"schemaVersion": 2, "config": DESCRIPTOR, "layers": [DESCRIPTOR]}
    return json.dumps(head).encode()[:-1] + b',"extra":' + raw + b"}"


def refusal(content: bytes, content_type: str | None = media_types.OCI_MANIFEST) -> str:
    begin = time.process_time()
    with pytest.raises(ManifestInvalid) as caught:
        parse_manifest(content, content_type)
    assert time.process_time() - begin < 2
    assert 0 < len(str(caught.value)) < 1000
    str(caught.value).encode()
    return str(caught.value)


# fault 20
@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"[" * 1_000_000, "too many values"),
        (b"[" + b"{}," * 1_000_000 + b"1]", "too many values"),
        (b"1" * 100_000, "more than 20 digits"),
        (b"1" * 21, "more than 20 digits"),
        (b"-" + b"1" * 100_000, "digits"),
        (b"NaN", "NaN"),
        (b"Infinity", "Infinity"),
        (b"-Infinity", "Infinity"),
        (b'{"a":1,"a":1}', "duplicate keys"),
        (b'{"a":1,"\\u0061":1}', "duplicate keys"),
        (b'"\xff"', "UTF-8"),
        (b'"\xed\xa0\x80"', "UTF-8"),
        (b'"\xc0\xaf"', "UTF-8"),
        (b'"\\ud800"', "surrogate"),
        (b'{"\\udfff":1}', "surrogate"),
        (b'[["\\udc00\\ud800"]]', "surrogate"),
        (b'"\n"', "not JSON"),
        (b"01", "not JSON"),
        (b"1,}", "not JSON"),
        (b"'a'", "not JSON"),
        (b"1} {", "not JSON"),
    ],
)
def test_bad_json_is_refused(raw: bytes, message: str) -> None:
    assert message in refusal(manifest_with(raw))


@pytest.mark.parametrize(
    "raw",
    [
        b'"\\ud83d\\ude00"',
        b'"\\\\ud800"',
        b"[" * 100 + b"]" * 100,
        b"12345678901234567890",
        b"1e999",
        b"1." + b"1" * 100000,
        b'"' + b"a" * 3900000 + b'"',
    ],
)
def test_unusual_json_is_accepted(raw: bytes) -> None:
    assert len(parse_manifest(manifest_with(raw), media_types.OCI_MANIFEST).layers) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"null",
        b"1",
        b'"a"',
        b"[]",
        b"{",
        b"\0",
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
    ],
)
def test_what_is_no_object_is_refused(content: bytes) -> None:
    refusal(content)
    refusal(content, None)


# fault 20
def test_four_mebibytes_are_the_limit() -> None:
    padding = MAX_MANIFEST_SIZE - len(manifest_with(b'""'))
    largest = manifest_with(b'"' + b"a" * padding + b'"')
    assert len(largest) == MAX_MANIFEST_SIZE
    parse_manifest(largest, media_types.OCI_MANIFEST)
    with pytest.raises(ManifestTooLarge):
        parse_manifest(largest + b" ", media_types.OCI_MANIFEST)


# fault 20
@pytest.mark.parametrize("key", ["layers", "manifests"])
@pytest.mark.parametrize("entry", [b"0", b"{}", b'{"digest":"%s","size":0}' % DIGEST.encode()])
def test_a_hundred_thousand_layers_are_refused(key: str, entry: bytes) -> None:
    content = b'{"schemaVersion":2,"%s":[%s]}' % (key.encode(), b",".join([entry] * 100_000))
    message = refusal(content, "application/vnd.example.v1+json")
    assert str(MAX_LIST_LENGTH) in message or str(MAX_MANIFEST_SIZE) in message


def test_as_many_layers_as_allowed_are_read() -> None:
    layers = [DESCRIPTOR] * MAX_LIST_LENGTH
    document = {"schemaVersion": 2, "config": DESCRIPTOR, "layers": layers}
    manifest = parse_manifest(json.dumps(document).encode(), media_types.OCI_MANIFEST)
    assert len(manifest.layers) == MAX_LIST_LENGTH
    assert len(manifest.required_blobs) == 1


WRONG_DESCRIPTORS = [
    *[None, 1, "a", [], {}, [DESCRIPTOR], True],
    *[{**DESCRIPTOR, "digest": value} for value in (None, 1, "", "sha256:", {}, "a:" + "b" * 300)],
    {**DESCRIPTOR, "digest": DIGEST.upper()},
    {**DESCRIPTOR, "digest": DIGEST[:-1]},
    {**DESCRIPTOR, "digest": "../../etc/passwd"},
    *[{**DESCRIPTOR, "size": value} for value in (None, -1, 2**63, 10**19, 1.0, "1", True, [])],
    *[{**DESCRIPTOR, "mediaType": value} for value in (1, {}, "a/b\0", "a" * 256)],
    *[{**DESCRIPTOR, "urls": value} for value in (1, "a", {}, [1], [None], ["a" * 9000])],
    *[{**DESCRIPTOR, "annotations": value} for value in (1, "a", [], {"a": 1}, {"a": None})],
    {**DESCRIPTOR, "annotations": {"a": "b\0"}},
    {**DESCRIPTOR, "annotations": {"a\0": "b"}},
    *[
        {**DESCRIPTOR, "platform": value}
        for value in (1, "linux", [], {"os": 1}, {"os": "a" * 256})
    ],
]


# fault 20
@pytest.mark.parametrize("wrong", WRONG_DESCRIPTORS, ids=lambda value: repr(value)[:60])
def test_wrong_descriptors_are_refused_with_their_place(wrong: Any) -> None:
    good = {"schemaVersion": 2, "config": DESCRIPTOR, "layers": [DESCRIPTOR]}
    for document, place in (
        ({**good, "layers": [DESCRIPTOR, wrong]}, "layers[1]"),
        ({**good, "config": wrong}, "config"),
        ({**good, "subject": wrong}, "subject"),
    ):
        if place == "subject" and wrong is None:
            continue  # No subject is no fault.
        assert place in refusal(json.dumps(document).encode())
    listing = {"schemaVersion": 2, "manifests": [wrong]}
    assert "manifests[0]" in refusal(json.dumps(listing).encode(), media_types.OCI_INDEX)


@pytest.mark.parametrize("key", ["layers", "manifests", "annotations", "artifactType"])
@pytest.mark.parametrize("wrong", [1, True, [1], {"a": 1}, [[]]])
def test_wrong_types_are_refused_with_their_place(key: str, wrong: Any) -> None:
    document = {"schemaVersion": 2, "config": DESCRIPTOR, "layers": [], key: wrong}
    assert key in refusal(json.dumps(document).encode())


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(DIGEST),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["digest", "size", "mediaType", "urls", "platform", "os", "annotations"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
KEYS = ["schemaVersion", "mediaType", "config", "layers", "manifests", "subject", "annotations"]
CONTENT_TYPES = [None, media_types.OCI_MANIFEST, media_types.OCI_INDEX, "a/b", "application/json"]


@bounded
@given(
    values=st.dictionaries(st.sampled_from(KEYS), JSON_VALUES, max_size=4),
    content_type=st.sampled_from(CONTENT_TYPES),
)
def test_any_object_is_read_or_refused(values: dict[str, Any], content_type: str | None) -> None:
    document = {"schemaVersion": 2, "config": DESCRIPTOR, **values}
    try:
        manifest = parse_manifest(json.dumps(document).encode(), content_type)
    except ManifestInvalid:
        return
    assert media_types.is_media_type(manifest.media_type)


@bounded
@given(
    content=st.binary(max_size=60) | st.text(alphabet='{}[]":,1a\\u', max_size=40).map(str.encode)
)
def test_any_bytes_are_refused_or_read(content: bytes) -> None:
    with suppress(ManifestInvalid):
        parse_manifest(content, None)
