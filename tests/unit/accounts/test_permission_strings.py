"""Nexus's permission strings with Shiro's semantics."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.permissions import InvalidPermission, PermissionSet, parse

WORDS = ["a", "b", "c"]
alternatives = st.lists(st.sampled_from([*WORDS, "*"]), min_size=1, max_size=3).map(",".join)
permissions = st.lists(alternatives, min_size=1, max_size=3).map(":".join)


def meaning(text: str) -> set[tuple[str, ...]]:
    """Every concrete permission that the text covers; "z" stands for all words not named."""
    domain = {*WORDS, "z"}
    parts = [set(part.split(",")) for part in text.split(":")]
    covered = [domain if "*" in part else part for part in parts]
    covered += [domain] * (3 - len(parts))
    return set(product(*covered))


@given(permissions, permissions)
def test_implies_exactly_what_its_meaning_covers(held, asked):
    assert parse(held).implies(parse(asked)) == (meaning(asked) <= meaning(held))


@given(permissions)
def test_every_permission_implies_itself_whatever_the_letter_case(text):
    assert parse(text).implies(parse(text.upper()))


@given(permissions, permissions, permissions)
def test_implication_is_transitive(first, second, third):
    if parse(first).implies(parse(second)) and parse(second).implies(parse(third)):
        assert parse(first).implies(parse(third))


@given(permissions)
def test_text_of_a_permission_parses_to_the_same_permission(text):
    assert parse(str(parse(text))) == parse(text)


@given(st.lists(permissions, max_size=4), permissions)
def test_a_set_implies_what_one_of_its_members_does(held, asked):
    compiled = PermissionSet(held)
    expected = any(parse(text).implies(parse(asked)) for text in held)
    assert compiled.implies(asked) == expected
    assert compiled.implies(asked) == expected


@pytest.mark.parametrize(
    ("held", "asked", "expected"),
    [
        ("nexus:*", "nexus:repository-view:docker:hosted:read", True),
        ("nexus:*", "nexus:blobstores:create", True),
        ("nexus:*", "*", False),
        ("nexus:repository-view:*:*:read", "nexus:repository-view:docker:hosted:read", True),
        ("nexus:repository-view:*:*:read", "nexus:repository-view:docker:hosted:add", False),
        ("nexus:repository-view:docker:a:*", "nexus:repository-view:docker:b:read", False),
        ("nexus:repository-view:docker:a:read,add", "nexus:repository-view:docker:a:add", True),
        ("nexus:repository-view:docker:a:read", "nexus:repository-view:docker:a:read,add", False),
        ("nexus:repository-view:docker:a:read", "nexus:repository-admin:docker:a:read", False),
        ("nexus:users:*", "nexus:users", True),
        ("nexus:users:read", "nexus:users", False),
        ("nexus:users", "nexus:users:delete", True),
        ("NEXUS:Users:Read", "nexus:users:read", True),
    ],
)
def test_permissions_of_nexus(held, asked, expected):
    assert PermissionSet([held]).implies(asked) is expected


@pytest.mark.parametrize("text", ["", " ", ":", "a:", ":a", "a::b", ",", "a:,b", "a:b,"])
def test_text_with_an_empty_part_is_no_permission(text):
    with pytest.raises(InvalidPermission):
        parse(text)


def test_an_empty_set_allows_nothing():
    assert not PermissionSet().implies("nexus:users:read")
    assert not PermissionSet()


def test_a_set_goes_on_answering_after_more_questions_than_it_remembers():
    held = PermissionSet(["nexus:repository-view:docker:r7:read"])
    answers = [held.implies(f"nexus:repository-view:docker:r{n}:read") for n in range(5000)]
    assert answers == [n == 7 for n in range(5000)]
    assert held.implies("nexus:repository-view:docker:r7:read")


@given(st.lists(permissions, max_size=4), st.sampled_from(WORDS), st.sampled_from(WORDS))
def test_a_set_reaches_the_domains_in_which_it_implies_something(held, word, action):
    compiled = PermissionSet([f"nexus:{text}" for text in held])
    asked = [f"nexus:{word}:{rest}" for rest in ("a", "b", "c", "z")]
    asked += [f"{text}:{rest}" for text in asked for rest in ("a", "b", "c", "z")]
    assert compiled.reaches(word) == any(compiled.implies(text) for text in asked)
