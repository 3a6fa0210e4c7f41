"""Realms and anonymous access through REST."""

from __future__ import annotations

import pytest

from tests.support.registry import ANONYMOUS, basic

from .conftest import errors_of
from .security_bodies import ANONYMOUS_SETTING

ON_BOTH_DATABASES = True

ACTIVE = "security/realms/active"
SETTING = "security/anonymous"
LOCAL = "NexusAuthenticatingRealm"


def test_the_realms_that_there_are(admin):
    assert admin.get("security/realms/available").json() == [
        {"id": "DockerToken", "name": "Docker Bearer Token Realm"},
        {"id": LOCAL, "name": "Local Authenticating Realm"},
    ]


def test_the_active_realms_are_replaced_in_their_order(admin):
    assert admin.get(ACTIVE).json() == [LOCAL, "DockerToken"]
    for wanted in (["DockerToken", LOCAL], [LOCAL]):
        assert admin.put(ACTIVE, wanted).status_code == 204
        assert admin.get(ACTIVE).json() == wanted
    assert admin.put(ACTIVE, [LOCAL, LOCAL]).status_code == 204
    assert admin.get(ACTIVE).json() == [LOCAL]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ([], "must not be empty"),
        ([LOCAL, "Paper", "Stone"], "Unknown realmIds: [Paper, Stone]"),
        ([LOCAL, "NexusAuthorizingRealm"], "Unknown realmIds: [NexusAuthorizingRealm]"),
    ],
)
def test_what_are_no_realms_is_refused(admin, wanted, message):
    assert errors_of(admin.put(ACTIVE, wanted)) == {"*": message}
    assert admin.get(ACTIVE).json() == [LOCAL, "DockerToken"]


@pytest.mark.parametrize("wanted", [{}, {"a": 1}, "text", None, [None], [["a"]], 5])
def test_what_is_no_list_of_texts_is_refused(admin, wanted):
    answer = admin.send("PUT", ACTIVE, wanted, content_type="application/json")
    assert answer.status_code == 400
    assert admin.get(ACTIVE).json() == [LOCAL, "DockerToken"]


def test_leaving_out_the_local_realm_has_to_be_acknowledged(admin):
    answer = admin.put(ACTIVE, ["DockerToken"])
    assert "acknowledgeLockout" in errors_of(answer)["*"]
    assert admin.get(ACTIVE).status_code == 200
    assert admin.put(f"{ACTIVE}?acknowledgeLockout=true", ["DockerToken"]).status_code == 204
    assert admin.get(ACTIVE).status_code == 401


def test_the_setting_of_anonymous_access_is_echoed(admin):
    assert admin.get(SETTING).json() == {
        "enabled": False,
        "userId": "anonymous",
        "realmName": "NexusAuthorizingRealm",
    }
    answer = admin.put(SETTING, ANONYMOUS_SETTING)
    assert (answer.status_code, answer.json()) == (200, ANONYMOUS_SETTING)
    assert admin.get(SETTING).json() == ANONYMOUS_SETTING


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"realmName": "Paper"}, {"realmName": "Realm does not exist"}),
        ({"userId": "nobody"}, {"userId": "User does not exist"}),
        ({"userId": ""}, {"userId": "must not be empty"}),
        ({"realmName": None}, {"realmName": "must not be null"}),
        ({"enabled": "perhaps"}, {"enabled": "Must be a valid boolean."}),
    ],
)
def test_what_anonymous_access_cannot_stand_on_is_refused(admin, changes, errors):
    assert errors_of(admin.put(SETTING, {**ANONYMOUS_SETTING, **changes})) == errors
    assert admin.get(SETTING).json()["enabled"] is False


