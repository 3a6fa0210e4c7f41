"""Search over all repositories: what is found, and what never is."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from nexuslite import stamps
from repositories.models import GroupMember, Image, Repository, Tag
from tests.protocol.test_browse_pages import admin, push, signed_in, stranger
from tests.support.accounts import grant

__all__ = ["admin", "stranger"]

FRAGMENT = {"headers": {"HX-Request": "true"}}


def test_an_image_is_found_by_a_part_of_its_name_its_tag_or_both(images, admin):
    push(images, "team/web-server", "1.0", "2.0")
    push(images, "team/worker", "1.0", layer=b"other")
    for query, found in (
        ("server", {"team/web-server"}),
        ("team", {"team/web-server", "team/worker"}),
        ("TEAM work", {"team/worker"}),
        ("server:2", {"team/web-server"}),
        (":1.0", {"team/web-server", "team/worker"}),
        ("worker:2.0", set()),
        ("we*ser", {"team/web-server"}),
        ("no-such", set()),
    ):
        page = admin.get("/search/", {"q": query}, **FRAGMENT).text
        names = {name for name in ("team/web-server", "team/worker") if f"/{name}/" in page}
        assert names == found, query


def test_an_image_is_found_by_a_digest_of_its_manifest_or_of_a_layer(images, admin):
    digest = push(images, "app", "1")
    layer = Image.objects.get().blob_links.first().blob.digest
    push(images, "other", "1", layer=b"other")
    for query in (digest, digest[:20], digest[7:27], layer, layer[:16]):
        page = admin.get("/search/", {"q": query}, **FRAGMENT).text
        assert "/browse/images/app/" in page, query
    assert "/other/" not in admin.get("/search/", {"q": digest}, **FRAGMENT).text


def test_nothing_hidden_is_found_nor_counted(images, hosted, stranger, admin):
    secret = push(images, "secret", "1")
    push(hosted("open"), "secret", "2", layer=b"open")
    grant("stranger", "nx-search-read", "nx-repository-view-docker-open-browse")
    for query in ("secret", "secret:1", secret, secret[:15]):
        page = stranger.get("/search/", {"q": query}, **FRAGMENT).text
        assert "/browse/images/" not in page, query
    assert "/browse/open/secret/" in stranger.get("/search/", {"q": "secret"}).text


def test_what_only_a_group_opens_is_found_in_the_group(images, stranger):
    push(images, "app", "1")
    row = Repository.objects.get(name="images")
    with stamps.change(stamps.CONFIGURATION):
        group = Repository.objects.create(name="all", type="group", blob_store=row.blob_store)
        GroupMember.objects.create(group=group, member=row, position=0)
    grant("stranger", "nx-search-read", "nx-repository-view-docker-all-browse")
    page = stranger.get("/search/", {"q": "app"}, **FRAGMENT).text
    assert "/browse/all/app/" in page
    assert "/browse/images/" not in page


def test_searching_needs_its_privilege(images, stranger):
    assert stranger.get("/search/?q=x").status_code == 404
    assert Client().get("/search/?q=x").status_code == 302
    assert 'id="search"' not in stranger.get("/").text
    grant("stranger", "nx-search-read")
    browser = signed_in("stranger")
    assert browser.get("/search/?q=x").status_code == 200
    assert 'id="search"' in browser.get("/").text


def test_suggestions_are_few_and_lead_on(images, admin):
    for number in range(12):
        push(images, f"app-{number:02}", "1")
    page = admin.get("/search/", {"q": "app", "suggest": "1"}, **FRAGMENT).text
    assert page.count("<li>") == 8
    assert "/browse/images/app-00/" in page
    assert "<html" not in page


@pytest.mark.parametrize(
    "query", ["", "\0", "*", ":", "' OR 1=1 --", "%", "_", "a" * 1000, "\u2603"]
)
def test_any_query_has_an_answer(images, admin, query):
    push(images, "app", "1")
    assert admin.get("/search/", {"q": query}).status_code == 200


def test_a_search_costs_the_same_queries_however_many_tags(images, admin):
    push(images, "app", "1")

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            admin.get("/search/?q=app:1")
        return len(seen)

    queries()
    few = queries()
    image = Image.objects.get()
    manifest = image.manifests.get()
    Tag.objects.bulk_create(
        Tag(image=image, name=f"1.{number}", manifest=manifest) for number in range(500)
    )
    assert queries() == few
