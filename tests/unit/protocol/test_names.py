import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repositories.protocol.digest import Digest, InvalidDigest
from repositories.protocol.names import (
    InvalidName,
    InvalidTag,
    image_name,
    parse_reference,
    tag_name,
)

from .bounded import bounded

COMPONENT = st.from_regex(r"[a-z0-9]{1,5}((\.|_|__|-{1,4})[a-z0-9]{1,5}){0,3}", fullmatch=True)


@pytest.mark.parametrize(
    "name",
    ["a", "0", "library/alpine", "a.b", "a_b", "a__b", "a-b", "a-----b", "a/b/c/d", "a" * 255],
)
def test_image_names_of_the_grammar_are_accepted(name: str) -> None:
    assert image_name(name) == name


# fault 19
@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../a",
        "a/..",
        "a/../b",
        "%2e%2e",
        "/a",
        "a/",
        "a//b",
        "a..b",
        "a___b",
        "a._b",
        "a-_b",
        "-a",
        "a-",
        "_catalog",
        "_oci/ext",
        "A",
        "team/App",
        "a b",
        "a\0",
        "a\n",
        "a\\b",
        "a:b",
        "a@b",
        "\u00e4",
        "\u0430",  # Cyrillic a
        "\uff41",  # fullwidth a
        "\u0661",  # Arabic one
        "\ud800",
        "a" * 256,
        "a/" * 150 + "a",
        "a" * 100_000,
    ],
)
def test_other_image_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidName) as refusal:
        image_name(name)
    assert len(str(refusal.value)) < 500


@bounded
@given(name=st.lists(COMPONENT, min_size=1, max_size=6).map("/".join))
def test_joined_components_are_an_image_name(name: str) -> None:
    assert image_name(name) == name


@bounded
@given(text=st.text(alphabet="ab0._-/A%\0\n", max_size=40))
def test_accepted_names_cannot_leave_a_folder(text: str) -> None:
    try:
        name = image_name(text)
    except InvalidName:
        return
    assert all(part[0].isalnum() and part[-1].isalnum() for part in name.split("/"))
    assert ".." not in name


# fault 19
@pytest.mark.parametrize("unit", ["a", "a-", "a_", "a__", "a.", "a/", "-", "0--", "a/b-"])
def test_hostile_names_do_not_backtrack(unit: str) -> None:
    hostile = (unit * 255)[:254] + "!"
    begin = time.process_time()
    for _ in range(100):
        with pytest.raises(InvalidName):
            image_name(hostile)
    assert time.process_time() - begin < 0.5


@pytest.mark.parametrize("tag", ["latest", "1.0", "_", "V1", "a" * 128, "1_2-3.4", "sha256-abc"])
def test_tags_of_the_grammar_are_accepted(tag: str) -> None:
    assert tag_name(tag) == tag
    assert parse_reference(tag) == tag


# fault 19
@pytest.mark.parametrize(
    "tag",
    ["", ".a", "-a", "../../x", "a/b", "a b", "a\n", "a\0", "\u00e9", "a%2f", "a" * 129, "\ud800"],
)
def test_other_tags_are_refused(tag: str) -> None:
    with pytest.raises(InvalidTag):
        tag_name(tag)
    with pytest.raises(InvalidTag):
        parse_reference(tag)


def test_a_reference_with_a_colon_is_a_digest_or_nothing() -> None:
    digest = Digest.of(b"")
    assert parse_reference(str(digest)) == digest
    with pytest.raises(InvalidDigest):
        parse_reference("sha256:baddigeststring")
    with pytest.raises(InvalidDigest):
        parse_reference("latest:1")
