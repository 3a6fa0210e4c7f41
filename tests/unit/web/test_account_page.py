"""The page of one's own account says how to sign in with docker."""

from __future__ import annotations

import re

from tests.unit.web.conftest import signed_in


def test_there_is_a_line_for_each_address_and_one_for_a_shared_one(admin, make_repository):
    make_repository("first", path_enabled=True)
    make_repository("second", path_enabled=True)
    make_repository("third", http_port=8000)
    page = admin.get("/account/").text
    assert page.count("<code>docker login -u admin registry.example:8081</code>") == 1
    assert page.count("<code>docker login -u admin registry.example:8000</code>") == 1
    assert "first, second" in page


def test_addresses_of_what_one_may_not_browse_are_not_told(nobody, make_repository):
    make_repository("hidden", http_port=8000)
    page = nobody.get("/account/").text
    assert "docker login" not in page
    assert "There is no repository with an address that you may browse." in page


def test_the_number_of_queries_does_not_grow(admin, make_repository, queries):
    make_repository("first", http_port=8000)
    admin.get("/account/")
    with queries() as few:
        admin.get("/account/")
    for number in range(5):
        make_repository(f"more-{number}", http_port=8010 + number)
    admin.get("/account/")
    with queries() as many:
        admin.get("/account/")
    assert len(many) == len(few)


def test_own_sessions_are_listed_and_others_end(admin, nobody):
    other = signed_in("admin", "secret")
    page = admin.get("/account/").text
    assert page.count("This one") == 1
    (session,) = re.findall(r'name="session" value="(\w+)"', page)
    assert admin.post("/account/end-session/", {"session": session}).status_code == 302
    assert other.get("/account/").status_code == 302
    assert admin.get("/account/").status_code == 200


def test_a_session_of_somebody_else_does_not_end(admin, nobody):
    signed_in("admin", "secret")
    (session,) = re.findall(r'name="session" value="(\w+)"', admin.get("/account/").text)
    assert session not in nobody.get("/account/").text
    assert nobody.post("/account/end-session/", {"session": session}).status_code == 404
    assert session in admin.get("/account/").text
