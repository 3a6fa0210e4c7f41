import pytest
from hypothesis import given
from hypothesis import strategies as st

from repositories.protocol.digest import Digest
from repositories.protocol.ranges import (
    ByteRange,
    InvalidContentRange,
    UnsatisfiableRange,
    etag,
    etag_matches,
    if_range_matches,
    parse_content_range,
    parse_range,
    upload_range,
)

from .bounded import bounded

DIGEST = Digest.of(b"content")
OTHER = Digest.of(b"other")


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [
        ("bytes=500-1499", 500, 1500),
        ("bytes=500-", 500, 3000),
        ("bytes=-500", 2500, 3000),
        ("bytes=2000-5000", 2000, 3000),
        ("bytes=0-0", 0, 1),
        ("bytes=2999-2999", 2999, 3000),
        ("bytes=0-", 0, 3000),
        ("bytes=-5000", 0, 3000),
        ("bytes=0-" + "9" * 100, 0, 3000),
        ("Bytes=1-2", 1, 3),
        (" bytes = 1 - 2 ", 1, 3),
    ],
)
def test_single_ranges_are_read_and_clipped(header: str, start: int, stop: int) -> None:
    wanted = parse_range(header, 3000)
    assert wanted == ByteRange(start, stop)
    assert wanted.length == stop - start
    assert wanted.content_range(3000) == f"bytes {start}-{stop - 1}/3000"


@pytest.mark.parametrize(
    "header",
    ["bytes=500-0", "bytes=3000-", "bytes=5000-10000", "bytes=-0", f"bytes={'9' * 100}-"],
)
def test_ranges_without_a_byte_are_unsatisfiable(header: str) -> None:
    with pytest.raises(UnsatisfiableRange) as refusal:
        parse_range(header, 3000)
    assert refusal.value.size == 3000


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=1-2,4-5",
        "bytes=1-2-3",
        "bytes=--1",
        "bytes=+1-2",
        "bytes=1.5-2",
        "bytes=\u0661-\u0662",
        "lines=1-2",
        "0-1",
        f"bytes={'9' * 5000}-",
    ],
)
def test_other_range_headers_are_ignored(header: str | None) -> None:
    assert parse_range(header, 3000) is None


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=0-0", "bytes=-5", "bytes=7-"])
def test_empty_content_is_sent_whole(header: str) -> None:
    assert parse_range(header, 0) is None


@bounded
@given(
    header=st.from_regex(r"bytes=[0-9]{0,4}-[0-9]{0,4}", fullmatch=True) | st.text(max_size=30),
    size=st.integers(0, 5000),
)
def test_a_range_always_lies_inside_the_content(header: str, size: int) -> None:
    try:
        wanted = parse_range(header, size)
    except UnsatisfiableRange:
        return
    assert wanted is None or 0 <= wanted.start < wanted.stop <= size


@pytest.mark.parametrize(
    ("header", "start", "stop"), [("0-0", 0, 1), ("0-99", 0, 100), ("100-199", 100, 200)]
)
def test_chunks_name_both_ends(header: str, start: int, stop: int) -> None:
    assert parse_content_range(header) == ByteRange(start, stop)


# fault 18
@pytest.mark.parametrize(
    "header",
    [
        "",
        "-",
        "0-",
        "-5",
        "a-b",
        "0-1\n",
        " 0-1",
        "5-4",
        "+0-1",
        "0--1",
        "0-1,2-3",
        "bytes 0-9/*",
        "bytes=0-9",
        "٠-١",
        f"0-{'9' * 30}",
        "9" * 10000,
    ],
)
def test_other_content_ranges_are_refused(header: str) -> None:
    with pytest.raises(InvalidContentRange):
        parse_content_range(header)


@pytest.mark.parametrize(("received", "header"), [(0, "0-0"), (1, "0-0"), (2, "0-1"), (10, "0-9")])
def test_an_upload_says_what_it_has(received: int, header: str) -> None:
    assert upload_range(received) == header


@pytest.mark.parametrize(
    ("header", "matches"),
    [
        (None, False),
        ("", False),
        ("*", True),
        (f'"{DIGEST}"', True),
        (f'W/"{DIGEST}"', True),
        (str(DIGEST), True),
        (f'"{OTHER}", W/"{DIGEST}"', True),
        (f'"{OTHER}","abc" ,{DIGEST}', True),
        (f'"{OTHER}"', False),
        (DIGEST.encoded, False),
        ('""', False),
        (",,", False),
    ],
)
def test_if_none_match_knows_every_form(header: str | None, matches: bool) -> None:
    assert etag_matches(header, DIGEST) is matches
    assert etag_matches(header, str(DIGEST)) is matches


@pytest.mark.parametrize(
    ("header", "matches"),
    [
        (None, True),
        (etag(DIGEST), True),
        (str(DIGEST), True),
        (etag(OTHER), False),
        (f'W/"{DIGEST}"', False),
        ("Tue, 15 Nov 1994 08:12:31 GMT", False),
        ("", False),
    ],
)
def test_if_range_wants_the_strong_tag(header: str | None, matches: bool) -> None:
    assert if_range_matches(header, DIGEST) is matches
