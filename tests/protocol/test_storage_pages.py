"""Blob stores and routing rules by page."""

from __future__ import annotations

import pytest

from repositories.models import BlobStore, Repository, RoutingRule
from tests.protocol.test_browse_pages import admin, push, stranger
from tests.support.accounts import grant

__all__ = ["admin", "stranger"]

STORES = "/admin/repository/blobstores/"
RULES = "/admin/repository/routing-rules/"
RULE = {
    "name": "own-names",
    "description": "Keep the team's names",
    "mode": "BLOCK",
    "matchers": "/v2/team/.*\n\n/v2/internal/.*",
}


@pytest.fixture(autouse=True)
def data_folder(settings, tmp_path):
    settings.NEXUSLITE_DATA_DIR = tmp_path
    settings.NEXUSLITE_RUN_DIR = tmp_path


def test_the_list_shows_figures_and_who_uses_a_store(admin, images):
    push(images, "app", "1", layer=b"x" * 5000)
    page = admin.get(STORES).text
    for text in ("default", "Started", "5.0", "1 repository"):
        assert text in page, text


def test_a_file_store_is_made_changed_and_deleted(admin, tmp_path):
    values = {"name": "second", "path": "second", "quota_type": "spaceUsedQuota"}
    missing = admin.post(f"{STORES}-/create/file/", values)
    assert missing.status_code == 422
    assert "A quota needs a limit." in missing.text
    answer = admin.post(f"{STORES}-/create/file/", {**values, "quota_limit": "5"})
    assert answer["Location"] == STORES
    store = BlobStore.objects.get(name="second")
    assert (store.quota_type, store.quota_limit) == ("spaceUsedQuota", 5_000_000)
    assert (tmp_path / "blobs" / "second").is_dir()
    changed = {"path": "second", "quota_type": ""}
    assert admin.post(f"{STORES}second/", changed).status_code == 302
    store.refresh_from_db()
    assert store.quota_type == ""
    confirmed = {"confirmed": "yes", "expected": "second"}
    assert admin.post(f"{STORES}second/-/delete/", confirmed).status_code == 302
    assert not BlobStore.objects.filter(name="second").exists()


def test_a_store_in_use_is_not_deleted_and_names_its_users(admin, images):
    assert "images" in admin.get(f"{STORES}default/-/delete/").text
    confirmed = {"confirmed": "yes", "expected": "default"}
    answer = admin.post(f"{STORES}default/-/delete/", confirmed)
    assert answer.status_code == 422
    assert "in use and cannot be deleted" in answer.text


def test_a_store_over_its_soft_quota_says_so(admin, images):
    push(images, "app", "1", layer=b"x" * 5000)
    BlobStore.objects.update(quota_type="spaceUsedQuota", quota_limit=1000)
    assert "Over its soft quota" in admin.get(STORES).text


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        ("file", {"name": "x", "path": "../x"}, "Path must not"),
        ("file", {"name": "default", "path": "x"}, "already used"),
        ("file", {"name": "", "path": "x"}, "This field is required."),
        ("s3", {"name": "x", "bucket": "b", "region": "r", "endpoint": "x:"}, "http(s) URL"),
        (
            "s3",
            {"name": "x", "bucket": "b", "region": "r", "access_key_id": "k"},
            "needs the secret",
        ),
    ],
)
def test_what_cannot_be_made_says_why(admin, kind, values, message):
    answer = admin.post(f"{STORES}-/create/{kind}/", values)
    assert answer.status_code == 422
    assert message in answer.text
    assert BlobStore.objects.count() == 1


def test_a_rule_is_made_tried_changed_and_deleted(admin):
    assert admin.post(f"{RULES}-/create/", RULE)["Location"] == RULES
    rule = RoutingRule.objects.get()
    assert rule.matchers == ["/v2/team/.*", "/v2/internal/.*"]
    tried = {**RULE, "path": "/v2/team/app/manifests/1"}
    assert "Blocked" in admin.post(f"{RULES}-/try/", tried).text
    assert "Allowed" in admin.post(f"{RULES}-/try/", {**tried, "path": "/v2/nginx"}).text
    assert "Allowed" in admin.post(f"{RULES}-/try/", {**tried, "mode": "ALLOW"}).text
    changed = {**RULE, "name": "renamed", "mode": "ALLOW"}
    assert admin.post(f"{RULES}own-names/", changed).status_code == 302
    rule.refresh_from_db()
    assert (rule.name, rule.mode) == ("renamed", "ALLOW")
    assert admin.post(f"{RULES}renamed/-/delete/", {"confirmed": "yes"}).status_code == 302
    assert not RoutingRule.objects.exists()


def test_a_bad_expression_is_told_beside_the_matchers(admin):
    answer = admin.post(f"{RULES}-/create/", {**RULE, "matchers": "ok\n("})
    assert answer.status_code == 422
    assert "Invalid regular expression" in answer.text
    assert "missing" in admin.post(f"{RULES}-/try/", {**RULE, "matchers": "("}).text


@pytest.mark.parametrize("path", [STORES, f"{STORES}default/", f"{STORES}-/create/file/", RULES])
def test_a_stranger_sees_nothing(stranger, path):
    assert stranger.get(path).status_code == 403


def test_whoever_may_only_look_at_stores_changes_nothing(stranger):
    grant("stranger", "nx-blobstores-read")
    assert "not change it" in stranger.get(f"{STORES}default/").text
    assert stranger.post(f"{STORES}default/", {"path": "x"}).status_code == 403
    assert stranger.post(f"{STORES}-/create/file/", {"name": "x", "path": "x"}).status_code == 403
    assert stranger.post(f"{STORES}default/-/delete/", {"confirmed": "yes"}).status_code == 403
    assert Repository.objects.count() == 0