def test_with_anonymous_access_everybody_is_known(admin, anonymous, hosted):
    hosted("images", docker__forceBasicAuth=False).push_image("app", "v1")
    assert anonymous.get("repositories").status_code == 401
    assert admin.put(SETTING, {**ANONYMOUS_SETTING, "userId": "admin"}).status_code == 200
    assert [each["name"] for each in anonymous.get("repositories").json()] == ["images"]
    admin.put(SETTING, ANONYMOUS_SETTING)
    assert anonymous.get("repositories").json() == []
    assert anonymous.get(SETTING).status_code == 403
    admin.put(SETTING, {**ANONYMOUS_SETTING, "enabled": False})
    assert anonymous.get("repositories").status_code == 401


def test_an_administrator_of_settings_sees_and_sets_them(admin, stranger):
    role = {"id": "officer", "name": "Officer", "privileges": ["nx-settings-read"]}
    admin.post("security/roles", role)
    body = {
        "userId": "stranger",
        "firstName": "A",
        "lastName": "B",
        "emailAddress": "a@example.org",
        "source": "default",
        "status": "active",
        "roles": ["officer"],
    }
    assert admin.put("security/users/stranger", body).status_code == 204
    assert stranger.get(SETTING).status_code == 200
    assert stranger.put(SETTING, ANONYMOUS_SETTING).status_code == 403
    role["privileges"] = ["nx-settings-update"]
    assert admin.put("security/roles/officer", role).status_code == 204
    assert stranger.put(SETTING, ANONYMOUS_SETTING).status_code == 200
    assert stranger.put(ACTIVE, [LOCAL]).status_code == 204


def test_from_a_role_to_a_pull_and_back(admin, hosted):
    images = hosted("images", docker__forceBasicAuth=False)
    actions = ("browse", "read", "add", "edit")
    names = [f"nx-repository-view-docker-images-{action}" for action in actions]
    role = {"id": "docker", "name": "Docker", "privileges": names, "roles": []}
    assert admin.post("security/roles", role).status_code == 200
    user = {
        "userId": "developer",
        "firstName": "A",
        "lastName": "Developer",
        "emailAddress": "developer@example.org",
        "password": "stranger-password",
        "status": "active",
        "roles": ["docker"],
    }
    assert admin.post("security/users", user).status_code == 200
    developer = images.as_(basic("developer", "stranger-password"))
    with_token = developer.with_token("repository:app:pull,push")
    pushed = with_token.push_image("app", "v1")
    assert developer.get("app/manifests/v1").expect(200).body == pushed.content
    developer.delete("app/manifests/v1").expect(403, "DENIED")
    images.as_(ANONYMOUS).get("app/manifests/v1").expect(401)
    assert admin.put("security/roles/docker", {**role, "privileges": []}).status_code == 204
    developer.get("app/manifests/v1").expect(403, "DENIED")
    answer = with_token.get("app/manifests/v1").expect(401)
    assert 'error="insufficient_scope"' in (answer.header("WWW-Authenticate") or "")


def test_the_realm_of_anonymous_access_has_to_know_the_user(admin, anonymous, hosted):
    hosted("images")

    def names_seen(realm: str) -> list[str]:
        setting = {"enabled": True, "userId": "admin", "realmName": realm}
        assert admin.put(SETTING, setting).json() == setting
        return [each["name"] for each in anonymous.get("repositories").json()]

    assert names_seen("NexusAuthorizingRealm") == ["images"]
    assert names_seen("DockerToken") == []
    assert names_seen(LOCAL) == ["images"]
    # One that is not active says nothing about its users; the authorizing one always does.
    admin.put(f"{ACTIVE}?acknowledgeLockout=true", ["DockerToken"])
    assert anonymous.get("repositories").json() == []
    assert anonymous.put(ACTIVE, [LOCAL]).status_code == 403


def test_local_rights_stay_where_the_local_realm_is_off(admin, anonymous, hosted):
    hosted("images")
    admin.put(SETTING, {**ANONYMOUS_SETTING, "userId": "admin"})
    admin.put(f"{ACTIVE}?acknowledgeLockout=true", ["DockerToken"])
    assert [each["name"] for each in anonymous.get("repositories").json()] == ["images"]
