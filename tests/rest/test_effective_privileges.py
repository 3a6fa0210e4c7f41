"""`/service/rest/v1/security/effective-privileges`: who can do what."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User, UserRole

from .conftest import errors_of, message_of
from .security_bodies import ROLES, USERS, role_body, user_body

EFFECTIVE = "security/effective-privileges"
PUSH = "nexus:repository-view:docker:images:edit"


@pytest.fixture
def mina(admin, hosted) -> None:
    """A user with a role within a role; `images` is a repository."""
    hosted("images")
    push = "nx-repository-view-docker-images-edit"
    admin.post(ROLES, role_body("child", privileges=[push, "nx-search-read"]))
    admin.post(ROLES, role_body("parent", privileges=["nx-search-read"], roles=["child"]))
    assert admin.post(USERS, user_body("mina", roles=["parent"])).status_code == 200


def test_a_users_privileges_are_told_with_the_roles_they_come_from(mina, admin):
    held = admin.get(f"{EFFECTIVE}?userId=mina").json()
    assert [(each["name"], each["roles"]) for each in held] == [
        ("nx-repository-view-docker-images-edit", ["child"]),
        ("nx-search-read", ["parent", "child"]),
    ]
    assert held[0]["permission"] == PUSH


def test_the_holders_of_a_permission_are_told(mina, admin, set_security):
    assert admin.get(f"{EFFECTIVE}?permission={PUSH}").json() == {
        "permission": PUSH,
        "users": ["admin", "mina"],
        "roles": ["child", "nx-admin", "parent"],
        "anonymous": False,
    }
    User.objects.filter(user_id="mina").update(status="disabled")
    set_security(anonymous_enabled=True, anonymous_user_id="admin")
    answer = admin.get(f"{EFFECTIVE}?permission={PUSH}").json()
    assert (answer["users"], answer["anonymous"]) == (["admin"], True)


def test_it_costs_the_same_for_many_users(mina, admin):
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert admin.get(f"{EFFECTIVE}?permission={PUSH}").status_code == 200
        return len(captured)

    cost()
    before = cost()
    User.objects.bulk_create(User(user_id=f"user{number}") for number in range(50))
    UserRole.objects.bulk_create(
        UserRole(user_id=f"user{number}", role_id="parent") for number in range(50)
    )
    assert cost() == before
    assert len(admin.get(f"{EFFECTIVE}?permission={PUSH}").json()["users"]) == 52


def test_bad_questions_are_told(admin):
    assert message_of(admin.get(f"{EFFECTIVE}?userId=none"), 404) == "User 'none' not found."
    assert list(errors_of(admin.get(EFFECTIVE))) == ["userId"]
    assert list(errors_of(admin.get(f"{EFFECTIVE}?permission=a::b"))) == ["permission"]
