import hashlib
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repositories.protocol.digest import (
    Digest,
    InvalidDigest,
    UnsupportedAlgorithm,
    is_digest,
    new_hasher,
)

from .bounded import bounded

HEX64 = "0123456789abcdef" * 4
HEX128 = HEX64 * 2


@pytest.mark.parametrize("text", [f"sha256:{HEX64}", f"sha512:{HEX128}"])
def test_both_algorithms_are_read_and_written_back(text: str) -> None:
    digest = Digest.parse(text)
    assert str(digest) == text
    assert f"{digest.algorithm}:{digest.encoded}" == text
    assert is_digest(text)


# fault 17, fault 19
@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "sha256",
        "sha256:",
        f":{HEX64}",
        "sha256:baddigeststring",
        "sha256:totallywrong",
        f"sha256:{HEX64[:-1]}",
        f"sha256:{HEX64}0",
        f"sha256:{HEX128}",
        f"sha512:{HEX64}",
        f"sha256:{HEX64.upper()}",
        f"SHA256:{HEX64}",
        f"sha256:{HEX64}\n",
        f" sha256:{HEX64}",
        f"sha256:{HEX64}\0",
        f"sha256::{HEX64}",
        f"sha256:../../{HEX64[6:]}",
        "sha256:" + "\u0661" * 64,
        "sha256:\ud800",
        "a" * 100_000,
    ],
)
def test_malformed_digests_are_refused(text: str) -> None:
    with pytest.raises(InvalidDigest) as refusal:
        Digest.parse(text)
    assert not isinstance(refusal.value, UnsupportedAlgorithm)
    assert len(str(refusal.value)) < 2000
    assert not is_digest(text)


# fault 17
@pytest.mark.parametrize(
    "text", [f"blake3:{HEX64}", "md5:d41d8cd98f00b204", "sha256+b64u:LCa0a2j_xo=-", "a.b_c-d:Z"]
)
def test_unknown_algorithms_are_digests_but_not_supported(text: str) -> None:
    assert is_digest(text)
    with pytest.raises(UnsupportedAlgorithm, match="use sha256 or sha512"):
        Digest.parse(text)


def test_the_constructor_checks_as_well() -> None:
    with pytest.raises(InvalidDigest):
        Digest("sha256", "../../etc/passwd")
    with pytest.raises(InvalidDigest):
        Digest("..", HEX64)


def test_a_hasher_of_an_unknown_algorithm_is_refused() -> None:
    with pytest.raises(UnsupportedAlgorithm):
        new_hasher("md5")
    with pytest.raises(UnsupportedAlgorithm):
        Digest.of(b"", "blake3")


@bounded
@given(content=st.binary(max_size=300), algorithm=st.sampled_from(["sha256", "sha512"]))
def test_a_digest_of_content_equals_that_of_its_hasher(content: bytes, algorithm: str) -> None:
    digest = Digest.of(content, algorithm)
    running = digest.hasher()
    running.update(content)
    assert Digest(algorithm, running.hexdigest()) == digest
    assert str(digest) == f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"
    assert Digest.parse(str(digest)) == digest
    assert pickle.loads(pickle.dumps(digest)) == digest
    assert len({digest, Digest.parse(str(digest))}) == 1


@bounded
@given(text=st.text(max_size=200) | st.from_regex(r"sha256:[a-f0-9]{60,68}", fullmatch=True))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert str(Digest.parse(text)) == text
    except InvalidDigest:
        return
    assert is_digest(text)
