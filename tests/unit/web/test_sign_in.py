"""Signing in and out over HTTP."""

from __future__ import annotations

import base64
import re

import pytest
from django.test import Client

from accounts.actions.admin_password_file import write
from accounts.actions.change_password import change_own_password
from accounts.errors import TooManyAttempts
from accounts.principals import Principal

PAGE = "/admin/repository/repositories/"


@pytest.fixture
def alice(make_user):
    return make_user("alice", "secret")


@pytest.fixture
def visitor(db) -> Client:
    return Client()


def sign_in(visitor: Client, password: str = "secret", **more: str):
    return visitor.post("/sign-in/", {"username": "alice", "password": password, **more})


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_the_first_page_of_a_stranger_is_the_sign_in_page_with_200(visitor):
    answer = visitor.get("/")
    assert answer.status_code == 200
    assert 'name="password"' in answer.text


def test_who_signs_in_is_sent_on_and_known(visitor, alice):
    answer = sign_in(visitor, next=PAGE)
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert "alice" in visitor.get("/").text


@pytest.mark.parametrize("secure", [True, False])
def test_cookies_set_over_https_are_sent_back_over_https_only(visitor, alice, secure):
    visitor.get("/sign-in/", secure=secure)
    visitor.post("/sign-in/", {"username": "alice", "password": "secret"}, secure=secure)
    assert {"NXSESSIONID", "csrftoken"} <= set(visitor.cookies)
    for cookie in visitor.cookies.values():
        assert bool(cookie["secure"]) == secure, cookie


def test_a_wrong_password_shows_the_form_again_with_the_name(visitor, alice):
    answer = sign_in(visitor, "wrong", next=PAGE)
    assert answer.status_code == 422
    assert "Incorrect username or password" in answer.text
    assert 'value="alice"' in answer.text
    assert f'value="{PAGE}"' in answer.text
    assert "wrong" not in answer.text
    assert visitor.get(PAGE).status_code == 302


def test_too_many_attempts_say_when_to_come_back(visitor, alice, monkeypatch):
    def overloaded(*_: object) -> None:
        raise TooManyAttempts(retry_after=7)

    monkeypatch.setattr("accounts.passwords.verify", overloaded)
    answer = sign_in(visitor)
    assert (answer.status_code, answer["Retry-After"]) == (429, "7")
    assert "Try again in 7 seconds" in answer.text


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "\\\\evil.example/",
        "javascript:alert(1)",
        "http:///evil.example",
        "/\t/evil.example/",
        "evil.example",
        "",
    ],
)
def test_the_next_page_is_always_one_of_this_server(visitor, alice, target):  # open redirect
    assert sign_in(visitor, next=target)["Location"] == "/"
    assert visitor.get("/sign-in/", {"next": target})["Location"] == "/"


def test_a_hidden_page_asks_a_stranger_to_sign_in_and_comes_back(visitor):
    answer = visitor.get("/browse/docker-hosted/?via=a%26b")
    assert answer.status_code == 302
    assert answer["Location"] == "/sign-in/?next=%2Fbrowse%2Fdocker-hosted%2F%3Fvia%3Da%2526b"


def test_the_session_has_a_new_id_after_signing_in(visitor, alice):
    sign_in(visitor)
    first = visitor.cookies["NXSESSIONID"].value
    sign_in(visitor)
    assert visitor.cookies["NXSESSIONID"].value != first


def test_the_session_cookie_is_not_for_scripts_or_other_sites(visitor, alice):
    sign_in(visitor)
    cookie = visitor.cookies["NXSESSIONID"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_signing_out_ends_the_session(visitor, alice):
    sign_in(visitor)
    key = visitor.cookies["NXSESSIONID"].value
    assert visitor.post("/sign-out/")["Location"] == "/"
    visitor.cookies["NXSESSIONID"] = key
    assert visitor.get(PAGE).status_code == 302


def test_a_link_cannot_sign_out(visitor, alice):
    sign_in(visitor)
    assert visitor.get("/sign-out/").status_code == 405
    assert visitor.get(PAGE).status_code == 200


def test_a_new_password_ends_the_session(visitor, alice):
    sign_in(visitor)
    change_own_password(Principal("alice"), "secret", "another")
    assert visitor.get(PAGE).status_code == 302


def test_forms_need_a_csrf_token(alice):
    visitor = Client(enforce_csrf_checks=True)
    assert sign_in(visitor).status_code == 403
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', visitor.get("/sign-in/").text)
    assert sign_in(visitor, csrfmiddlewaretoken=token[1]).status_code == 302
    refused = visitor.post("/sign-out/")
    assert refused.status_code == 403
    assert "This form has expired" in refused.text
    assert visitor.get(PAGE).status_code == 200


def test_pages_are_kept_by_no_cache(visitor, alice):
    assert "no-store" in visitor.get("/sign-in/")["Cache-Control"]
    sign_in(visitor)
    assert "no-store" in visitor.get(PAGE)["Cache-Control"]


def test_the_page_tells_where_the_first_password_is_while_it_is_in_force(visitor):
    assert "admin.password" not in visitor.get("/sign-in/").text
    write("made-up")
    page = visitor.get("/sign-in/").text
    assert "admin.password" in page
    assert "made-up" not in page


def test_nexus_way_of_signing_in_and_out(alice):
    visitor = Client(enforce_csrf_checks=True)
    form = {"username": encoded("alice"), "password": encoded("secret")}
    answer = visitor.post("/service/rapture/session", form)
    assert (answer.status_code, answer.content) == (204, b"")
    assert visitor.cookies["NXSESSIONID"]["httponly"]
    assert visitor.get(PAGE).status_code == 200
    assert visitor.delete("/service/rapture/session").status_code == 204
    assert visitor.get(PAGE).status_code == 302


@pytest.mark.parametrize(
    "form",
    [
        {"username": encoded("alice"), "password": encoded("wrong")},
        {"username": "alice", "password": "secret"},
        {"username": encoded("alice")},
        {"username": "/////w==", "password": "/////w=="},
        {},
    ],
)
def test_nexus_way_refuses_with_403_and_no_session(visitor, alice, form):
    assert visitor.post("/service/rapture/session", form).status_code == 403
    assert "NXSESSIONID" not in visitor.cookies


def test_nexus_way_is_closed_to_forms_of_other_sites(visitor, alice):
    form = {"username": encoded("alice"), "password": encoded("secret")}
    for origin, status in (
        ("https://evil.example", 403),
        ("null", 403),
        ("http://testserver", 204),
    ):
        answer = visitor.post("/service/rapture/session", form, headers={"origin": origin})
        assert answer.status_code == status
