"""`/service/rest/v1/security/roles`, as clients of Nexus use it."""

from __future__ import annotations

import pytest

from .conftest import errors_of, message_of
from .security_bodies import ROLES, USERS, changed_user, role_body

ON_BOTH_DATABASES = True


def ids(answer) -> list[str]:
    return [role["id"] for role in answer.json()]


def test_a_new_role_comes_back(admin):
    expected = {**role_body("reader", roles=["nx-anonymous"]), "source": "default"}
    expected["readOnly"] = False
    answer = admin.post(ROLES, role_body("reader", roles=["nx-anonymous"]))
    assert (answer.status_code, answer.json()) == (200, expected)
    assert admin.get(f"{ROLES}/reader").json() == expected
    assert admin.get(f"{ROLES}/reader?source=default").json() == expected
    assert ids(admin.get(ROLES)) == ["nx-admin", "nx-anonymous", "reader"]


def test_a_role_needs_neither_description_nor_content(admin):
    answer = admin.post(ROLES, {"id": "empty", "name": "Empty", "unknown": 1})
    assert answer.status_code == 200
    found = admin.get(f"{ROLES}/empty").json()
    assert (found["description"], found["privileges"], found["roles"]) == ("", [], [])


def test_a_role_may_have_the_name_of_a_group(admin):
    group = "CN=Builders (all)/x,OU=Gruppen ü"
    assert admin.post(ROLES, role_body(group)).status_code == 200
    path = f"{ROLES}/CN=Builders%20(all)/x,OU=Gruppen%20%C3%BC"
    assert admin.get(path).json()["id"] == group
    assert admin.delete(path).status_code == 204


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"id": ""}, "id", "must not be empty"),
        ({"id": None}, "id", "must not be null"),
        ({"name": " "}, "name", "must not be empty"),
        ({"id": "x" * 201}, "id", "must not be longer than 200 characters"),
    ],
)
def test_what_is_wrong_with_a_role_is_said(admin, changes, field, message):
    assert errors_of(admin.post(ROLES, role_body("reader", **changes))) == {field: message}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"privileges": ["gone"]}, "Privilege 'gone' contained in role 'spare' not found."),
        (
            {"privileges": ["nx-repository-view-docker-none-read"]},
            "Privilege 'nx-repository-view-docker-none-read' contained in role 'spare' not found.",
        ),
        ({"roles": ["gone"]}, "Role 'gone' contained in role 'spare' not found."),
        (
            {"roles": ["spare"]},
            "Role 'spare' cannot contain itself either directly or indirectly through child roles.",
        ),
    ],
)
@pytest.mark.parametrize("exists", [False, True])
def test_a_role_holds_what_there_is_and_not_itself(admin, changes, message, exists):
    if exists:
        admin.post(ROLES, role_body())
        answer = admin.put(f"{ROLES}/spare", role_body(**changes))
    else:
        answer = admin.post(ROLES, role_body(**changes))
    assert message_of(answer, 400) == message


def test_a_cycle_through_others_is_refused(admin):
    admin.post(ROLES, role_body("a"))
    admin.post(ROLES, role_body("b", roles=["a"]))
    admin.post(ROLES, role_body("c", roles=["b"]))
    answer = admin.put(f"{ROLES}/a", role_body("a", roles=["c"]))
    assert message_of(answer, 400) == (
        "Role 'a' cannot contain itself either directly or indirectly through child roles."
    )
    assert admin.get(f"{ROLES}/a").json()["roles"] == []


def test_an_id_is_used_once(admin):
    admin.post(ROLES, role_body())
    for role_id in ("spare", "nx-admin"):
        answer = admin.post(ROLES, role_body(role_id))
        assert message_of(answer, 400) == (f"Role '{role_id}' already exists, use a unique roleId.")


@pytest.mark.parametrize("role_id", ["nx-admin", "nx-anonymous"])
def test_the_built_in_ones_stay_as_they_are(admin, role_id):
    internal = f"Role '{role_id}' is internal and cannot be modified or deleted."
    answer = admin.put(f"{ROLES}/{role_id}", role_body(role_id))
    assert message_of(answer, 400) == internal
    assert message_of(admin.delete(f"{ROLES}/{role_id}"), 400) == internal
    assert admin.get(f"{ROLES}/{role_id}").json()["readOnly"] is True


def test_what_is_not_there_is_not_found(admin):
    for answer in (
        admin.get(f"{ROLES}/none"),
        admin.put(f"{ROLES}/none", role_body("none")),
        admin.delete(f"{ROLES}/none"),
    ):
        assert message_of(answer, 404) == "Role 'none' not found."
    assert message_of(admin.get(f"{ROLES}?source=x"), 400) == "Source 'x' not found."
    answer = admin.put(f"{ROLES}/b", role_body("a"))
    assert message_of(answer, 409) == (
        "The Role id 'a' does not match the id used in the path 'b'."
    )


def test_a_deleted_role_is_gone_from_users_and_roles(admin, stranger):
    admin.post(ROLES, role_body("reader", privileges=["nx-users-read"]))
    admin.post(ROLES, role_body("outer", roles=["reader", "nx-anonymous"]))
    body = changed_user("stranger", roles=["reader", "outer"])
    assert admin.put(f"{USERS}/stranger", body).status_code == 204
    assert stranger.get(USERS).status_code == 200
    assert admin.delete(f"{ROLES}/reader").status_code == 204
    assert stranger.get(USERS).status_code == 403
    assert admin.get(f"{ROLES}/outer").json()["roles"] == ["nx-anonymous"]
    assert admin.get(f"{USERS}?userId=stranger").json()[0]["roles"] == ["outer"]


def test_a_changed_role_counts_at_once(admin, stranger):
    admin.post(ROLES, role_body("reader", privileges=["nx-users-read"]))
    admin.put(f"{USERS}/stranger", changed_user("stranger", roles=["reader"]))
    assert stranger.get(USERS).status_code == 200
    admin.put(f"{ROLES}/reader", role_body("reader", privileges=["nx-roles-read"]))
    assert stranger.get(USERS).status_code == 403
    assert stranger.get(ROLES).status_code == 200
