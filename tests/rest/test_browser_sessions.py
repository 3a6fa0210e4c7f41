"""REST by a browser's session: nothing is changed in its name that its pages did not ask for.

Fault 29.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts import sessions
from repositories.models import Repository
from tests.support.registry import ADMIN

TOKEN = "NX-ANTI-CSRF-TOKEN"
HEADER = "HTTP_NX_ANTI_CSRF_TOKEN"
SESSION = "NXSESSIONID"
PATH = "/service/rest/v1/repositories/images"
MISMATCH = "Anti cross-site request forgery token mismatch"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def sign_in(browser: Client, user_id: str = "admin") -> Client:
    form = {"username": encoded(user_id), "password": encoded(f"{user_id}-password")}
    assert browser.post("/service/rapture/session", form).status_code == 204
    return browser


@pytest.fixture
def browser() -> Client:
    """A browser that has signed in as admin the way Nexus's interface does."""
    return sign_in(Client(enforce_csrf_checks=True))


def token_of(browser: Client) -> str:
    return browser.cookies[TOKEN].value


def assert_mismatch(answer) -> None:
    assert (answer.status_code, answer.text) == (401, MISMATCH)
    assert "WWW-Authenticate" not in answer.headers, "no browser may ask for a password"


def test_who_signs_in_gets_a_session_and_a_token_for_scripts(browser):
    session, token = browser.cookies[SESSION], browser.cookies[TOKEN]
    assert session["httponly"]
    assert not token["httponly"]
    assert session["samesite"] == token["samesite"] == "Lax"
    assert len(token.value) >= 24
    assert token_of(sign_in(Client())) != token.value


def test_a_change_needs_the_token_in_the_header(browser, hosted):
    # fault 29
    hosted()
    assert_mismatch(browser.delete(PATH))
    assert Repository.objects.count() == 1
    assert browser.delete(PATH, **{HEADER: token_of(browser)}).status_code == 204
    assert Repository.objects.count() == 0


@pytest.mark.parametrize(
    ("cookie", "header"),
    [("a", "b"), ("a", ""), ("", ""), (None, "a"), (None, ""), ("ä", "ö"), ("a", "a ,a")],
)
def test_a_token_that_is_not_the_cookies_changes_nothing(browser, hosted, cookie, header):
    # fault 29
    hosted()
    del browser.cookies[TOKEN]
    if cookie is not None:
        browser.cookies[TOKEN] = cookie
    assert_mismatch(browser.delete(PATH, **{HEADER: header}))
    assert Repository.objects.count() == 1


def test_a_script_may_choose_the_token_itself_as_for_nexus(browser, hosted):
    hosted()
    browser.cookies[TOKEN] = "0.2718281828"
    assert browser.delete(PATH, **{HEADER: "0.2718281828"}).status_code == 204


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://testserver.evil.example", "http://["]
)
def test_no_page_of_another_site_changes_anything(browser, hosted, origin):
    # fault 29
    hosted()
    headers = {HEADER: token_of(browser), "HTTP_ORIGIN": origin}
    assert_mismatch(browser.delete(PATH, **headers))
    assert Repository.objects.count() == 1


def test_a_form_with_files_needs_the_token_too(browser, hosted):
    # fault 29: Nexus lets these pass.
    hosted()
    assert_mismatch(browser.post("/service/rest/v1/security/users", {"userId": "mallory"}))


def test_reading_needs_no_token(browser, hosted):
    hosted()
    assert browser.get(PATH).status_code == 200
    assert browser.head(PATH).status_code == 200


def test_a_password_in_the_header_needs_no_token_even_beside_a_session(browser, hosted):
    hosted()
    assert Client(enforce_csrf_checks=True).get(PATH, HTTP_AUTHORIZATION=ADMIN).status_code == 200
    assert browser.delete(PATH, HTTP_AUTHORIZATION=ADMIN).status_code == 204


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://["])
def test_a_password_that_the_browser_remembers_is_no_use_to_another_site(hosted, origin):
    # fault 29: a browser that was asked for it sends it along with forms of other sites.
    hosted()
    remembers = Client(enforce_csrf_checks=True)
    headers = {"HTTP_AUTHORIZATION": ADMIN, "HTTP_ORIGIN": origin}
    assert_mismatch(remembers.delete(PATH, **headers))
    page = "/admin/repository/repositories/images/-/delete/"
    form = {"confirmation": "images", "name": "images"}
    assert remembers.post(page, form, **headers).status_code == 403
    assert remembers.post("/sign-out/", **headers).status_code == 403
    assert Repository.objects.count() == 1


def changes() -> Iterator[tuple[str, str]]:
    """Every method that changes something, of every route of REST."""
    for route, view in _views(get_resolver().url_patterns, ""):
        if route.startswith("service/rest/"):
            path = "/" + re.sub(r"<\w+:\w+>", "x", route)
            for method in ("post", "put", "delete"):
                if hasattr(view.view_class, method):
                    yield method, path


def _views(patterns, prefix: str):
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and hasattr(pattern.callback, "view_class"):
            yield route, pattern.callback


def test_no_route_of_rest_forgets_the_token(browser):
    # fault 29
    seen = sorted(set(changes()))
    assert len(seen) > 20
    unguarded = [
        (method, path) for method, path in seen if getattr(browser, method)(path).text != MISMATCH
    ]
    assert unguarded == []


def test_a_session_key_that_was_planted_is_worth_nothing(browser):
    # fault 29
    victim = Client()
    victim.cookies[SESSION] = "a" * 32
    sign_in(victim)
    assert victim.cookies[SESSION].value != "a" * 32
    attacker = Client()
    attacker.cookies[SESSION] = "a" * 32
    assert attacker.get("/service/rest/v1/security/users").status_code in {401, 403}


def test_signing_out_ends_the_session_for_everybody_who_has_its_key(browser):
    key = browser.cookies[SESSION].value
    assert browser.delete("/service/rapture/session").status_code == 204
    thief = Client()
    thief.cookies[SESSION] = key
    assert thief.get("/service/rest/v1/security/users").status_code in {401, 403}
    assert Session.objects.count() == 0


def test_the_database_does_not_hold_what_signs_in(browser):
    # fault 28
    (row,) = Session.objects.all()
    key = browser.cookies[SESSION].value
    assert key not in (row.session_key, row.session_data)
    thief = Client()
    thief.cookies[SESSION] = row.session_key
    assert thief.get("/service/rest/v1/security/users").status_code in {401, 403}
    assert browser.get("/service/rest/v1/security/users").status_code == 200


def test_who_fails_to_sign_in_leaves_no_session_behind():
    # fault 30
    stranger = Client()
    for number in range(15):
        form = {"username": encoded("admin"), "password": encoded(f"guess {number}")}
        answer = stranger.post("/service/rapture/session", form)
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert SESSION not in stranger.cookies
    assert Session.objects.count() == 0


def test_sessions_that_have_run_out_are_removed(browser):
    second = sign_in(Client())
    Session.objects.order_by("expire_date").update(expire_date=timezone.now() - timedelta(hours=1))
    sign_in(second)
    assert sessions.remove_expired() >= 1
    assert Session.objects.count() == 1
    assert second.get("/service/rest/v1/security/users").status_code == 200
    assert browser.get("/service/rest/v1/security/users").status_code in {401, 403}
