"""CSEL: what expressions mean, what is refused, and where selected paths lie."""

from __future__ import annotations

import contextlib
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import csel
from accounts.text_spans import beginning_with, intersection, union

# Pieces that make many prefixes of each other.
PATHS = ["", "/v2/", "/v2/a", "/v2/a/", "/v2/a/b", "/v2/ab", "/v2/b/tags/list", "a", "x y"]
FORMATS = ["docker", "raw"]
PATTERNS = [
    ".*", "^/v2/.*", "/v2/a", "/v2/(a|b)/?.*", "[^/]+", "", "(/v2/|/v2/library/)?(a(/.*)?)?$",
    "(?i)/V2/A", "x|/v2/[ab]+", "/v2/a{1,3}/.*", r"\\/v2\\/a.?", "(?s).*a",
]  # fmt: skip


def quoted(text: str) -> str:
    return f'"{text}"'


def comparison(variable: str, values: list[str]) -> st.SearchStrategy[tuple[str, object]]:
    """Texts of comparisons, each with its meaning written in Python."""
    texts = st.sampled_from(values)
    operators = {
        "==": lambda text: lambda given: given[variable] == text,
        "!=": lambda text: lambda given: given[variable] != text,
        "=^": lambda text: lambda given: given[variable].startswith(text),
    }
    made = st.tuples(st.sampled_from(sorted(operators)), texts).map(
        lambda pair: (f"{variable} {pair[0]} {quoted(pair[1])}", operators[pair[0]](pair[1]))
    )
    turned = texts.map(
        lambda text: (f"'{text}' == {variable}", lambda given: given[variable] == text)
    )
    return made | turned


def pattern_comparison() -> st.SearchStrategy[tuple[str, object]]:
    return st.sampled_from(PATTERNS).map(
        lambda pattern: (
            f"path =~ {quoted(pattern)}",
            lambda given: re.fullmatch(pattern.replace("\\\\", "\\"), given["path"]) is not None,
        )
    )


def combined(parts: st.SearchStrategy) -> st.SearchStrategy:
    def joined(word: str, meaning):
        return st.lists(parts, min_size=2, max_size=3).map(
            lambda chosen: (
                word.join(f"({text})" for text, _ in chosen),
                lambda given: meaning(each(given) for _, each in chosen),
            )
        )

    words = {" and ": all, "&&": all, " or ": any, "||": any}
    return st.one_of(*(joined(word, meaning) for word, meaning in words.items()))


expressions = st.recursive(
    comparison("path", PATHS) | comparison("format", FORMATS) | pattern_comparison(),
    combined,
    max_leaves=8,
)
contents = st.fixed_dictionaries(
    {
        "path": st.sampled_from(PATHS) | st.text("/v2ab.-", max_size=9),
        "format": st.sampled_from(FORMATS),
    }
)


@given(expressions, contents)
def test_an_expression_selects_what_it_says(expression, content):
    text, meaning = expression
    assert csel.parse(text).matches(content) == meaning(content)


@given(expressions, contents)
def test_no_selected_path_lies_outside_of_the_spans(expression, content):
    parsed = csel.parse(expression[0])
    if parsed.matches(content):
        spans = parsed.paths(content["format"])
        assert any(low <= content["path"] <= high for low, high in spans)
        for length in range(len(content["path"])):
            assert intersection(spans, beginning_with(content["path"][:length]))


@given(st.text())
def test_any_text_is_an_expression_or_is_refused_with_a_place(text):
    reason = ""
    try:
        csel.parse(text)
    except csel.InvalidExpression as error:
        reason = str(error)
    assert not reason or re.search(r" at line \d+ column \d+$", reason)


@given(st.lists(st.sampled_from(
    ["path", "format", "==", "!=", "=~", "=^", "and", "||", "(", ")", '"a"', "'.*'", "!", "1", "x"]
), max_size=12).map(" ".join))  # fmt: skip
def test_pieces_of_the_language_in_any_order_are_read_or_refused(text):
    with contextlib.suppress(csel.InvalidExpression):
        csel.parse(text).matches({"path": "a", "format": "docker"})


spans = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")).map(
        lambda pair: (min(pair), max(pair))
    ),
    max_size=4,
).map(tuple)


