"""What the token endpoint answers to GET and POST."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import tokens
from accounts.actions.change_password import change_own_password
from accounts.docker_tokens import (
    LONGEST_TOKEN,
    TokenRequest,
    answer_token_form,
    answer_token_request,
    grant,
)
from accounts.errors import CredentialsRefused, InvalidTokenRequest, Refusal
from accounts.principals import Principal, ResourceAccess

pytestmark = pytest.mark.usefixtures("docker_tokens")

AUDIENCE = "repository:1"


@dataclass(frozen=True)
class Scope:
    type: str
    name: str
    actions: frozenset[str]


def scope(text: str) -> Scope:
    kind, name, actions = text.split(":")
    return Scope(kind, name, frozenset(actions.split(",")))


def request(*scopes: str, offline: bool = False) -> TokenRequest:
    return TokenRequest(AUDIENCE, tuple(scope(text) for text in scopes), offline)


def pull_only(principal: Principal, asked: Scope) -> set[str]:
    return {"pull"} if asked.type == "repository" else set()


def everything(principal: Principal, asked: Scope) -> set[str]:
    return {"pull", "push", "delete", "*"}


def access_of(answer: dict) -> tuple[ResourceAccess, ...]:
    return tokens.verify(answer["token"], AUDIENCE).access


@pytest.fixture
def alice(make_user):
    return make_user("alice", "secret")


@pytest.fixture
def login(alice, basic) -> str:
    return basic("alice", "secret")


def test_a_login_without_scope_gives_a_token_of_the_user(login):
    answer = answer_token_request(request(), login, pull_only)
    token = tokens.verify(answer["token"], AUDIENCE)
    assert token.user_id == "alice"
    assert token.access == ()
    assert answer["access_token"] == answer["token"]
    assert "refresh_token" not in answer


def test_expires_in_and_issued_at_are_true(login, settings):
    settings.TOKEN_LIFETIME_SECONDS = 120
    answer = answer_token_request(request(), login, pull_only)
    assert answer["expires_in"] == 120
    issued = datetime.strptime(answer["issued_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - issued) < timedelta(seconds=30)
    assert tokens.verify(answer["token"], AUDIENCE).expires_at == issued.timestamp() + 120


def test_access_is_what_is_asked_and_allowed(login):  # fault 26
    asked = request("repository:app:push,pull", "repository:base:pull", "registry:catalog:*")
    answer = answer_token_request(asked, login, pull_only)
    assert access_of(answer) == (
        ResourceAccess("repository", "app", ("pull",)),
        ResourceAccess("repository", "base", ("pull",)),
    )
    assert answer["scope"] == "repository:app:pull repository:base:pull"


def test_no_access_at_all_is_no_error(login):
    answer = answer_token_request(request("registry:catalog:*"), login, pull_only)
    assert access_of(answer) == ()
    assert answer["scope"] == ""


def test_an_asked_star_gives_what_is_allowed_and_no_more(login):  # fault 26
    answer = answer_token_request(request("repository:app:*"), login, pull_only)
    assert access_of(answer) == (ResourceAccess("repository", "app", ("pull",)),)


def test_a_repeated_resource_has_one_entry(login):
    asked = request("repository:app:pull", "repository:app:push,pull")
    answer = answer_token_request(asked, login, everything)
    assert access_of(answer) == (ResourceAccess("repository", "app", ("pull", "push")),)


scopes = st.builds(
    Scope,
    st.sampled_from(["repository", "registry"]),
    st.sampled_from(["a", "b", "c/d"]),
    st.frozensets(st.sampled_from(["pull", "push", "delete", "*"]), min_size=1),
)


@given(st.lists(scopes, max_size=6), st.frozensets(st.sampled_from(["pull", "push", "delete"])))
def test_nothing_is_granted_that_is_not_asked_or_not_allowed(asked, permitted):  # fault 26
    for entry in grant(Principal("alice"), asked, lambda principal, scope: permitted):
        assert set(entry.actions) <= permitted
        wanted = {
            action
            for scope in asked
            if (scope.type, scope.name) == (entry.type, entry.name)
            for action in scope.actions
        }
        assert "*" in wanted or set(entry.actions) <= wanted


def test_the_principal_is_told_to_whoever_decides(login):
    seen = []
    answer_token_request(
        request("repository:app:pull"), login, lambda principal, _: seen.append(principal) or ()
    )
    assert [principal.user_id for principal in seen] == ["alice"]


def test_wrong_password_is_refused_with_words_docker_prints(alice, basic):
    with pytest.raises(CredentialsRefused) as refused:
        answer_token_request(request(), basic("alice", "wrong"), pull_only)
    assert refused.value.message == "incorrect username or password"


@pytest.mark.parametrize("authorization", [None, "Basic Og=="])
def test_nobody_gets_no_token_while_anonymous_access_is_off(db, authorization):
    with pytest.raises(CredentialsRefused) as refused:
        answer_token_request(request(), authorization, pull_only)
    assert refused.value.refusal is Refusal.REQUIRED


def test_nobody_gets_an_anonymous_token_while_anonymous_access_is_on(set_security):
    set_security(anonymous_enabled=True)
    answer = answer_token_request(request("repository:app:pull", offline=True), None, pull_only)
    assert tokens.verify(answer["token"], AUDIENCE).user_id is None
    assert access_of(answer) == (ResourceAccess("repository", "app", ("pull",)),)
    assert "refresh_token" not in answer


def test_a_token_cannot_renew_itself(login):
    token = answer_token_request(request(), login, pull_only)["token"]
    with pytest.raises(CredentialsRefused):
        answer_token_request(request(), f"Bearer {token}", pull_only)


def test_a_token_that_would_not_fit_a_header_is_refused(login):
    asked = request(*(f"repository:{'x' * 200}{n}:pull" for n in range(60)))
    with pytest.raises(InvalidTokenRequest):
        answer_token_request(asked, login, pull_only)
    fits = request(*(f"repository:{'x' * 30}{n}:pull" for n in range(30)))
    assert len(answer_token_request(fits, login, pull_only)["token"]) < LONGEST_TOKEN


def test_posting_a_password_gives_a_token(alice):
    form = {"grant_type": "password", "username": "alice", "password": "secret"}
    answer = answer_token_form(request("repository:app:pull"), form, pull_only)
    assert tokens.verify(answer["access_token"], AUDIENCE).user_id == "alice"
    assert answer["scope"] == "repository:app:pull"
    assert "refresh_token" not in answer


@pytest.mark.parametrize(
    "form",
    [
        {"grant_type": "password", "username": "alice", "password": "wrong"},
        {"grant_type": "password", "username": "alice"},
        {"grant_type": "password"},
        {"grant_type": "refresh_token"},
        {"grant_type": "refresh_token", "refresh_token": "x.y.z"},
    ],
)
def test_posting_wrong_credentials_is_refused(alice, form):
    with pytest.raises(CredentialsRefused):
        answer_token_form(request(), form, pull_only)


@pytest.mark.parametrize("form", [{}, {"grant_type": "authorization_code"}])
def test_posting_another_grant_is_a_bad_request(db, form):
    with pytest.raises(InvalidTokenRequest):
        answer_token_form(request(), form, pull_only)


def test_an_offline_token_is_traded_for_access_tokens(login):
    offline = answer_token_request(request(offline=True), login, pull_only)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": offline}
    answer = answer_token_form(request("repository:app:pull,push"), form, pull_only)
    assert tokens.verify(answer["token"], AUDIENCE).user_id == "alice"
    assert access_of(answer) == (ResourceAccess("repository", "app", ("pull",)),)
    assert "refresh_token" not in answer


def test_an_offline_token_is_never_renewed(login):
    offline = answer_token_request(request(offline=True), login, pull_only)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": offline}
    assert answer_token_form(request(offline=True), form, pull_only)["refresh_token"] == offline


def test_a_password_grant_does_not_echo_a_refresh_token(alice):
    form = {
        "grant_type": "password",
        "username": "alice",
        "password": "secret",
        "refresh_token": "planted",
    }
    answer = answer_token_form(request(offline=True), form, pull_only)
    assert tokens.verify_refresh(answer["refresh_token"], AUDIENCE).user_id == "alice"


def test_an_offline_token_ends_with_the_password(login):
    offline = answer_token_request(request(offline=True), login, pull_only)["refresh_token"]
    change_own_password(Principal("alice"), "secret", "another")
    form = {"grant_type": "refresh_token", "refresh_token": offline}
    with pytest.raises(CredentialsRefused) as refused:
        answer_token_form(request(), form, pull_only)
    assert refused.value.refusal is Refusal.TOKEN


def test_an_access_token_is_not_taken_for_an_offline_token(login):  # fault 26
    access_token = answer_token_request(request(), login, pull_only)["token"]
    form = {"grant_type": "refresh_token", "refresh_token": access_token}
    with pytest.raises(CredentialsRefused):
        answer_token_form(request(), form, pull_only)
