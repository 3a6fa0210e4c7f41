"""`/service/rest/v1/security/users`, as clients of Nexus use it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support.registry import ANONYMOUS, basic

from .conftest import Rest, errors_of, message_of
from .security_bodies import ANONYMOUS_SETTING, USERS, changed_user, role_body, user_body

ON_BOTH_DATABASES = True

ALICE = basic("alice", "alice-password")


@pytest.fixture
def alice(admin) -> Rest:
    """A user that REST has made, with the right to everything."""
    answer = admin.post(USERS, user_body("alice", roles=["nx-admin"]))
    assert answer.status_code == 200, answer.content
    return Rest(ALICE)


def test_a_new_user_comes_back_and_signs_in(admin, alice):
    expected = {
        "userId": "bob",
        "firstName": "A",
        "lastName": "User",
        "emailAddress": "user@example.org",
        "source": "default",
        "status": "active",
        "readOnly": False,
        "roles": ["nx-anonymous"],
        "externalRoles": [],
    }
    answer = admin.post(USERS, user_body("bob"))
    assert (answer.status_code, answer.json()) == (200, expected)
    assert admin.get(f"{USERS}?userId=bob").json() == [expected]
    assert alice.get(USERS).status_code == 200
    assert Rest(basic("bob", "bob-password")).get(USERS).status_code == 403


def test_users_are_found_by_the_beginning_of_their_id(admin, alice):
    assert [user["userId"] for user in admin.get(f"{USERS}?userId=AL").json()] == ["alice"]
    assert [user["userId"] for user in admin.get(USERS).json()] == ["admin", "alice", "stranger"]
    assert admin.get(f"{USERS}?userId=nobody&source=default").json() == []
    assert admin.get(f"{USERS}?userId=%00").json() == []
    assert message_of(admin.get(f"{USERS}?source=LDAP"), 404) == "Unable to locate source: LDAP"


def test_the_number_of_queries_does_not_grow_with_the_users(admin, alice):
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert admin.get(USERS).status_code == 200
        return len(captured)

    admin.get(USERS)
    before = cost()
    for number in range(5):
        admin.post(USERS, user_body(f"user-{number}"))
    admin.get("repositories")
    cost()
    assert cost() == before


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"userId": ""}, "userId", "must not be empty"),
        ({"userId": " "}, "userId", "must not be empty"),
        ({"userId": "a:b"}, "userId", "must not contain a colon"),
        ({"userId": "x" * 201}, "userId", "must not be longer than 200 characters"),
        ({"firstName": None}, "firstName", "must not be null"),
        ({"lastName": ""}, "lastName", "must not be empty"),
        ({"emailAddress": "nobody"}, "emailAddress", "must be a well-formed email address"),
        ({"roles": []}, "roles", "must not be empty"),
        ({"roles": ["gone"]}, "roles", "Unable to locate roleId: gone"),
        (
            {"status": "asleep"},
            "status",
            "must be one of active, locked, disabled, changepassword",
        ),
    ],
)
def test_what_is_wrong_with_a_user_is_said(admin, changes, field, message):
    answer = admin.post(USERS, user_body("bob", **changes))
    assert errors_of(answer) == {field: message}
    assert len(admin.get(USERS).json()) == 2


@pytest.mark.parametrize("password", ["", None])
def test_a_user_needs_a_password(admin, password):
    answer = admin.post(USERS, user_body("bob", password=password))
    assert message_of(answer, 400) == "Password must be supplied."


def test_an_id_is_used_once(admin, alice):
    answer = admin.post(USERS, user_body("alice"))
    assert message_of(answer, 400) == "User 'alice' already exists."
    assert alice.get(USERS).status_code == 200


def test_a_changed_user(admin, alice):
    admin.post("security/roles", role_body("reader"))
    body = changed_user("alice", firstName="Alice", roles=["reader", "nx-anonymous", "reader"])
    assert admin.put(f"{USERS}/alice", body).status_code == 204
    found = admin.get(f"{USERS}?userId=alice").json()[0]
    assert (found["firstName"], found["roles"]) == ("Alice", ["reader", "nx-anonymous"])
    # The role that was taken away counts no more.
    assert alice.get(USERS).status_code == 403


def test_a_change_that_does_not_fit_is_refused(admin, alice):
    answer = admin.put(f"{USERS}/alice", changed_user("bob"))
    assert message_of(answer, 400) == "The path's userId does not match the body"
    answer = admin.put(f"{USERS}/alice", changed_user("alice", source="LDAP"))
    assert message_of(answer, 404) == "Unable to locate source: LDAP"
    answer = admin.put(f"{USERS}/nobody", changed_user("nobody"))
    assert message_of(answer, 404) == "User 'nobody' not found."
    answer = admin.put(f"{USERS}/alice", changed_user("alice", roles=["gone"]))
    assert errors_of(answer) == {"roles": "Unable to locate roleId: gone"}


@pytest.mark.parametrize("status", ["disabled", "locked"])
def test_a_locked_out_user_and_all_tokens_end_at_once(admin, alice, hosted, status):
    images = hosted("images", docker__forceBasicAuth=False)
    pushed = images.as_(ALICE).with_token("repository:app:pull,push")
    pushed.push_image("app", "v1")
    assert admin.put(f"{USERS}/alice", changed_user("alice", status=status)).status_code == 204
    assert alice.get(USERS).status_code == 401
    pushed.get("app/manifests/v1").expect(401)
    images.as_(ALICE).get("app/manifests/v1").expect(401)
    # A token of before the lock does not come back to life with its user.
    body = changed_user("alice", roles=["nx-admin"])
    assert admin.put(f"{USERS}/alice", body).status_code == 204
    assert alice.get(USERS).status_code == 200
    pushed.get("app/manifests/v1").expect(401)


def test_a_deleted_user_and_all_tokens_end_at_once(admin, alice, hosted):
    images = hosted("images", docker__forceBasicAuth=False)
    pusher = images.as_(ALICE).with_token("repository:app:pull,push")
    pusher.push_image("app", "v1")
    assert admin.delete(f"{USERS}/alice").status_code == 204
    assert alice.get(USERS).status_code == 401
    pusher.get("app/manifests/v1").expect(401)
    # A later user of the same name inherits nothing.
    admin.post(USERS, user_body("alice"))
    assert admin.get(f"{USERS}?userId=alice").json()[0]["roles"] == ["nx-anonymous"]


def test_tokens_of_a_deleted_user_are_none_of_a_later_one_with_the_same_id(admin, alice, hosted):
    # fault 26
    images = hosted("images", docker__forceBasicAuth=False)
    before = images.as_(ALICE).with_token("repository:app:pull")
    assert admin.delete(f"{USERS}/alice").status_code == 204
    assert admin.post(USERS, user_body("alice", roles=["nx-admin"])).status_code == 200
    before.get("app/manifests/v1").expect(401)


def test_nobody_deletes_oneself_or_the_user_that_is_needed(admin, alice):
    assert message_of(alice.delete(f"{USERS}/alice"), 400) == (
        "Can not delete currently signed in user"
    )
    assert message_of(admin.delete(f"{USERS}/nobody"), 404) == "User 'nobody' not found."
    answer = admin.delete(f"{USERS}/alice?realm=LdapRealm")
    assert message_of(answer, 400) == "Non-local user cannot be deleted."
    assert admin.put("security/anonymous", ANONYMOUS_SETTING).status_code == 200
    answer = admin.delete(f"{USERS}/stranger")
    assert message_of(answer, 400) == "Can not delete anonymous user"
    admin.put("security/anonymous", {**ANONYMOUS_SETTING, "enabled": False})
    assert admin.delete(f"{USERS}/stranger").status_code == 204


def test_a_changed_password_ends_what_was_before(admin, alice, hosted):
    images = hosted("images", docker__forceBasicAuth=False)
    puller = images.as_(ALICE).with_token("repository:app:pull")
    puller.get("app/manifests/v1").expect(404)
    assert admin.put(f"{USERS}/alice/change-password", "a new one: ü").status_code == 204
    assert alice.get(USERS).status_code == 401
    puller.get("app/manifests/v1").expect(401)
    images.as_(ANONYMOUS).get("app/manifests/v1").expect(401)
    assert Rest(basic("alice", "a new one: ü")).get(USERS).status_code == 200


def test_a_password_that_cannot_be_is_refused(admin, alice):
    path = f"{USERS}/alice/change-password"
    assert message_of(admin.put(path, ""), 400) == "Password must be supplied."
    assert admin.send("PUT", path, raw=b"\xff", content_type="text/plain").status_code == 400
    assert admin.send("PUT", path, {"password": "x"}).status_code == 415
    answer = admin.put(f"{USERS}/nobody/change-password", "x")
    assert message_of(answer, 404) == "User 'nobody' not found."
    assert alice.get(USERS).status_code == 200


def test_there_is_one_source(admin):
    assert admin.get("security/user-sources").json() == [{"id": "default", "name": "Local"}]