@given(spans, spans, st.sampled_from("abcdef"))
def test_spans_are_joined_and_cut_as_sets(left, right, point):
    def within(found):
        return any(low <= point <= high for low, high in found)

    assert within(union(left, right)) == (within(left) or within(right))
    assert within(intersection(left, right)) == (within(left) and within(right))
    assert list(union(left, right)) == sorted(union(left, right))


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ('path == "/v2/"', "/v2/", True),
        # The whole value has to match, as in Java.
        ('path =~ "^/v2/team/"', "/v2/team/app/manifests/v1", False),
        ('path =~ "^/v2/team/.*"', "/v2/team/app/manifests/v1", True),
        ('format == "docker" and path =^ "/v2/team/"', "/v2/team/app/tags/list", True),
        ('format == "raw" and path =^ "/v2/team/"', "/v2/team/app/tags/list", False),
        ('path == "a" or path == "b" and format == "raw"', "a", True),
        ('(path == "a" or path == "b") and format == "raw"', "a", False),
        ('path eq "a" || path ne "b"', "b", False),
        ("path =~ '.*/manifests/\\d+\\.\\d+'", "/v2/a/manifests/1.2", True),
        ('path =~ "/v2/\\u0061"', "/v2/a", True),
        ('coordinate.version == "1"', "a", False),
        ('coordinate.version != "1"', "a", True),
        ('coordinate.groupId =^ "org" or coordinate.id =~ ".*"', "a", False),
        ('path =~ "^(/v2/|/v2/library/)?(hello-world(/.*)?)?$"', "/v2/library/hello-world/x", True),
        ('path =~ "^(/v2/|/v2/library/)?(hello-world(/.*)?)?$"', "/v2/hello-worlds/x", False),
        ('path =^ "/v2/"\n  and\tpath != "/v2/x"', "/v2/y", True),
    ],
)
def test_expressions_as_administrators_write_them(text, path, expected):
    assert csel.parse(text).matches({"format": "docker", "path": path}) is expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected a variable or a text, not the end at line 1 column 1"),
        ("path", "expected one of ==, !=, =~, =^, not the end at line 1 column 5"),
        ("path == path", "expected a variable and a text to compare at line 1 column 6"),
        ("'a' =^ path", "expected a text after =^ at line 1 column 8"),
        ('path == "a" path', "unexpected 'path' at line 1 column 13"),
        ('path == "a"\nor size > 1', "invalid identifier size, expected one of format, path,"),
        ('(path == "a"', "expected ')', not the end at line 1 column 13"),
        ('path == "a', "a text without an end at line 1 column 9"),
        ('path == "it\'s"', "a text may hold no quotation marks at line 1 column 9"),
        ('path =~ "(?!x).*"', "invalid regular expression: "),
        ('path =~ "(a)\\1"', "invalid regular expression: "),
        ('path =~ "*foo*"', "invalid regular expression: "),
        ('path =~ "((a{100}){100}){100}"', "invalid regular expression: "),
        ('!(path == "a")', "unexpected '!' at line 1 column 1"),
        ('not (path == "a")', "invalid identifier not,"),
        ('path.class == "x"', "invalid identifier path.class,"),
        ('path.length() == "1"', "invalid identifier path.length,"),
        ('new("java.lang.Object") == path', "invalid identifier new,"),
        ('repositoryName == "x"', "invalid identifier repositoryName,"),
        ("path == 5", "unexpected '5' at line 1 column 9"),
        ('path =~ ["a"]', "unexpected '[' at line 1 column 9"),
        ('path == "a"; path == "b"', "unexpected ';' at line 1 column 12"),
        ("(" * 51 + 'path == "a"' + ")" * 51, "parentheses are nested too deeply"),
        ("(" * 4000, "parentheses are nested too deeply"),
    ],
)
def test_what_is_no_expression_is_refused_with_its_reason(text, reason):
    with pytest.raises(csel.InvalidExpression) as refused:
        csel.parse(text)
    assert str(refused.value).startswith(reason)


def test_parentheses_beside_each_other_are_not_nested():
    text = " or ".join(f'(path == "{number}")' for number in range(150))
    assert csel.parse(text).matches({"path": "149"})


def test_a_pattern_that_explodes_elsewhere_takes_linear_time():
    parsed = csel.parse('path =~ "(a+)+b"')

    def seconds(length: int) -> float:
        started = time.process_time()
        assert not parsed.matches({"path": "a" * length})
        return time.process_time() - started

    assert seconds(100_000) < 2
