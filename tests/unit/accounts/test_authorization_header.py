"""From an Authorization header to a principal."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.authentication import authenticate, parse_authorization
from accounts.errors import CredentialsRefused, Refusal
from accounts.models import User, UserStatus
from accounts.models.security_settings import DOCKER_TOKEN_REALM, LOCAL_AUTHENTICATING_REALM
from accounts.realms.base import PasswordCredentials, TokenCredentials

ADDRESS = "192.0.2.1"


def encoded(raw: bytes) -> str:
    return "Basic " + base64.b64encode(raw).decode()


def refusal_of(authorization: str) -> Refusal:
    with pytest.raises(CredentialsRefused) as refused:
        authenticate(authorization, None, ADDRESS)
    return refused.value.refusal


@pytest.mark.parametrize("authorization", [None, "", "Basic Og=="])
def test_without_credentials_the_principal_is_anonymous(authorization):
    principal = authenticate(authorization, None, ADDRESS)
    assert principal.is_anonymous
    assert principal.credential is None


def test_right_password_gives_the_user(make_user, basic):
    make_user("alice", "secret")
    principal = authenticate(basic("alice", "secret"), None, ADDRESS)
    assert principal.user_id == "alice"
    assert principal.realm == LOCAL_AUTHENTICATING_REALM
    assert principal.credential == "basic"
    assert principal.token_access is None


@pytest.mark.parametrize("scheme", ["basic", "BASIC", "Basic "])
def test_the_scheme_is_read_in_any_letter_case(scheme, make_user, basic):
    make_user("alice", "secret")
    authorization = basic("alice", "secret").replace("Basic", scheme, 1)
    assert authenticate(authorization, None, ADDRESS).user_id == "alice"


def test_a_password_may_have_colons(make_user, basic):
    make_user("alice", "a:b:c")
    assert authenticate(basic("alice", "a:b:c"), None, ADDRESS).user_id == "alice"


def test_utf8_and_latin1_are_both_read(make_user):
    make_user("jürgen", "größe")
    for encoding in ("utf-8", "latin-1"):
        authorization = encoded("jürgen:größe".encode(encoding))
        assert authenticate(authorization, None, ADDRESS).user_id == "jürgen"


@pytest.mark.parametrize(
    ("user_id", "password"),
    [("alice", "wrong"), ("nobody", "secret"), ("alice", ""), ("", "secret"), ("Alice", "secret")],
)
def test_wrong_and_unknown_are_refused_with_the_same_words(make_user, basic, user_id, password):
    make_user("alice", "secret")
    assert refusal_of(basic(user_id, password)) is Refusal.PASSWORD


def test_a_user_id_with_nul_is_an_unknown_user(db, basic):
    assert refusal_of(basic("ali\0ce", "secret")) is Refusal.PASSWORD


@pytest.mark.parametrize(
    ("status", "accepted"),
    [
        (UserStatus.ACTIVE, True),
        (UserStatus.CHANGE_PASSWORD, True),
        (UserStatus.DISABLED, False),
        (UserStatus.LOCKED, False),
    ],
)
def test_status_decides_whether_the_right_password_counts(make_user, basic, status, accepted):
    make_user("alice", "secret", status)
    if accepted:
        assert authenticate(basic("alice", "secret"), None, ADDRESS).user_id == "alice"
    else:
        assert refusal_of(basic("alice", "secret")) is Refusal.PASSWORD


def test_a_user_with_an_unusable_password_cannot_sign_in(db, basic):
    User.objects.create(user_id="anonymous", password="!")
    for password in ("", "!", "anonymous"):
        assert refusal_of(basic("anonymous", password)) is Refusal.PASSWORD


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic YWxpY2U=",
        "Basic YWxpY2U6c2VjcmV0 extra",
        "Basic ü",
        "Bearer",
        "Bearer ",
        "Digest username=alice",
        "YWxpY2U6c2VjcmV0",
        "Basic YTpi, Basic YTpi",
        ":",
    ],
)
def test_a_broken_header_is_refused(authorization):
    assert refusal_of(authorization) is Refusal.MALFORMED


@given(st.text())
def test_any_header_is_read_or_refused(authorization):
    try:
        credentials = parse_authorization(authorization, "repository:1")
    except CredentialsRefused:
        return
    assert credentials is None or isinstance(credentials, PasswordCredentials | TokenCredentials)


@given(
    st.text(st.characters(exclude_characters=":", exclude_categories=["Cs"]), min_size=1),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_every_user_and_password_survive_the_header(user_id, password):
    authorization = encoded(f"{user_id}:{password}".encode())
    assert parse_authorization(authorization, None) == PasswordCredentials(user_id, password)


def test_secrets_are_not_shown_by_repr():
    assert "secret" not in repr(PasswordCredentials("alice", "secret"))
    assert "secret" not in repr(TokenCredentials("secret", None))


def test_no_active_realm_means_nobody_gets_in(make_user, set_security, basic):
    make_user("alice", "secret")
    set_security(active_realms=[DOCKER_TOKEN_REALM])
    assert refusal_of(basic("alice", "secret")) is Refusal.PASSWORD
    set_security(active_realms=["a realm of a later version", LOCAL_AUTHENTICATING_REALM])
    assert authenticate(basic("alice", "secret"), None, ADDRESS).user_id == "alice"


def test_known_credentials_cost_no_query(transactional_db, make_user, basic, queries):
    make_user("alice", "secret")
    authenticate(basic("alice", "secret"), None, ADDRESS)
    with queries() as seen:
        assert authenticate(basic("alice", "secret"), None, ADDRESS).user_id == "alice"
    assert seen == []


def test_unknown_and_known_users_cost_the_same_queries(
    transactional_db, make_user, basic, queries
):  # fault 28
    make_user("alice", "secret")
    refusal_of(basic("somebody else", "wrong"))
    counts = {}
    for user_id in ("alice", "nobody"):
        for attempt in (1, 2):
            with queries() as seen:
                refusal_of(basic(user_id, "wrong"))
            counts[user_id, attempt] = len(seen)
    assert counts["alice", 1] == counts["nobody", 1]
    assert counts["alice", 2] == counts["nobody", 2] == 0
