"""What a proxy holds can be deleted by whoever may delete, and is fetched anew when asked for."""

from __future__ import annotations

import pytest

from repositories.models import Tag
from tests.protocol.test_browse_pages import signed_in
from tests.support.accounts import grant
from tests.support.registry import RegistryClient

PAGE = "/browse/mirror/app/-/delete-tags/"
CONFIRMED = {"tag": ["latest"], "confirmed": "yes"}


@pytest.fixture
def mirror(remote, proxy_of, settings, tmp_path) -> RegistryClient:
    settings.NEXUSLITE_RUN_DIR = tmp_path
    remote.add_image("app")
    client = proxy_of("mirror")
    client.get("app/manifests/latest").expect(200)
    return client


def test_a_cached_tag_is_deleted_by_page_and_comes_back_when_pulled(remote, mirror):
    browser = signed_in("admin")
    assert "1 tag goes." in browser.get(f"{PAGE}?tag=latest").text
    assert browser.post(PAGE, CONFIRMED).status_code == 302
    assert not Tag.objects.exists()
    remote.forget()
    mirror.get("app/manifests/latest").expect(200)
    assert remote.requests("GET", "/manifests/latest")


def test_a_cached_image_is_deleted_by_page(mirror):
    values = {"confirmed": "yes", "expected": "app"}
    answer = signed_in("admin").post("/browse/mirror/app/-/delete/", values)
    assert answer.status_code == 302
    assert not Tag.objects.exists()


def test_deleting_what_is_cached_needs_the_privilege(mirror):
    grant("stranger", "nx-repository-view-*-*-browse", "nx-repository-view-*-*-read")
    assert signed_in("stranger").post(PAGE, CONFIRMED).status_code == 403
    grant("stranger", "nx-repository-view-*-*-browse", "nx-repository-view-*-*-delete")
    assert signed_in("stranger").post(PAGE, CONFIRMED).status_code == 302
    assert not Tag.objects.exists()


def test_the_registry_api_of_a_proxy_takes_no_deletion(mirror):
    mirror.delete("app/manifests/latest").expect(405, "UNSUPPORTED")
