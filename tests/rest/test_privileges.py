"""`/service/rest/v1/security/privileges`, as clients of Nexus use it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from .conftest import errors_of, hosted_body, message_of
from .security_bodies import PRIVILEGES, ROLES, privilege_body, role_body

ON_BOTH_DATABASES = True

VIEW = {"format": "docker", "repository": "*", "actions": ["READ", "BROWSE"]}
BODIES: dict[str, dict[str, Any]] = {
    "application": {"domain": "tasks", "actions": ["ADD", "EDIT", "READ", "START", "STOP"]},
    "wildcard": {"pattern": "nexus:repository-view:*:*:read"},
    "repository-view": VIEW,
    "repository-admin": {"format": "*", "repository": "*", "actions": ["ALL"]},
    "script": {"scriptName": "*", "actions": ["RUN", "ADD"]},
}
every_type = pytest.mark.parametrize("kind", sorted(BODIES))


def body(kind: str, **changes: Any) -> dict[str, Any]:
    return {"name": "made", "description": "By hand", **BODIES[kind], **changes}


@every_type
def test_a_privilege_of_every_type_is_made_and_changed(admin, kind):
    assert admin.post(f"{PRIVILEGES}/{kind}", body(kind)).status_code == 201
    expected = {**body(kind), "type": kind, "readOnly": False}
    assert admin.get(f"{PRIVILEGES}/made").json() == expected
    changed = body(kind, description=None)
    assert admin.put(f"{PRIVILEGES}/{kind}/made", changed).status_code == 204
    assert admin.get(f"{PRIVILEGES}/made").json() == {**expected, "description": ""}
    assert admin.delete(f"{PRIVILEGES}/made").status_code == 204
    answer = admin.get(f"{PRIVILEGES}/made")
    assert message_of(answer, 404) == "Privilege 'made' not found."


def test_the_list_has_all_kinds(admin, hosted):
    hosted("images")
    admin.post(f"{PRIVILEGES}/wildcard", body("wildcard"))
    found = {each["name"]: each for each in admin.get(PRIVILEGES).json()}
    assert list(found) == sorted(found)
    assert found["nx-all"] == {
        "type": "wildcard",
        "name": "nx-all",
        "description": "All permissions",
        "readOnly": True,
        "pattern": "nexus:*",
    }
    assert found["nx-repository-view-docker-images-*"] == {
        "type": "repository-view",
        "name": "nx-repository-view-docker-images-*",
        "description": "All privileges for images repository views",
        "readOnly": True,
        "format": "docker",
        "repository": "images",
        "actions": ["ALL"],
    }
    assert found["nx-blobstores-create"]["actions"] == ["ADD", "READ"]
    assert "made" in found
    assert "nx-repository-admin-docker-images-add" not in found


def test_the_number_of_queries_does_not_grow(admin, hosted):
    def cost() -> int:
        admin.get("repositories")
        with CaptureQueriesContext(connection) as captured:
            assert admin.get(PRIVILEGES).status_code == 200
        return len(captured)

    cost()
    before = cost()
    for number in range(3):
        hosted(f"images-{number}", docker__httpPort=None)
        admin.post(f"{PRIVILEGES}/wildcard", body("wildcard", name=f"made-{number}"))
    cost()
    assert cost() == before


def test_the_privileges_of_a_repository_come_and_go_with_it(admin, hosted):
    name = "nx-repository-view-docker-images-read"
    assert admin.get(f"{PRIVILEGES}/{name}").status_code == 404
    hosted("images")
    assert admin.get(f"{PRIVILEGES}/{name}").status_code == 200
    admin.post(ROLES, role_body("reader", privileges=["nx-search-read", name]))
    assert admin.delete("repositories/images").status_code == 204
    assert admin.get(f"{PRIVILEGES}/{name}").status_code == 404
    assert admin.get(f"{ROLES}/reader").json()["privileges"] == ["nx-search-read"]
    # A later repository of the name begins with nobody's rights.
    hosted("images")
    assert admin.get(f"{ROLES}/reader").json()["privileges"] == ["nx-search-read"]


def test_a_refused_repository_leaves_no_privileges(admin):
    bad = hosted_body("images", storage__blobStoreName="none")
    assert admin.post("repositories/docker/hosted", bad).status_code == 400
    answer = admin.get(f"{PRIVILEGES}/nx-repository-view-docker-images-read")
    assert answer.status_code == 404


def test_a_deleted_privilege_is_gone_from_roles(admin):
    admin.post(f"{PRIVILEGES}/wildcard", body("wildcard"))
    admin.post(ROLES, role_body("reader", privileges=["made", "nx-search-read"]))
    assert admin.delete(f"{PRIVILEGES}/made").status_code == 204
    assert admin.get(f"{ROLES}/reader").json()["privileges"] == ["nx-search-read"]


@pytest.mark.parametrize(
    ("kind", "changes", "field", "message"),
    [
        ("application", {"name": None}, "name", "must not be null"),
        (
            "application",
            {"name": "_x"},
            "name",
            "Only letters, digits, underscores(_), hyphens(-), and dots(.) are allowed and may not "
            "start with underscore or dot.",
        ),
        ("application", {"domain": ""}, "domain", "must not be empty"),
        ("application", {"actions": []}, "actions", "must not be empty"),
        ("application", {"actions": None}, "actions", "must not be null"),
        ("wildcard", {"pattern": " "}, "pattern", "must not be empty"),
        (
            "wildcard",
            {"pattern": "nexus::read"},
            "pattern",
            "'nexus::read' is not a permission: a part of it is empty",
        ),
        (
            "application",
            {"domain": "a,,b"},
            "domain",
            "'nexus:a,,b:create,update,read,start,stop' is not a permission: a part of it is empty",
        ),
        ("repository-view", {"format": ""}, "format", "must not be empty"),
        ("script", {"scriptName": ""}, "scriptName", "must not be empty"),
    ],
)
def test_what_is_wrong_with_a_privilege_is_said(admin, kind, changes, field, message):
    answer = admin.post(f"{PRIVILEGES}/{kind}", body(kind, **changes))
    assert errors_of(answer) == {field: message}
    assert admin.get(f"{PRIVILEGES}/made").status_code == 404


@pytest.mark.parametrize(
    ("kind", "changes", "message"),
    [
        (
            "application",
            {"actions": ["ADD", "RUN"]},
            "Privilege of type 'application' cannot use action(s) of type 'RUN'.",
        ),
        (
            "repository-view",
            {"actions": ["START", "READ", "ASSOCIATE"]},
            "Privilege of type 'repository-view' cannot use action(s) of type 'ASSOCIATE,START'.",
        ),
        ("repository-view", {"repository": "none"}, "Invalid repository 'none' supplied."),
        ("repository-admin", {"repository": "*-docker"}, "Invalid repository '*-docker' supplied."),
        ("repository-view", {"format": "paper"}, "Invalid format 'paper' supplied."),
        (
            "repository-view",
            {"format": "npm", "repository": "images"},
            "Invalid format 'npm' supplied.",
        ),
        ("script", {"scriptName": "a:b"}, "Invalid script 'a:b' supplied."),
    ],
)
def test_what_a_privilege_cannot_be_about_is_refused(admin, hosted, kind, changes, message):
    hosted("images")
    assert message_of(admin.post(f"{PRIVILEGES}/{kind}", body(kind, **changes)), 400) == message


def test_a_privilege_of_one_repository(admin, hosted):
    hosted("images")
    for kind in ("repository-view", "repository-admin"):
        sent = body(kind, name=kind, repository="images", format="docker")
        assert admin.post(f"{PRIVILEGES}/{kind}", sent).status_code == 201


def test_a_selector_that_there_is_not_is_refused(admin):
    sent = {"name": "made", **VIEW, "contentSelector": "none"}
    answer = admin.post(f"{PRIVILEGES}/repository-content-selector", sent)
    assert message_of(answer, 400) == "Invalid selector 'none' supplied."


@pytest.mark.parametrize("name", ["made", "nx-all", "nx-repository-view-docker-images-read"])
def test_a_name_is_used_once(admin, hosted, name):
    hosted("images")
    admin.post(f"{PRIVILEGES}/wildcard", body("wildcard"))
    answer = admin.post(f"{PRIVILEGES}/application", privilege_body(name))
    assert message_of(answer, 400) == f"Privilege '{name}' already exists, use a unique name."


def test_the_names_of_privileges_of_repositories_to_come_are_kept(admin):
    name = "nx-repository-view-docker-later-read"
    answer = admin.post(f"{PRIVILEGES}/application", privilege_body(name))
    assert message_of(answer, 400).startswith(f"The name '{name}' is kept")


def test_the_built_in_ones_stay_as_they_are(admin, hosted):
    hosted("images")
    for name in ("nx-search-read", "nx-repository-view-docker-images-read"):
        internal = f"Privilege '{name}' is internal and cannot be modified or deleted."
        assert message_of(admin.delete(f"{PRIVILEGES}/{name}"), 400) == internal
        answer = admin.put(f"{PRIVILEGES}/application/{name}", privilege_body(name))
        assert message_of(answer, 400) == internal


def test_a_type_stays_and_a_name_too(admin):
    admin.post(f"{PRIVILEGES}/wildcard", body("wildcard"))
    answer = admin.put(f"{PRIVILEGES}/application/made", privilege_body("made"))
    assert message_of(answer, 404) == "Privilege 'made' not found."
    answer = admin.put(f"{PRIVILEGES}/wildcard/made", body("wildcard", name="other"))
    assert message_of(answer, 409) == (
        "The privilege name 'other' does not match the name used in the path 'made'."
    )
    assert admin.put(f"{PRIVILEGES}/paper/made", body("wildcard")).status_code == 404
    assert admin.post(f"{PRIVILEGES}/made", body("wildcard")).status_code == 405
