"""What the pages show, and to whom."""

from __future__ import annotations

import re
import threading

import pytest
from django.test import Client

from accounts.actions.admin_password_file import write
from nexuslite import stamps
from repositories import blob_stores
from repositories.blobs.file import FileStorage
from repositories.models import Image, Tag
from repositories.models.image import Manifest

LIST = "/admin/repository/repositories/"
BROWSE = "/browse/docker-hosted/"
STATUS = "/admin/system/status/"


def test_the_list_shows_names_policies_stores_and_addresses(admin, make_repository, set_states):
    repository = make_repository(http_port=8000, https_port=8443, write_policy="ALLOW_ONCE")
    set_states((repository, "http", 8000, ""), (repository, "https", 8443, ""))
    page = admin.get(LIST).text
    for text in ("docker-hosted", "Disable redeploy", "default", "1 of 1 repository", "Online"):
        assert text in page
    assert page.index("registry.example:8443") < page.index("registry.example:8000")


def test_a_failed_connector_shows_its_reason(admin, make_repository, set_states):
    repository = make_repository(http_port=8000)
    set_states((repository, "http", 8000, "address in use"))
    for path in (LIST, BROWSE, "/", STATUS):
        page = admin.get(path).text
        assert "address in use" in page, path


def test_the_state_of_a_port_that_was_given_up_says_nothing(admin, make_repository, set_states):
    repository = make_repository(http_port=8001)
    set_states((repository, "http", 8000, "address in use"))
    page = admin.get(LIST).text
    assert "address in use" not in page
    assert "about to open" in page


def test_a_broken_state_file_breaks_no_page(admin, make_repository, run_folder):
    make_repository(http_port=8000)
    (run_folder / "connector-states.json").write_text("[]")
    assert "about to open" in admin.get(LIST).text


@pytest.mark.parametrize(
    ("values", "address"),
    [
        ({"path_enabled": True}, "registry.example:8081/docker-hosted"),
        ({"subdomain": "images"}, "images.registry.example:8081"),
    ],
)
def test_ways_over_the_main_port_are_addresses_too(admin, make_repository, values, address):
    make_repository(**values)
    assert address in admin.get(BROWSE).text


def test_a_repository_without_a_way_in_says_so(admin, make_repository):
    make_repository()
    assert "No connector" in admin.get(LIST).text
    assert "no HTTP or HTTPS connector" in admin.get(BROWSE).text


def test_an_ipv6_host_keeps_its_brackets(admin, make_repository):
    make_repository(http_port=8000)
    page = admin.get(BROWSE, headers={"host": "[2001:db8::1]:8081"}).text
    assert "docker pull [2001:db8::1]:8000/my-app:1.0" in page


def test_the_filter_narrows_by_name_and_type(admin, make_repository):
    make_repository("alpha")
    make_repository("beta")
    make_repository("beta-mirror", type="proxy")
    rows = admin.get(LIST, {"q": "BETA", "type": "hosted"}, headers={"hx-request": "true"}).text
    assert "<html" not in rows
    assert "1 of 3 repositories" in rows
    assert "/browse/beta/" in rows
    whole = admin.get(LIST, {"q": "nothing"}).text
    assert "No repository matches" in whole
    assert "<html" in whole


def test_the_commands_are_for_this_host_port_and_user(admin, make_repository):
    make_repository(http_port=8000)
    page = admin.get(BROWSE).text
    for command in (
        "docker login -u admin registry.example:8000",
        "docker tag my-app:1.0 registry.example:8000/my-app:1.0",
        "docker push registry.example:8000/my-app:1.0",
        "docker pull registry.example:8000/my-app:1.0",
    ):
        assert command in page


def test_plain_http_comes_with_a_snippet_for_the_daemon(admin, make_repository):
    make_repository(http_port=8000, https_port=8443)
    snippet = "&quot;registry.example:8000&quot;"
    assert snippet not in admin.get(BROWSE).text
    assert snippet in admin.get(BROWSE, {"via": "registry.example:8000"}).text
    local = admin.get(BROWSE, {"via": "localhost:8000"}, headers={"host": "localhost:8081"}).text
    assert "docker pull localhost:8000/" in local
    assert "insecure-registries" not in local


def test_only_a_certificate_of_the_servers_own_making_needs_trust(admin, make_repository, settings):
    make_repository(https_port=8443)
    assert "openssl s_client -connect registry.example:8443" in admin.get(BROWSE).text
    settings.NEXUSLITE_TLS_CERTIFICATE = "/etc/nexuslite/server.pem"
    assert "openssl" not in admin.get(BROWSE).text


def test_a_read_only_repository_offers_no_push(admin, make_repository):
    make_repository(http_port=8000, write_policy="DENY")
    page = admin.get(BROWSE).text
    assert "docker push" not in page
    assert "docker pull" in page


def test_images_and_tags_are_counted(admin, make_repository):
    repository = make_repository(http_port=8000)
    image = Image.objects.create(repository=repository, name="a/b")
    manifest = Manifest.objects.create(
        image=image, digest="sha256:" + "0" * 64, media_type="x", content=b"{}", size=2
    )
    for name in ("one", "two"):
        Tag.objects.create(image=image, name=name, manifest=manifest)
    assert "with 2 tags" in admin.get("/").text


