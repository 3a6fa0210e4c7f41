"""Users, roles, privileges, anonymous access and realms by their pages."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.actions import repository_privileges
from accounts.directory import security_settings
from accounts.models import ContentSelector, Privilege, Role, User, UserRole
from nexuslite import stamps
from tests.support.accounts import grant

SECURITY = "/admin/security/"
USERS, ROLES, PRIVILEGES = f"{SECURITY}users/", f"{SECURITY}roles/", f"{SECURITY}privileges/"
ANONYMOUS, REALMS = f"{SECURITY}anonymous/", f"{SECURITY}realms/"
SELECTORS = "/admin/repository/content-selectors/"
PAGES = [
    USERS,
    f"{USERS}-/create/",
    f"{USERS}admin/",
    f"{USERS}admin/-/delete/",
    f"{USERS}admin/-/password/",
    ROLES,
    f"{ROLES}-/create/",
    f"{ROLES}nx-admin/",
    f"{ROLES}nx-admin/-/delete/",
    PRIVILEGES,
    f"{PRIVILEGES}-/create/application/",
    f"{PRIVILEGES}nx-all/",
    f"{PRIVILEGES}nx-all/-/delete/",
    ANONYMOUS,
    REALMS,
    SELECTORS,
    f"{SELECTORS}-/create/",
]
NEW_USER = {
    "user_id": "mina",
    "first_name": "Mina",
    "last_name": "Murray",
    "email": "mina@example.com",
    "password": "s3cret",
    "confirmation": "s3cret",
    "status": "active",
    "roles": ["nx-anonymous"],
}
NEW_ROLE = {
    "role_id": "pullers",
    "name": "Pullers",
    "description": "May pull",
    "privileges": ["nx-repository-view-*-*-read"],
    "roles": ["nx-anonymous"],
}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_for_the_administrator_alone(admin, nobody, path):
    assert admin.get(path).status_code == 200
    assert nobody.get(path).status_code == 403
    assert Client().get(path).status_code == 302


@pytest.mark.parametrize("path", [USERS, ROLES, PRIVILEGES, ANONYMOUS, REALMS])
def test_the_sidebar_leads_only_where_one_may_go(admin, nobody, path):
    assert f'href="{path}"' in admin.get("/").text
    assert f'href="{path}"' not in nobody.get("/").text


def test_a_user_is_made_and_signs_in(admin):
    answer = admin.post(f"{USERS}-/create/", NEW_USER)
    assert (answer.status_code, answer["Location"]) == (302, USERS)
    assert "User mina was created." in admin.get(USERS).text
    assert "mina@example.com" in admin.get(USERS).text
    browser = Client()
    signed_in = browser.post("/sign-in/", {"username": "mina", "password": "s3cret"})
    assert signed_in.status_code == 302


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"user_id": ""}, "This field is required."),
        ({"user_id": "admin"}, "already exists"),
        ({"email": "nowhere"}, "Must be a well-formed email address."),
        ({"confirmation": "other"}, "The two passwords are not the same."),
        ({"roles": []}, "This field is required."),
        ({"roles": ["no-such-role"]}, "Select a valid choice"),
        ({"user_id": "a:b"}, "Must not contain a colon."),
        ({"password": "x" * 4097, "confirmation": "x" * 4097}, "at most 4096 characters"),
    ],
)
def test_a_user_that_cannot_be_made_is_told_why_and_what_was_typed_stays(admin, changed, message):
    answer = admin.post(f"{USERS}-/create/", {**NEW_USER, "first_name": "Kept", **changed})
    assert answer.status_code == 422
    assert message in answer.text
    assert 'value="Kept"' in answer.text
    assert 'value="s3cret"' not in answer.text
    assert not User.objects.filter(user_id__in=("mina", "a:b")).exists()


def test_a_user_is_changed_and_the_id_is_not(admin, nobody):
    values = {**NEW_USER, "user_id": "other", "status": "disabled"}
    assert admin.post(f"{USERS}nobody/", values).status_code == 302
    user = User.objects.get(user_id="nobody")
    assert (user.first_name, user.status) == ("Mina", "disabled")
    assert nobody.get("/account/").status_code == 302


def test_a_password_is_set_by_the_administrator(admin, nobody):
    values = {"password": "another", "confirmation": "another"}
    assert admin.post(f"{USERS}nobody/-/password/", values).status_code == 302
    assert nobody.get("/account/").status_code == 302
    browser = Client()
    signed_in = browser.post("/sign-in/", {"username": "nobody", "password": "another"})
    assert signed_in.status_code == 302


def test_a_user_is_deleted_after_a_question(admin, nobody):
    question = admin.get(f"{USERS}nobody/-/delete/")
    assert "Delete user nobody?" in question.text
    assert User.objects.filter(user_id="nobody").exists()
    assert admin.post(f"{USERS}nobody/-/delete/", {"confirmed": "yes"}).status_code == 302
    assert not User.objects.filter(user_id="nobody").exists()


def test_the_question_is_a_dialog_where_a_dialog_was_asked_for(admin, nobody):
    fragment = admin.get(f"{USERS}nobody/-/delete/", headers={"HX-Request": "true"}).text
    assert fragment.startswith("<dialog") or "<dialog" in fragment[:200]
    assert "<html" not in fragment


def test_nobody_deletes_oneself(admin):
    answer = admin.post(f"{USERS}admin/-/delete/", {"confirmed": "yes"})
    assert answer.status_code == 422
    assert "Can not delete currently signed in user" in answer.text


def test_a_role_is_made_changed_and_deleted(admin, nobody):
    assert admin.post(f"{ROLES}-/create/", NEW_ROLE).status_code == 302
    made = Role.objects.get(role_id="pullers")
    assert made.privileges == ["nx-repository-view-*-*-read"]
    assert made.roles == ["nx-anonymous"]
    changed = {**NEW_ROLE, "name": "Readers", "privileges": [], "roles": []}
    assert admin.post(f"{ROLES}pullers/", changed).status_code == 302
    made.refresh_from_db()
    assert (made.name, made.privileges) == ("Readers", [])
    with stamps.change(stamps.SECURITY):
        UserRole.objects.create(user_id="nobody", role_id="pullers")
    assert "nobody" in admin.get(f"{ROLES}pullers/").text
    assert "1 user loses it at once." in admin.get(f"{ROLES}pullers/-/delete/").text
    assert admin.post(f"{ROLES}pullers/-/delete/", {"confirmed": "yes"}).status_code == 302
    assert not Role.objects.filter(role_id="pullers").exists()


def test_a_role_that_contains_itself_is_refused_with_the_reason(admin):
    admin.post(f"{ROLES}-/create/", NEW_ROLE)
    admin.post(f"{ROLES}-/create/", {**NEW_ROLE, "role_id": "outer", "roles": ["pullers"]})
    answer = admin.post(f"{ROLES}pullers/", {**NEW_ROLE, "roles": ["outer"]})
    assert answer.status_code == 422
    assert "cannot contain itself" in answer.text


def test_what_is_built_in_is_shown_and_not_changed(admin):
    page = admin.get(f"{ROLES}nx-admin/").text
    assert "This role is built in." in page
    assert "Delete role" not in page
    answer = admin.post(f"{ROLES}nx-admin/", NEW_ROLE)
    assert answer.status_code == 422
    assert "is internal and cannot be modified" in answer.text
    assert "This privilege is built in." in admin.get(f"{PRIVILEGES}nx-all/").text


def test_whoever_may_only_look_at_roles_changes_nothing(admin, nobody):
    admin.post(f"{ROLES}-/create/", NEW_ROLE)
    grant("nobody", "nx-roles-read")
    page = nobody.get(f"{ROLES}pullers/").text
    assert "You may look at roles, not change them." in page
    assert "Create Role" not in nobody.get(ROLES).text
    assert nobody.post(f"{ROLES}pullers/", NEW_ROLE).status_code == 403
    assert nobody.post(f"{ROLES}pullers/-/delete/").status_code == 403


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("application", {"domain": "users", "actions": ["READ", "ADD"]}),
        ("wildcard", {"pattern": "nexus:metrics:read"}),
        ("repository-view", {"format": "docker", "repository": "*", "actions": ["READ"]}),
        ("repository-admin", {"format": "docker", "repository": "*", "actions": ["ALL"]}),
        ("script", {"script_name": "*", "actions": ["RUN"]}),
    ],
)
def test_a_privilege_of_each_type_is_made_and_changed(admin, kind, fields):
    values = {"name": "mine", "description": "first", **fields}
    assert admin.post(f"{PRIVILEGES}-/create/{kind}/", values).status_code == 302
    assert Privilege.objects.get(name="mine").type == kind
    changed = {**values, "description": "second"}
    assert admin.post(f"{PRIVILEGES}mine/", changed).status_code == 302
    assert Privilege.objects.get(name="mine").description == "second"
    assert admin.post(f"{PRIVILEGES}mine/-/delete/", {"confirmed": "yes"}).status_code == 302
    assert not Privilege.objects.exists()


def test_a_privilege_for_a_repository_that_is_not_there_is_refused(admin):
    values = {"name": "mine", "format": "docker", "repository": "nowhere", "actions": ["READ"]}
    answer = admin.post(f"{PRIVILEGES}-/create/repository-view/", values)
    assert answer.status_code == 422
    assert "Invalid repository" in answer.text


def test_anonymous_access_says_what_it_means_before_and_after(admin, make_user):
    make_user("anonymous", "x")
    with stamps.change(stamps.SECURITY):
        repository_privileges.add("docker", "docker-hosted")
    page = admin.get(ANONYMOUS).text
    assert "Switched on, without signing in" in page
    assert "docker-hosted" in page
    values = {"enabled": "on", "user_id": "anonymous", "realm_name": "NexusAuthorizingRealm"}
    assert admin.post(ANONYMOUS, values).status_code == 302
    assert security_settings().anonymous_enabled
    assert "Right now, without signing in" in admin.get(ANONYMOUS).text


def test_realms_keep_the_order_they_are_given_in(admin):
    wanted = ["DockerToken", "NexusAuthenticatingRealm"]
    assert admin.post(REALMS, {"active": wanted}).status_code == 302
    assert list(security_settings().active_realms) == wanted
    page = admin.get(REALMS).text
    assert page.index('value="DockerToken" selected') < page.index(
        'value="NexusAuthenticatingRealm" selected'
    )


def test_local_users_are_locked_out_only_with_an_acknowledgement(admin):
    answer = admin.post(REALMS, {"active": ["DockerToken"]})
    assert answer.status_code == 422
    assert "no local user can sign in" in answer.text
    acknowledged = {"active": ["DockerToken"], "acknowledgement": "I acknowledge"}
    assert admin.post(REALMS, acknowledged).status_code == 302
    assert list(security_settings().active_realms) == ["DockerToken"]


def test_one_changes_the_own_password_with_the_current_one(nobody):
    values = {"current": "wrong", "password": "n3w", "confirmation": "n3w"}
    refused = nobody.post("/account/", values)
    assert refused.status_code == 422
    assert "That is not your current password." in refused.text
    answer = nobody.post("/account/", {**values, "current": "secret"})
    assert answer["Location"] == "/sign-in/"
    assert Client().post("/sign-in/", {"username": "nobody", "password": "n3w"}).status_code == 302


def test_the_filter_answers_rows_alone(admin):
    rows = admin.get(f"{ROLES}?q=anonymous", headers={"HX-Request": "true"}).text
    assert "nx-anonymous" in rows
    assert "nx-admin" not in rows
    assert "<html" not in rows
    assert "Nothing matches" in admin.get(f"{ROLES}?q=no+such").text


def test_hostile_names_are_only_text(admin):
    hostile = '"><script>alert(1)</script>'
    admin.post(f"{ROLES}-/create/", {**NEW_ROLE, "name": hostile, "description": hostile})
    for path in (ROLES, f"{ROLES}pullers/", f"{ROLES}pullers/-/delete/", f"{USERS}-/create/"):
        page = admin.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


def test_a_selector_is_made_tried_changed_and_deleted(admin):
    values = {
        "name": "team",
        "description": "The team's images",
        "expression": 'format == "docker" and path =^ "/v2/team/"',
    }
    assert admin.post(f"{SELECTORS}-/create/", values).status_code == 302
    assert "The team&#x27;s images" in admin.get(SELECTORS).text
    tried = {**values, "path": "/v2/team/app/manifests/1"}
    assert "Selected" in admin.post(f"{SELECTORS}-/try/", tried).text
    other = {**tried, "path": "/v2/other/manifests/1"}
    assert "Not selected" in admin.post(f"{SELECTORS}-/try/", other).text
    changed = {**values, "expression": 'path == "/v2/"'}
    assert admin.post(f"{SELECTORS}team/", changed).status_code == 302
    assert ContentSelector.objects.get().expression == 'path == "/v2/"'
    assert admin.post(f"{SELECTORS}team/-/delete/", {"confirmed": "yes"}).status_code == 302
    assert not ContentSelector.objects.exists()


def test_an_expression_that_is_none_is_refused_beside_its_field(admin):
    values = {"name": "team", "expression": "path =~"}
    answer = admin.post(f"{SELECTORS}-/create/", values)
    assert answer.status_code == 422
    assert 'id="id_expression_error"' in answer.text
    assert admin.post(f"{SELECTORS}-/try/", values).text.count("nl-error") == 1


def test_a_selector_in_use_is_not_deleted(admin):
    selector = {"name": "team", "expression": 'path == "/v2/"'}
    admin.post(f"{SELECTORS}-/create/", selector)
    privilege = {
        "name": "by-selector",
        "format": "docker",
        "repository": "*",
        "content_selector": "team",
        "actions": ["READ"],
    }
    made = admin.post(f"{PRIVILEGES}-/create/repository-content-selector/", privilege)
    assert made.status_code == 302
    answer = admin.post(f"{SELECTORS}team/-/delete/", {"confirmed": "yes"})
    assert answer.status_code == 422
    assert "in use and cannot be deleted" in answer.text
