"""Sessions of the web UI and the middleware that tells who makes a request."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse

from accounts.actions.change_password import change_own_password
from accounts.errors import CredentialsRefused, TooManyAttempts
from accounts.middleware import PrincipalMiddleware, requesting_principal
from accounts.models import User, UserStatus
from accounts.principals import Principal
from accounts.session_store import SessionStore
from accounts.sessions import authenticate_session, principal_of, sign_out
from nexuslite import stamps


@pytest.fixture
def one_browser(rf):
    """Requests of one browser: each continues the session that the one before it left."""
    key = [None]

    def request() -> HttpRequest:
        made = rf.get("/")
        made.session = SessionStore(key[0])
        return made

    def keep(made: HttpRequest) -> None:
        made.session.save()
        key[0] = made.session.session_key

    request.keep = keep
    return request


@pytest.fixture
def signed_in(make_user, one_browser):
    make_user("alice", "secret")
    request = one_browser()
    authenticate_session(request, "alice", "secret", "192.0.2.1")
    one_browser.keep(request)
    return one_browser


def test_who_signs_in_is_known_to_the_next_request(signed_in):
    principal = principal_of(signed_in())
    assert principal.user_id == "alice"
    assert principal.credential == "session"
    assert principal.realm == "NexusAuthenticatingRealm"


def test_nobody_is_known_without_signing_in(db, one_browser):
    assert principal_of(one_browser()) is None


def test_a_wrong_password_signs_nobody_in(make_user, one_browser):
    make_user("alice", "secret")
    request = one_browser()
    with pytest.raises(CredentialsRefused):
        authenticate_session(request, "alice", "wrong", "192.0.2.1")
    assert principal_of(request) is None


def test_a_session_planted_before_the_sign_in_is_worth_nothing(make_user, one_browser):
    make_user("alice", "secret")
    planted = one_browser()
    planted.session["planted"] = True
    one_browser.keep(planted)
    request = one_browser()
    authenticate_session(request, "alice", "secret", "192.0.2.1")
    request.session.save()
    assert request.session.session_key != planted.session.session_key
    assert "planted" not in request.session
    assert principal_of(one_browser()) is None


def test_signing_out_ends_the_session(signed_in):
    request = signed_in()
    sign_out(request)
    assert principal_of(request) is None
    assert principal_of(signed_in()) is None


def test_a_new_password_ends_the_session(signed_in):
    change_own_password(Principal("alice"), "secret", "another")
    assert principal_of(signed_in()) is None


def test_a_disabled_user_has_no_session(signed_in):
    with stamps.change(stamps.SECURITY):
        User.objects.update(status=UserStatus.DISABLED)
    assert principal_of(signed_in()) is None


def test_a_session_ends_with_the_realm_it_came_from(signed_in, set_security):
    set_security(active_realms=["DockerToken"])
    assert principal_of(signed_in()) is None


def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(requesting_principal(request)))


def test_a_request_that_did_not_pass_the_middleware_has_no_principal(rf):
    with pytest.raises(TypeError):
        requesting_principal(rf.get("/"))


def test_the_session_tells_the_principal(signed_in):
    assert PrincipalMiddleware(view)(signed_in()).content == b"alice"


def test_without_a_session_the_principal_is_anonymous(db, one_browser):
    assert PrincipalMiddleware(view)(one_browser()).content == b"anonymous"


def test_the_header_counts_before_the_session_and_needs_no_csrf_token(signed_in, make_user, basic):
    make_user("bob", "secret")
    request = signed_in()
    request.META["HTTP_AUTHORIZATION"] = basic("bob", "secret")
    assert PrincipalMiddleware(view)(request).content == b"bob"
    assert request._dont_enforce_csrf_checks


def test_a_session_needs_a_csrf_token(signed_in):  # fault 29
    request = signed_in()
    PrincipalMiddleware(view)(request)
    assert not getattr(request, "_dont_enforce_csrf_checks", False)


def test_an_empty_basic_header_does_not_switch_the_csrf_check_off(signed_in):  # fault 29
    request = signed_in()
    request.META["HTTP_AUTHORIZATION"] = "Basic Og=="
    assert PrincipalMiddleware(view)(request).content == b"alice"
    assert not getattr(request, "_dont_enforce_csrf_checks", False)


def test_wrong_credentials_get_nexus_empty_401(signed_in, basic):
    request = signed_in()
    request.META["HTTP_AUTHORIZATION"] = basic("alice", "wrong")
    answer = PrincipalMiddleware(view)(request)
    assert answer.status_code == 401
    assert answer.content == b""
    assert answer["WWW-Authenticate"] == 'BASIC realm="Sonatype Nexus Repository Manager"'


def test_too_many_attempts_get_429_and_a_time(db, one_browser, basic, monkeypatch):
    def overloaded(*_: object) -> None:
        raise TooManyAttempts(retry_after=7)

    monkeypatch.setattr("accounts.passwords.verify", overloaded)
    request = one_browser()
    request.META["HTTP_AUTHORIZATION"] = basic("alice", "secret")
    answer = PrincipalMiddleware(view)(request)
    assert answer.status_code == 429
    assert answer["Retry-After"] == "7"