def test_hidden_and_unknown_repositories_look_alike(nobody, make_repository):  # fault 25
    make_repository(http_port=8000)
    hidden, unknown = nobody.get(BROWSE), nobody.get("/browse/unknown/")
    assert hidden.status_code == unknown.status_code == 404
    tokens = re.compile(r'"\w{64}"')
    assert tokens.sub("", hidden.text) == tokens.sub("", unknown.text)
    assert "docker-hosted" not in nobody.get(LIST).text
    assert "docker-hosted" not in nobody.get("/").text


def test_status_is_for_those_who_may_read_it(admin, nobody):
    assert "Blob Stores Ready" in admin.get(STATUS).text
    refused = nobody.get(STATUS)
    assert refused.status_code == 403
    assert STATUS not in refused.text
    assert Client().get(STATUS).status_code == 302


def test_a_blob_store_that_hangs_does_not_hang_the_status(admin, make_repository, monkeypatch):
    make_repository()
    stuck = threading.Event()
    monkeypatch.setattr(blob_stores, "PROBE_SECONDS", 0.1)
    monkeypatch.setattr(FileStorage, "check", lambda self: stuck.wait(30))
    try:
        assert "default: The blob store does not answer." in admin.get(STATUS).text
    finally:
        stuck.set()


def test_how_the_server_is_is_told_only_to_those_who_may_read_it(admin, nobody, make_repository):
    make_repository()
    assert "Everything is up and running" in admin.get("/").text
    write("first")
    assert "first password" in admin.get("/").text
    page = nobody.get("/").text
    assert "Everything is up" not in page
    assert "first password" not in page


def test_status_reports_a_missing_blob_store_and_the_first_password(admin, make_repository):
    make_repository()
    write("first")
    page = admin.get(STATUS).text
    assert "2 checks are failing" in page
    assert "is missing or no folder" in page


def test_anonymous_access_shows_what_the_anonymous_user_may_browse(
    make_user, make_repository, set_security
):
    make_repository(http_port=8000)
    set_security(anonymous_enabled=True, anonymous_user_id="admin")
    make_user("admin", "secret")
    stranger = Client(headers={"host": "registry.example:8081"})
    assert "registry.example:8000" in stranger.get("/").text
    page = stranger.get(BROWSE).text
    assert "docker login registry.example:8000" in page
    assert "Sign in" in page


def test_an_empty_server_offers_an_administrator_the_next_step(admin, nobody):
    for kind in ("hosted", "proxy", "group"):
        assert f'href="{LIST}-/create/{kind}/"' in admin.get(LIST).text
    assert "/-/create/" not in nobody.get(LIST).text


@pytest.mark.parametrize("path", ["/", LIST])
def test_the_number_of_queries_does_not_grow_with_the_repositories(
    admin, make_repository, queries, path
):
    make_repository("first", http_port=8000)
    admin.get(path)
    with queries() as few:
        admin.get(path)
    for number in range(20):
        make_repository(f"more-{number}", http_port=9000 + number)
    admin.get(path)
    with queries() as many:
        admin.get(path)
    assert len(many) == len(few)


def test_unknown_paths_answer_people_with_a_page_and_programs_without(admin):
    assert "There is nothing here" in admin.get("/nowhere/").text
    answer = admin.get("/service/nowhere")
    assert (answer.status_code, answer.content) == (404, b"")


def test_a_failure_shows_a_page_and_no_detail(admin, monkeypatch):
    def broken(*_: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr("repositories.web.views.browsable_repositories", broken)
    admin.raise_request_exception = False
    answer = admin.get(LIST)
    assert answer.status_code == 500
    assert "Something went wrong" in answer.text
    assert "secret detail" not in answer.text


def test_a_malformed_host_is_refused(admin, make_repository):
    make_repository(http_port=8000)
    assert admin.get(LIST, headers={"host": 'a"b<c>'}).status_code == 400


@pytest.mark.parametrize("path", ["/", "/sign-in/", LIST, "/nowhere/"])
def test_every_page_has_the_strict_policy(admin, path):
    answer = admin.get(path)
    assert "default-src 'none'; script-src 'self'" in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("cookie", "theme"), [("dark", "dark"), ("", "auto"), ('"><b>', "auto")])
def test_the_theme_cookie_is_rendered_only_when_it_is_a_theme(admin, cookie, theme):
    admin.cookies["theme"] = cookie
    assert f'data-theme="{theme}"' in admin.get("/").text


def test_a_change_is_seen_by_the_next_page(admin, make_repository):
    repository = make_repository(http_port=8000)
    assert "registry.example:8000" in admin.get(LIST).text
    with stamps.change(stamps.CONFIGURATION):
        type(repository).objects.update(http_port=8002)
    assert "registry.example:8002" in admin.get(LIST).text


def test_system_information_masks_secrets(admin, nobody, settings):
    settings.NEXUSLITE_ADMIN_PASSWORD = "very secret"
    settings.NEXUSLITE_REMOTE_HTTP_PROXY = "http://user:hidden@proxy"
    page = admin.get("/admin/system/information/").text
    assert "NEXUSLITE_DATA_DIR" in page
    answer = admin.get("/admin/system/information/?format=json")
    assert answer["Content-Disposition"].startswith("attachment")
    for text in (page, answer.text):
        assert "very secret" not in text
        assert "user:hidden" not in text
    assert nobody.get("/admin/system/information/").status_code == 403
