import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repositories.protocol.scopes import MAX_SCOPES, ResourceScope, parse_scopes

from .bounded import bounded


def scope(type_: str, name: str, *actions: str) -> ResourceScope:
    return ResourceScope(type_, name, frozenset(actions))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("repository:team/app:pull", scope("repository", "team/app", "pull")),
        ("repository:tt/a:push,pull", scope("repository", "tt/a", "pull", "push")),
        ("repository(plugin):a/b:pull", scope("repository", "a/b", "pull")),
        ("repository:host:5000/a/b:pull", scope("repository", "host:5000/a/b", "pull")),
        ("registry:catalog:*", scope("registry", "catalog", "*")),
        ("repository:a:delete,*", scope("repository", "a", "delete", "*")),
        ("repository:a:pull,,", scope("repository", "a", "pull")),
    ],
)
def test_scopes_of_the_grammar_are_read(text: str, expected: ResourceScope) -> None:
    assert parse_scopes([text]) == [expected]


def test_several_scopes_are_joined_by_spaces_or_repeated() -> None:
    first, second, third = (f"repository:{name}:pull" for name in "abc")
    wanted = [scope("repository", name, "pull") for name in "abc"]
    assert parse_scopes([first, second, third]) == wanted
    assert parse_scopes([f"{first} {second}  {third} "]) == wanted
    assert parse_scopes([f"{first} {second}", third]) == wanted
    assert parse_scopes([]) == parse_scopes([""]) == []


@pytest.mark.parametrize(
    "text",
    [
        "repository",
        "repository:a",
        "repository::pull",
        ":a:pull",
        "Repository:a:pull",
        "repository:a:PULL",
        "repository:a:",
        "repository:a:,",
        "repository(:a:pull",
        "repository()x:a:pull",
        f"repository:{'a' * 2000}:pull",
    ],
)
def test_malformed_scopes_are_left_out(text: str) -> None:
    assert parse_scopes([f"{text} repository:b:pull"]) == [scope("repository", "b", "pull")]


def test_the_number_of_scopes_is_bounded() -> None:
    assert len(parse_scopes(["repository:a:pull " * 10_000])) == MAX_SCOPES


@pytest.mark.parametrize("unit", [":", "a:", "a,", "(a)", "repository:a:pull,", "a:b,"])
def test_hostile_scopes_do_not_backtrack(unit: str) -> None:
    hostile = "repository:" + (unit * 1000)[:1000] + "!"
    begin = time.process_time()
    assert parse_scopes([f"{hostile} " * 200]) == []
    assert time.process_time() - begin < 0.5


@bounded
@given(
    wanted=st.lists(
        st.builds(
            ResourceScope,
            st.sampled_from(["repository", "registry"]),
            st.from_regex(r"([a-z]{1,5}:[0-9]{1,4}/)?[a-z]{1,9}(/[a-z]{1,9})?", fullmatch=True),
            st.frozensets(st.sampled_from(["pull", "push", "delete", "*"]), min_size=1),
        ),
        max_size=5,
    )
)
def test_written_scopes_are_read_back(wanted: list[ResourceScope]) -> None:
    assert parse_scopes([" ".join(map(str, wanted))]) == wanted


@bounded
@given(values=st.lists(st.text(max_size=60), max_size=4))
def test_any_text_is_read_or_left_out(values: list[str]) -> None:
    assert all(part.actions for part in parse_scopes(values))
