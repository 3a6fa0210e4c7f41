"""Pages for somebody who may see a part of a repository only."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from repositories.models import Tag
from tests.support.accounts import grant_by_selector

from .test_browse_pages import push, signed_in, without_tokens

TEAM = 'path =^ "/v2/team/"'


@pytest.fixture
def member(images) -> Client:
    """A browser of the stranger, who may browse and delete what is the team's."""
    push(images, "team/app", "1.0", "2.0")
    push(images, "other/app", "1.0", layer=b"other")
    grant_by_selector("stranger", TEAM, "browse", "delete")
    return signed_in("stranger")


def test_a_repository_shows_the_images_that_are_matched_and_no_numbers(member):
    assert "images" in member.get("/admin/repository/repositories/").text
    page = member.get("/browse/images/").text
    assert 'href="/browse/images/team/app/"' in page
    assert "other/" not in page
    assert "<dt>Images</dt>" not in page
    assert "other/" not in member.get("/browse/images/?q=app&after=a").text
    numbers = r'nl-kpi-value">0</span><span class="nl-sub">with 0 tags'
    assert re.search(numbers, member.get("/").text)


def test_pages_of_images_are_full(member, images, monkeypatch):
    monkeypatch.setattr("repositories.web.views.IMAGES_SHOWN", 2)
    for number in range(5):
        push(images, f"team/app-{number}", "1")
        push(images, f"m/app-{number}", "1")
    seen, path = [], "/browse/images/"
    while path:
        page = member.get(path).text
        seen.append(re.findall(r'href="/browse/images/((?:(?!/-/)[^"])+)/">', page))
        following = re.search(r'href="(\?[^"]*after=[^"]+)"', page)
        path = f"/browse/images/{following[1]}" if following else ""
    assert seen == [
        ["team/app", "team/app-0"],
        ["team/app-1", "team/app-2"],
        ["team/app-3", "team/app-4"],
    ]


@pytest.mark.parametrize("path", ["", "-/tags/1.0/", "-/delete/", "-/delete-tags/?tag=1.0"])
def test_hidden_and_unknown_images_look_alike(member, path):
    hidden = member.get(f"/browse/images/other/app/{path}")
    unknown = member.get(f"/browse/images/novel/app/{path}")
    assert hidden.status_code == 404
    assert without_tokens(hidden.text).replace("other", "novel") == without_tokens(unknown.text)


def test_what_is_matched_is_shown_and_deleted(member):
    page = member.get("/browse/images/team/app/").text
    assert "1.0" in page
    assert "Delete" in page
    values = {"tag": ["1.0"], "confirmed": "yes"}
    assert member.post("/browse/images/team/app/-/delete-tags/", values).status_code == 302
    assert not Tag.objects.filter(image__name="team/app", name="1.0").exists()


def test_only_the_tags_that_are_matched_are_opened_and_deleted(images):
    digest = push(images, "team/app", "1.0", "2.0")
    images_of = "/browse/images/team/app/"
    expression = 'path =~ "/v2/team/app/(tags/list|manifests/1[.].*)"'
    grant_by_selector("stranger", expression, "browse", "delete")
    browser = signed_in("stranger")
    assert browser.get(f"{images_of}-/tags/1.0/").status_code == 200
    assert browser.get(f"{images_of}-/tags/2.0/").status_code == 404
    assert browser.get(f"{images_of}-/manifests/{digest}/").status_code == 404
    assert browser.get(f"{images_of}-/manifests/{digest}/raw/").status_code == 404
    for tags in (["2.0"], ["1.0", "2.0"]):
        values = {"tag": tags, "confirmed": "yes"}
        assert browser.post(f"{images_of}-/delete-tags/", values).status_code == 403
    whole = {"confirmed": "yes", "expected": "team/app"}
    assert browser.post(f"{images_of}-/delete/", whole).status_code == 403
    assert Tag.objects.count() == 2
