"""`/service/rest/v1/security/content-selectors`, and privileges by selectors."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.accounts import grant_by_selector

from .conftest import errors_of, message_of
from .security_bodies import PRIVILEGES, SELECTORS, selector_body

ON_BOTH_DATABASES = True

KIND = "repository-content-selector"


def privilege(**changes: Any) -> dict[str, Any]:
    return {
        "name": "made",
        "description": "By hand",
        "format": "docker",
        "repository": "*",
        "contentSelector": "team",
        "actions": ["READ", "BROWSE"],
        **changes,
    }


@pytest.fixture
def selector(admin) -> None:
    assert admin.post(SELECTORS, selector_body("team")).status_code == 204


def test_a_selector_is_made_changed_and_deleted(admin):
    answer = admin.post(SELECTORS, selector_body("team"))
    assert (answer.status_code, answer.content) == (204, b"")
    expected = {**selector_body("team"), "type": "csel"}
    assert admin.get(SELECTORS).json() == [expected]
    assert admin.get(f"{SELECTORS}/team").json() == expected
    changed = {"expression": "path == '/v2/'", "name": "counts-for-nothing"}
    answer = admin.put(f"{SELECTORS}/team", changed)
    assert (answer.status_code, answer.content) == (204, b"")
    assert admin.get(f"{SELECTORS}/team").json() == {
        "name": "team",
        "type": "csel",
        "description": "",
        "expression": "path == '/v2/'",
    }
    assert admin.delete(f"{SELECTORS}/team").status_code == 204
    assert admin.get(SELECTORS).json() == []


def test_selectors_are_listed_by_name(admin):
    for name in ("b", "a", "c"):
        admin.post(SELECTORS, selector_body(name))
    assert [each["name"] for each in admin.get(SELECTORS).json()] == ["a", "b", "c"]


def test_an_unknown_selector_is_said_to_be_none(admin):
    for answer in (
        admin.get(f"{SELECTORS}/none"),
        admin.put(f"{SELECTORS}/none", selector_body("none")),
        admin.delete(f"{SELECTORS}/none"),
    ):
        assert message_of(answer, 404) == "No selector found for none"
    assert message_of(admin.delete(f"{SELECTORS}/a%00b"), 404).startswith("No selector found")


@pytest.mark.parametrize("name", ["team", "TEAM"])
def test_a_name_is_given_once(admin, selector, name):
    assert errors_of(admin.post(SELECTORS, selector_body(name))) == {
        "name": "A selector with the same name already exists. Name must be unique."
    }


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"name": "_x"}, "name", "Only letters, digits, underscores(_), hyphens(-), and dots(.) "),
        ({"name": ""}, "name", "must not be empty"),
        ({"name": None}, "name", "must not be null"),
        ({"expression": ""}, "expression", "must not be empty"),
        ({"expression": None}, "expression", "must not be null"),
        ({"expression": "x" * 5000}, "expression", "Ensure this field has no more than 4096"),
        (
            {"expression": 'path =~ "*"'},
            "expression",
            "Invalid CSEL: invalid regular expression: no argument for repetition operator: * "
            "at line 1 column 9",
        ),
        (
            {"expression": 'path == "a" and\n size > 1'},
            "expression",
            "Invalid CSEL: invalid identifier size, expected one of format, path, coordinate.",
        ),
        ({"expression": "path == 'a\x00b'"}, "expression", "Null characters are not allowed."),
        ({"expression": "path == '\ud800'"}, "expression", "Surrogate characters"),
    ],
)
def test_what_is_wrong_with_a_selector_is_said(admin, changes, field, message):
    errors = errors_of(admin.post(SELECTORS, {**selector_body("team"), **changes}))
    assert list(errors) == [field]
    assert errors[field].startswith(message)
    assert admin.get(SELECTORS).json() == []


def test_a_change_that_is_refused_changes_nothing(admin, selector):
    before = admin.get(SELECTORS).json()
    assert list(errors_of(admin.put(f"{SELECTORS}/team", {"expression": "path"}))) == ["expression"]
    assert admin.get(SELECTORS).json() == before


def test_a_selector_in_use_stays(admin, selector):
    admin.post(f"{PRIVILEGES}/{KIND}", privilege())
    answer = admin.delete(f"{SELECTORS}/team")
    assert message_of(answer, 400) == "Content selector team is in use and cannot be deleted"
    assert admin.get(f"{SELECTORS}/team").status_code == 200
    assert admin.delete(f"{PRIVILEGES}/made").status_code == 204
    assert admin.delete(f"{SELECTORS}/team").status_code == 204


def test_a_privilege_by_a_selector_is_made_and_changed(admin, selector):
    assert admin.post(f"{PRIVILEGES}/{KIND}", privilege()).status_code == 201
    expected = {**privilege(), "type": KIND, "readOnly": False}
    assert admin.get(f"{PRIVILEGES}/made").json() == expected
    changed = privilege(repository="*-docker", actions=["ALL"])
    assert admin.put(f"{PRIVILEGES}/{KIND}/made", changed).status_code == 204
    assert admin.get(f"{PRIVILEGES}/made").json() == {**expected, **changed}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"contentSelector": "none"}, "Invalid selector 'none' supplied."),
        ({"contentSelector": "TEAM"}, "Invalid selector 'TEAM' supplied."),
        ({"contentSelector": "*"}, "Invalid selector '*' supplied."),
        ({"repository": "none"}, "Invalid repository 'none' supplied."),
        ({"repository": "*-paper"}, "Invalid repository '*-paper' supplied."),
        ({"format": "paper"}, "Invalid format 'paper' supplied."),
        (
            {"actions": ["RUN", "READ"]},
            f"Privilege of type '{KIND}' cannot use action(s) of type 'RUN'.",
        ),
    ],
)
def test_what_a_privilege_by_a_selector_cannot_be_is_refused(admin, selector, changes, message):
    assert message_of(admin.post(f"{PRIVILEGES}/{KIND}", privilege(**changes)), 400) == message
    assert admin.get(f"{PRIVILEGES}/made").status_code == 404


@pytest.mark.parametrize("name", ["deploy", "a.b_c-1"])
def test_a_privilege_may_be_about_a_script(admin, name):
    sent = {"name": "made", "scriptName": name, "actions": ["RUN", "READ"]}
    assert admin.post(f"{PRIVILEGES}/script", sent).status_code == 201
    found = admin.get(f"{PRIVILEGES}/made").json()
    assert (found["scriptName"], found["actions"]) == (name, ["RUN", "READ"])


def test_a_repository_is_listed_for_whoever_may_browse_a_part_of_it(admin, stranger, hosted):
    hosted("images")
    hosted("others", docker__httpPort=5001)
    assert stranger.get("repositories").json() == []
    grant_by_selector("stranger", 'path =^ "/v2/team/"', "browse", repository="images")
    assert [each["name"] for each in stranger.get("repositories").json()] == ["images"]
    assert stranger.get("repositories/images").status_code == 200
    hidden, unknown = (stranger.get(f"repositories/{name}") for name in ("others", "unknown"))
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.content.replace(b"others", b"unknown") == unknown.content
    assert stranger.get("repositories/docker/hosted/images").status_code == 404
