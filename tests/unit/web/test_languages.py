"""Every page can be read in every language, and only pages are translated."""

from __future__ import annotations

import gettext
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from tests.support.translations import (
    TEMPLATES,
    Entry,
    bare_texts,
    entries,
    marked_in_code,
    marked_in_templates,
)

FOLDER = Path(settings.LOCALE_PATHS[0]) / "zh_Hans" / "LC_MESSAGES"
PLACE = re.compile(r"%\(\w+\)s|%%|%[sd]|</?\w+>")
# Marks of the product and of what is typed are the same everywhere.
SAME = {"Esc", "nexuslite", "nexuslite  ·", "· nexuslite"}
CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}


@pytest.fixture(scope="module")
def catalogue() -> dict[str, Entry]:
    return {each.message: each for each in entries((FOLDER / "django.po").read_text())}


def test_every_marked_text_is_in_the_catalogue(catalogue):
    marked = {*marked_in_code(), *marked_in_templates()}
    assert len(marked) > 500
    assert sorted(marked - catalogue.keys()) == [], "run `make messages`, then translate"


def test_nothing_in_the_catalogue_is_left_over(catalogue):
    marked = {*marked_in_code(), *marked_in_templates(), ""}
    assert sorted(catalogue.keys() - marked) == [], "run `make messages`"


def test_every_text_of_the_catalogue_is_translated(catalogue):
    open_ones = [each.message for each in catalogue.values() if not all(each.translations)]
    fuzzy = [each.message for each in catalogue.values() if each.fuzzy]
    assert open_ones == []
    assert fuzzy == []


def test_a_translation_has_the_places_of_its_text(catalogue):
    wrong = []
    for entry in catalogue.values():
        # A language without plurals puts the number where English may leave it out.
        wanted = sorted(PLACE.findall(entry.plural or entry.message))
        wrong += [each for each in entry.translations if sorted(PLACE.findall(each)) != wanted]
    assert wrong == []


def test_the_compiled_catalogue_says_what_its_source_says(catalogue):
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for entry in catalogue.values():
        if entry.plural:
            found = compiled.ngettext(entry.message, entry.plural, 2)
        elif entry.message:
            found = compiled.gettext(entry.message)
        else:
            continue
        assert found == entry.translations[0], "run `make messages`"


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_a_template_has_no_words_that_cannot_be_translated(path):
    assert [text for text in bare_texts(path.read_text()) if text not in SAME] == []


def test_words_outside_of_tags_are_found():
    assert bare_texts("<p>Hello {{ name }}</p>") == ["Hello"]
    assert bare_texts('<a aria-label="Go on">{% translate "Next" %}</a>') == ["Go on"]
    assert bare_texts("{% blocktranslate %}Hello{% endblocktranslate %}") == []


def test_the_browser_s_language_is_taken(db):
    page = Client().get("/sign-in/", headers=CHINESE)
    assert '<html lang="zh-hans"' in page.content.decode()
    assert ">登录</button>" in page.content.decode()
    assert page["Content-Language"] == "zh-hans"
    assert "Accept-Language" in page["Vary"]


def test_english_is_what_is_spoken_to_everybody_else(db):
    page = Client().get("/sign-in/", headers={"Accept-Language": "eo,sv;q=0.5"})
    assert '<html lang="en"' in page.content.decode()


def test_a_chosen_language_outweighs_the_browser_s(db):
    browser = Client(headers=CHINESE)
    page = "http://testserver/sign-in/?next=%2Fbrowse%2F"
    answer = browser.post("/language/", {"language": "en"}, headers={"Referer": page})
    assert answer.status_code == 302
    assert answer["Location"] == "/sign-in/?next=%2Fbrowse%2F"
    assert '<html lang="en"' in browser.get("/sign-in/").content.decode()


@pytest.mark.parametrize("page", ["https://a.example//b.example/", "/\\a.example", "%", "", "x:y"])
def test_choosing_a_language_leads_to_no_other_host(db, page):
    answer = Client().post("/language/", {"language": "zh-hans"}, headers={"Referer": page})
    assert answer["Location"] == "/"


@pytest.mark.parametrize("language", ["", "tlh", "../en", "zh-hans; Path=/x"])
def test_an_unknown_language_is_refused(db, language):
    answer = Client().post("/language/", {"language": language})
    assert answer.status_code == 400
    assert "language" not in answer.cookies


def test_a_language_is_chosen_from_pages_of_this_server_alone(db):
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.post("/language/", {"language": "zh-hans"}).status_code == 403


def test_messages_of_forms_are_translated(admin):
    admin.cookies["language"] = "zh-hans"
    values = {"current": "secret", "password": "one", "confirmation": "another"}
    page = admin.post("/account/", values).content.decode()
    assert "<h1>账户</h1>" in page
    assert "两次输入的密码不一致。" in page


def test_rest_stays_english(admin):
    admin.cookies["language"] = "zh-hans"
    users = "/service/rest/v1/security/users"
    asked = [
        admin.generic(method, users, body, content_type="application/json", headers=CHINESE)
        for method, body in (("POST", "{"), ("POST", "{}"), ("PATCH", "{}"))
    ]
    assert all(400 <= answer.status_code < 500 for answer in asked)
    assert all(answer.content.isascii() for answer in asked)
    assert "Content-Language" not in asked[0]


def test_a_page_leaves_its_language_to_no_later_request(db):
    Client().get("/sign-in/", headers=CHINESE)
    assert translation.get_language() == "en"
