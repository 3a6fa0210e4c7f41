"""Making, changing and deleting repositories by page."""

from __future__ import annotations

import pytest
from django.test import Client

from nexuslite.environment import PortRange
from repositories.models import GroupMember, ProxySettings, Repository
from tests.protocol.test_browse_pages import admin, push, signed_in, stranger
from tests.support.accounts import grant

__all__ = ["admin", "stranger"]

BASE = "/admin/repository/repositories/"
COMMON = {"name": "mine", "online": "on", "http_port": "8123", "blob_store": "default"}
HOSTED = {**COMMON, "write_policy": "ALLOW_ONCE", "latest_policy": "on"}
PROXY = {
    **COMMON,
    "remote_url": "https://registry-1.docker.io",
    "index_type": "HUB",
    "auto_block": "on",
    "content_max_age": "-1",
    "metadata_max_age": "60",
    "negative_cache_minutes": "10",
    "authentication": "username",
    "username": "hub",
    "secret": "hub-secret",
    "foreign_layer_whitelist": "https://a/.*\nhttps://b/.*",
}


@pytest.fixture(autouse=True)
def ports(settings, tmp_path):
    settings.NEXUSLITE_CONNECTOR_PORTS = PortRange(1, 65535)
    settings.NEXUSLITE_RUN_DIR = tmp_path
    settings.NEXUSLITE_DATA_DIR = tmp_path


def test_a_hosted_repository_is_made_and_changed(admin):
    answer = admin.post(f"{BASE}-/create/hosted/", HOSTED)
    assert answer["Location"] == "/browse/mine/"
    row = Repository.objects.get(name="mine")
    assert (row.type, row.http_port, row.write_policy, row.latest_policy) == (
        "hosted",
        8123,
        "ALLOW_ONCE",
        True,
    )
    assert row.force_basic_auth
    page = admin.get(f"{BASE}mine/").text
    assert 'value="8123"' in page
    changed = {**HOSTED, "http_port": "8124", "anonymous_pull": "on", "online": ""}
    assert admin.post(f"{BASE}mine/", changed).status_code == 302
    row.refresh_from_db()
    assert (row.http_port, row.online, row.force_basic_auth) == (8124, False, False)


def test_a_proxy_is_made_and_its_secret_is_never_shown(admin):
    assert admin.post(f"{BASE}-/create/proxy/", PROXY).status_code == 302
    row = ProxySettings.objects.get(repository__name="mine")
    assert row.remote_url == "https://registry-1.docker.io"
    assert (row.content_max_age, row.metadata_max_age) == (-1, 60)
    assert row.foreign_layer_whitelist == ["https://a/.*", "https://b/.*"]
    kept = row.authentication_secret
    assert "hub-secret" not in kept
    page = admin.get(f"{BASE}mine/").text
    assert "hub-secret" not in page
    assert 'value="hub"' in page
    assert admin.post(f"{BASE}mine/", {**PROXY, "secret": "", "retries": "3"}).status_code == 302
    row.refresh_from_db()
    assert (row.authentication_secret, row.retries) == (kept, 3)


def test_a_group_keeps_the_order_of_its_members(admin, hosted):
    hosted("first")
    hosted("second")
    values = {**COMMON, "members": ["second", "first"]}
    assert admin.post(f"{BASE}-/create/group/", values).status_code == 302
    members = GroupMember.objects.order_by("position").values_list("member__name", flat=True)
    assert list(members) == ["second", "first"]
    page = admin.get(f"{BASE}mine/").text
    assert page.index('value="second" selected') < page.index('value="first" selected')


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        ("hosted", {**HOSTED, "name": ""}, "This field is required."),
        ("hosted", {**HOSTED, "name": "Upper"}, "must be lowercase"),
        ("hosted", {**HOSTED, "name": "images"}, "already used"),
        ("hosted", {**HOSTED, "http_port": "5001"}, "already used by repository images"),
        ("hosted", {**HOSTED, "http_port": "seven"}, "Enter a whole number."),
        ("hosted", {**HOSTED, "https_port": "8123"}, "HTTP and HTTPS ports must be different."),
        ("hosted", {**HOSTED, "blob_store": "nowhere"}, "Select a valid choice"),
        ("proxy", {**PROXY, "remote_url": "ftp://x"}, "Must be a valid HTTP or HTTPS URL."),
        ("proxy", {**PROXY, "foreign_layer_whitelist": "("}, "Invalid regular expression"),
        ("proxy", {**PROXY, "secret": ""}, "Must not be null."),
        ("group", COMMON, "This field is required."),
    ],
)
def test_what_cannot_be_made_says_why_beside_the_field(admin, images, kind, values, message):
    answer = admin.post(f"{BASE}-/create/{kind}/", values)
    assert answer.status_code == 422
    assert message in answer.text
    assert "hub-secret" not in answer.text
    assert Repository.objects.count() == 1


def test_the_next_free_port_is_offered(admin, hosted):
    hosted("taken", http_port=8000)
    page = admin.get(f"{BASE}-/create/hosted/").text
    assert "Next free port: 8001" in page


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("kind=hosted&http_port=8000", "docker push registry.example:8000/"),
        ("http_port=8000&https_port=8443", "docker pull registry.example:8443/"),
        ("name=mine&path_enabled=on", "docker pull registry.example:8081/mine/"),
        ("subdomain=team", "docker pull team.registry.example:8081/"),
        ("http_port=99999999999", "Docker cannot reach it yet"),
    ],
)
def test_the_preview_shows_the_commands_of_what_is_typed(admin, query, text):
    assert text in admin.get(f"{BASE}-/preview/?{query}").text


def test_a_repository_goes_after_its_name_was_typed(admin, images):
    push(images, "app", "1")
    question = admin.get(f"{BASE}images/-/delete/").text
    assert "1 image goes, with 1 tag." in question
    wrong = admin.post(f"{BASE}images/-/delete/", {"confirmed": "yes", "expected": "x"})
    assert wrong.status_code == 422
    assert Repository.objects.exists()
    values = {"confirmed": "yes", "expected": "images"}
    assert admin.post(f"{BASE}images/-/delete/", values)["Location"] == BASE
    assert not Repository.objects.exists()


@pytest.mark.parametrize("path", ["images/", "images/-/delete/", "nowhere/"])
def test_hidden_and_unknown_settings_look_alike(stranger, images, path):
    assert stranger.get(f"{BASE}{path}").status_code == 404
    assert Client().get(f"{BASE}{path}").status_code == 302


@pytest.mark.parametrize("kind", ["hosted", "proxy", "group"])
def test_a_stranger_makes_nothing(stranger, kind):
    assert stranger.get(f"{BASE}-/create/{kind}/").status_code == 403
    assert stranger.post(f"{BASE}-/create/{kind}/", HOSTED).status_code == 403


def test_whoever_may_only_read_settings_changes_nothing(admin, images):
    grant("stranger", "nx-repository-admin-*-*-read")
    browser = signed_in("stranger")
    assert "not change them" in browser.get(f"{BASE}images/").text
    assert browser.post(f"{BASE}images/", {**HOSTED, "name": "images"}).status_code == 403
    assert browser.post(f"{BASE}images/-/delete/").status_code == 403


def test_an_unknown_kind_is_nothing(admin):
    assert admin.get(f"{BASE}-/create/maven/").status_code == 404
