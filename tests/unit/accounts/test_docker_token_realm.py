"""Bearer tokens at use: cheap while nothing changes, worthless as soon as something does."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from accounts import tokens
from accounts.actions.change_password import change_own_password
from accounts.authentication import authenticate
from accounts.errors import CredentialsRefused, Refusal
from accounts.models import User, UserStatus
from accounts.models.security_settings import DOCKER_TOKEN_REALM, LOCAL_AUTHENTICATING_REALM
from accounts.principals import Principal, ResourceAccess
from nexuslite import stamps

pytestmark = pytest.mark.usefixtures("docker_tokens")

AUDIENCE = "repository:1"
ACCESS = (ResourceAccess("repository", "app", ("pull",)),)


def bearer(user_id="alice", version=1, access=ACCESS) -> str:
    return "Bearer " + tokens.issue(user_id, AUDIENCE, access, version).text


def show(authorization: str, audience: str | None = AUDIENCE) -> Principal:
    return authenticate(authorization, audience, "192.0.2.1")


def assert_refused(authorization: str, audience: str | None = AUDIENCE) -> None:
    with pytest.raises(CredentialsRefused) as refused:
        show(authorization, audience)
    assert refused.value.refusal is Refusal.TOKEN


@pytest.fixture
def alice(transactional_db, make_user):
    return make_user("alice")


def test_a_token_stands_for_its_user(alice):
    principal = show(bearer())
    assert principal.user_id == "alice"
    assert principal.realm == DOCKER_TOKEN_REALM
    assert principal.credential == "token"
    assert principal.token_access == ACCESS
    assert principal.token_id


def test_a_token_narrows_to_its_scope(alice):  # fault 26
    principal = show(bearer())
    assert principal.token_allows("repository", "app", "pull")
    assert not principal.token_allows("repository", "app", "push")
    assert not principal.token_allows("repository", "app2", "pull")
    assert not principal.token_allows("registry", "catalog", "*")


def test_a_granted_star_covers_every_action(alice):
    catalog = (ResourceAccess("registry", "catalog", ("*",)),)
    assert show(bearer(access=catalog)).token_allows("registry", "catalog", "*")


def test_without_a_token_nothing_is_narrowed():
    assert Principal("alice").token_allows("repository", "app", "push")


def test_a_token_with_an_empty_scope_signs_in_and_allows_nothing(alice):
    principal = show(bearer(access=()))
    assert principal.user_id == "alice"
    assert not principal.token_allows("repository", "app", "pull")


def test_a_token_seen_before_costs_no_query(alice, queries):
    authorization = bearer()
    show(authorization)
    with queries() as seen:
        show(authorization)
    assert seen == []


def test_a_new_token_costs_at_most_one_query(alice, queries):
    show(bearer())
    with queries() as seen:
        show(bearer())
    assert len(seen) <= 1


def test_a_token_is_refused_where_another_audience_or_none_is_served(alice):  # fault 26
    authorization = bearer()
    show(authorization)
    assert_refused(authorization, "repository:2")
    assert_refused(authorization, None)


def test_a_remembered_token_still_expires(alice, monkeypatch):  # fault 26
    authorization = bearer()
    show(authorization)
    later = time.time() + 3600
    monkeypatch.setattr(tokens, "time", SimpleNamespace(time=lambda: later))
    assert_refused(authorization)


def test_a_new_password_ends_all_tokens_at_once(alice):  # fault 26
    authorization = bearer()
    show(authorization)
    change_own_password(Principal("alice"), "secret", "another")
    assert_refused(authorization)
    assert show(bearer(version=2)).user_id == "alice"


@pytest.mark.parametrize("status", [UserStatus.DISABLED, UserStatus.LOCKED])
def test_a_status_that_locks_out_ends_all_tokens_at_once(alice, status):  # fault 26
    authorization = bearer()
    show(authorization)
    with stamps.change(stamps.SECURITY):
        User.objects.update(status=status)
    assert_refused(authorization)


def test_tokens_of_a_deleted_user_are_worth_nothing(alice):  # fault 26
    authorization = bearer()
    show(authorization)
    with stamps.change(stamps.SECURITY):
        alice.delete()
    assert_refused(authorization)


def test_without_the_realm_a_token_is_worth_nothing(alice, set_security):
    authorization = bearer()
    show(authorization)
    set_security(active_realms=[LOCAL_AUTHENTICATING_REALM])
    assert_refused(authorization)
    set_security(active_realms=[DOCKER_TOKEN_REALM, LOCAL_AUTHENTICATING_REALM])
    assert show(authorization).user_id == "alice"


def test_an_anonymous_token_counts_while_anonymous_access_is_on(alice, set_security):
    authorization = bearer(user_id=None, version=0)
    assert_refused(authorization)
    set_security(anonymous_enabled=True)
    principal = show(authorization)
    assert principal.is_anonymous
    assert principal.credential == "token"
    set_security(anonymous_enabled=False)
    assert_refused(authorization)


def test_a_refresh_token_opens_nothing(alice):  # fault 26
    assert_refused("Bearer " + tokens.issue_refresh("alice", AUDIENCE, 1).text)
