"""From an empty server to the commands of the first push, step by step."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.actions import admin_password_file
from accounts.directory import security_settings
from nexuslite import stamps
from nexuslite.environment import PortRange
from repositories.models import GroupMember, ProxySettings, Repository
from tests.protocol.test_browse_pages import admin, stranger
from tests.support.accounts import add_user

__all__ = ["admin", "stranger"]

PORTS = {"hosted_port": "8000", "proxy_port": "8001", "group_port": "8002"}


@pytest.fixture(autouse=True)
def fresh(settings, tmp_path, set_security):
    settings.NEXUSLITE_DATA_DIR = tmp_path
    settings.NEXUSLITE_RUN_DIR = tmp_path
    settings.NEXUSLITE_CONNECTOR_PORTS = PortRange(8000, 8100)
    set_security(active_realms=["NexusAuthenticatingRealm"])
    with stamps.change(stamps.SECURITY):
        add_user("anonymous", "!")
    admin_password_file.write("admin-password")


def test_the_first_sign_in_leads_through_all_steps_to_the_commands():
    browser = Client(headers={"host": "registry.example:8081"})
    values = {"username": "admin", "password": "admin-password", "next": "/"}
    assert browser.post("/sign-in/", values)["Location"] == "/setup/password/"
    chosen = {"password": "my own", "confirmation": "my own"}
    assert browser.post("/setup/password/", chosen)["Location"] == "/setup/anonymous/"
    assert not admin_password_file.path().exists()
    answer = browser.post("/setup/anonymous/", {"anonymous": "yes"})
    assert answer["Location"] == "/setup/repositories/"
    assert security_settings().anonymous_enabled
    assert "DockerToken" in security_settings().active_realms
    assert browser.post("/setup/repositories/", PORTS)["Location"] == "/setup/done/"
    page = browser.get("/setup/done/").text
    for text in (
        "docker login -u admin registry.example:8000",
        "docker push registry.example:8000/",
        "docker pull registry.example:8002/",
        "insecure-registries",
    ):
        assert text in page, text
    members = GroupMember.objects.order_by("position").values_list("member__name", flat=True)
    assert list(members) == ["docker-hosted", "docker-hub"]
    assert ProxySettings.objects.get().remote_url == "https://registry-1.docker.io"
    assert not Repository.objects.filter(force_basic_auth=True).exists()


def test_nothing_is_chosen_for_anybody_and_every_step_can_be_left(admin):
    page = admin.get("/setup/anonymous/")
    assert "checked" not in page.text
    assert 'href="/setup/repositories/"' in page.text
    assert admin.post("/setup/anonymous/", {}).status_code == 422
    assert admin.post("/setup/anonymous/", {"anonymous": "no"}).status_code == 302
    assert list(security_settings().active_realms) == ["NexusAuthenticatingRealm"]
    assert "no repository with an address yet" in admin.get("/setup/done/").text


def test_only_a_hosted_repository_is_made_where_that_is_wanted(admin):
    assert admin.post("/setup/repositories/", {"hosted_port": "8000"}).status_code == 302
    assert list(Repository.objects.values_list("name", flat=True)) == ["docker-hosted"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"group_port": "8000"}, "used already"),
        ({"proxy_port": "80"}, "8000-8100"),
        ({"hosted_port": ""}, "This field is required."),
    ],
)
def test_nothing_is_made_before_all_of_it_can_be(admin, changed, message):
    answer = admin.post("/setup/repositories/", {**PORTS, **changed})
    assert answer.status_code == 422
    assert message in answer.text
    assert not Repository.objects.exists()


def test_a_sign_in_on_the_way_to_a_page_still_leads_there():
    values = {"username": "admin", "password": "admin-password", "next": "/browse/x/"}
    assert Client().post("/sign-in/", values)["Location"] == "/browse/x/"


@pytest.mark.parametrize("step", ["password", "anonymous", "repositories", "done"])
def test_the_steps_are_for_administrators(stranger, step):
    assert stranger.get(f"/setup/{step}/").status_code == 403
    assert Client().get(f"/setup/{step}/").status_code == 302
