import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from repositories.protocol.pagination import InvalidPageSize, Page, link_header, parse_page

from .bounded import bounded


@pytest.mark.parametrize(
    ("n", "size"),
    [
        (None, 100),
        ("", 100),
        ("0", 0),
        ("000", 0),
        ("1", 1),
        ("007", 7),
        ("1000", 1000),
        ("1001", 1000),
        ("9" * 10000, 1000),
        ("0" * 10000 + "3", 3),
    ],
)
def test_the_number_of_entries_is_read_and_capped(n: str | None, size: int) -> None:
    assert parse_page(n, None, default=100) == Page(size, None)


@pytest.mark.parametrize(
    "n", ["-1", "a", "1.5", "+1", " 1", "1e3", "0x1", "\u0661", "\u00b2", "\0"]
)
def test_other_numbers_are_refused(n: str) -> None:
    with pytest.raises(InvalidPageSize):
        parse_page(n, None)


def test_without_a_number_the_page_is_the_largest() -> None:
    assert parse_page(None, "v1") == Page(1000, "v1")


def test_an_empty_last_is_the_beginning() -> None:
    assert parse_page(None, "").last is None
    assert parse_page(None, "\0a").last is None


@bounded
@given(
    last=st.text(alphabet="ab\0", max_size=12).map(lambda text: text * 40),
    name=st.text(alphabet="ab", min_size=1, max_size=255),
)
def test_shortening_last_keeps_the_names_behind_it(last: str, name: str) -> None:
    shortened = parse_page(None, last).last or ""
    assert len(shortened) <= 255
    assert "\0" not in shortened
    assert (name > shortened) == (name > last)


def test_the_link_is_relative_and_keeps_other_parameters() -> None:
    assert link_header("/v2/_catalog", 2, "team/b") == (
        '</v2/_catalog?last=team%2Fb&n=2>; rel="next"'
    )
    assert link_header("/v2/a/referrers/sha256:00", 5, "x", {"artifactType": "a/b+json"}) == (
        '</v2/a/referrers/sha256:00?last=x&n=5&artifactType=a%2Fb%2Bjson>; rel="next"'
    )


@bounded
@example(path='a>; rel="x"', last='b>; rel="x"', extra="&n=9")
@given(path=st.text(max_size=20), last=st.text(max_size=20), extra=st.text(max_size=20))
def test_nothing_breaks_out_of_the_link(path: str, last: str, extra: str) -> None:
    link = link_header("/" + path, 3, last, {"ns": extra})
    match = re.fullmatch(r'<([!-;=?-~]+)>; rel="next"', link)
    assert match
    url = urlsplit("http://host" + match[1])
    assert unquote(url.path) == "/" + path
    assert parse_qs(url.query, keep_blank_values=True) == {
        "last": [last],
        "n": ["3"],
        "ns": [extra],
    }
