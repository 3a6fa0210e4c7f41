"""Looking at images and deleting them, as a puller sees it, and with a remote that is down."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import HOST, Site
from tests.browser.test_first_pages import SIZES
from tests.clients.commands import require, skopeo
from tests.support.images import make_image, random_layer, write_layout
from tests.support.process import ADMIN, ADMIN_PASSWORD
from tests.support.server import free_port

HOSTILE = "<img src=x onerror=alert(1)>"
REPOSITORIES = "/admin/repository/repositories/"
PAGES = {
    "images": "/browse/docker-hosted/",
    "image": "/browse/docker-hosted/team/app/",
    "image-untagged": "/browse/docker-hosted/team/app/?show=untagged",
    "image-permissions": "/browse/docker-hosted/team/app/?show=permissions",
    "tag": "/browse/docker-hosted/team/app/-/tags/1.0/",
    "image-delete": "/browse/docker-hosted/team/app/-/delete/",
    "search": "/search/?q=app",
    "search-nothing": "/search/?q=nothing",
    "create-hosted": f"{REPOSITORIES}-/create/hosted/",
    "create-proxy": f"{REPOSITORIES}-/create/proxy/",
    "create-group": f"{REPOSITORIES}-/create/group/",
    "edit-hosted": f"{REPOSITORIES}docker-hosted/",
    "blob-stores": "/admin/repository/blobstores/",
    "blob-store-create": "/admin/repository/blobstores/-/create/s3/",
    "routing-rules": "/admin/repository/routing-rules/",
    "routing-rule-create": "/admin/repository/routing-rules/-/create/",
    "selectors": "/admin/repository/content-selectors/",
    "selector-create": "/admin/repository/content-selectors/-/create/",
    "audit": "/admin/system/audit/",
    "system-information": "/admin/system/information/",
    "setup-anonymous": "/setup/anonymous/",
    "setup-done": "/setup/done/",
}


@pytest.fixture(scope="module")
def filled(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The site with an image of four tags, whose labels are hostile."""
    require("skopeo")
    folder = tmp_path_factory.mktemp("images")
    labels = {"org.opencontainers.image.title": HOSTILE, HOSTILE: "javascript:alert(1)"}
    image = make_image(random_layer(20_000, "one"), random_layer(5_000, "two"), **labels)
    write_layout(folder / "layout", {"1.0": image})
    client = skopeo(folder)
    for tag in ("1.0", "1.1", "2.0", "latest"):
        client(
            "copy",
            "--dest-tls-verify=false",
            "--dest-creds",
            f"{ADMIN}:{ADMIN_PASSWORD}",
            f"oci:{folder / 'layout'}:1.0",
            f"docker://127.0.0.1:{site.http_port}/team/app:{tag}",
        ).succeeded()
    return site


def test_tags_are_deleted_in_bulk_with_their_consequences(
    page: Page, filled: Site, sign_in: Callable[[], None]
) -> None:
    sign_in()
    page.goto(filled("/browse/docker-hosted/team/app/"))
    rows = page.locator("#rows tbody tr")
    expect(rows).to_have_count(4)
    page.locator("#filter").fill("1.*")
    expect(rows).to_have_count(2)
    page.get_by_label("Select all tags of this page").check()
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_role("button", name="Delete…").click()
    dialog = page.get_by_role("dialog", name="Delete 2 tags?")
    expect(dialog).to_contain_text("Tags of the same manifests stay: 2.0, latest.")
    page.keyboard.press("Escape")
    expect(rows).to_have_count(2)
    page.get_by_label("Select 1.1").check()
    page.get_by_label("Select 1.0").uncheck()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete 1 tag").click()
    expect(page.get_by_role("status").filter(has_text="1 tag was deleted.")).to_be_visible()
    expect(page.locator("#rows tbody tr")).to_have_count(3)


def test_the_pull_command_of_the_chosen_client_is_remembered(
    page: Page, filled: Site, sign_in: Callable[[], None]
) -> None:
    sign_in()
    page.goto(filled("/browse/docker-hosted/team/app/"))
    page.get_by_role("tab", name="Docker", exact=True).press("ArrowRight")
    expect(page.get_by_role("tab", name="Podman")).to_be_focused()
    expect(page.get_by_role("tabpanel")).to_contain_text("podman pull")
    page.goto(filled("/browse/docker-hosted/team/app/-/tags/latest/"))
    expect(page.get_by_role("tabpanel")).to_contain_text("podman pull")


def test_hostile_labels_do_nothing(page: Page, filled: Site, sign_in: Callable[[], None]) -> None:
    sign_in()
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.goto(filled("/browse/docker-hosted/team/app/-/tags/latest/"))
    expect(page.get_by_text(HOSTILE).first).to_be_visible()
    assert page.locator("a[href^='javascript']").count() == 0
    assert asked == []


def test_a_puller_sees_only_what_is_theirs(page: Page, filled: Site) -> None:
    role = {
        "id": "pullers",
        "name": "pullers",
        "description": "",
        "privileges": [
            "nx-repository-view-docker-docker-hosted-browse",
            "nx-repository-view-docker-docker-hosted-read",
        ],
        "roles": [],
    }
    user = {
        "userId": "puller",
        "firstName": "P",
        "lastName": "P",
        "emailAddress": "p@example.com",
        "password": "secret",
        "status": "active",
        "roles": ["pullers"],
    }
    assert filled.program.rest("POST", "/security/roles", role).status == 200
    assert filled.program.rest("POST", "/security/users", user).status == 200
    page.goto(filled(f"/sign-in/?next={REPOSITORIES}"))
    page.get_by_label("Username").fill("puller")
    page.get_by_label("Password").fill("secret")
    page.get_by_role("button", name="Sign in").click()
    rows = page.locator("#rows tbody tr")
    expect(rows).to_have_count(1)
    expect(page.get_by_role("button", name="Create repository")).to_have_count(0)
    expect(page.get_by_role("link", name="Roles")).to_have_count(0)
    rows.get_by_role("link", name="docker-hosted").click()
    page.get_by_role("link", name="team/app").click()
    expect(page.get_by_text("docker pull").first).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Delete"))).to_have_count(0)
    expect(page.get_by_role("link", name="Permissions")).to_have_count(0)
    page.goto(filled("/browse/team-payments/"))
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()


def test_a_proxy_whose_remote_is_down_shows_it(
    page: Page, site: Site, sign_in: Callable[[], None], tmp_path: Path
) -> None:
    require("skopeo")
    port = free_port()
    document = {
        "name": "down",
        "online": True,
        "storage": {"blobStoreName": "default", "strictContentTypeValidation": True},
        "proxy": {
            "remoteUrl": f"http://127.0.0.1:{free_port()}",
            "contentMaxAge": 1440,
            "metadataMaxAge": 1440,
        },
        "negativeCache": {"enabled": True, "timeToLive": 1440},
        "httpClient": {"blocked": False, "autoBlock": True},
        "docker": {"v1Enabled": False, "forceBasicAuth": True, "httpPort": port},
        "dockerProxy": {"indexType": "REGISTRY"},
    }
    answer = site.program.rest("POST", "/repositories/docker/proxy", document)
    assert answer.status == 201, answer.body
    site.program.wait_until_open(port)
    skopeo(tmp_path)(
        "inspect",
        "--tls-verify=false",
        "--creds",
        f"{ADMIN}:{ADMIN_PASSWORD}",
        f"docker://127.0.0.1:{port}/library/nginx:1",
    ).failed()
    sign_in()
    page.goto(site(REPOSITORIES))
    row = page.get_by_role("row", name=re.compile("down"))
    expect(row).to_contain_text(re.compile("blocked", re.IGNORECASE))
    page.goto(site("/browse/down/"))
    expect(page.get_by_text(re.compile("unavailable|blocked", re.IGNORECASE)).first).to_be_visible()
    assert site.program.rest("DELETE", "/repositories/down").status == 204


@pytest.mark.parametrize(
    ("theme", "size"),
    [
        ("light", "desk"),
        pytest.param("dark", "phone", marks=pytest.mark.slow),
        pytest.param("dark", "desk", marks=pytest.mark.slow),
        pytest.param("light", "phone", marks=pytest.mark.slow),
    ],
)
def test_every_page_is_accessible_and_fits(
    page: Page,
    filled: Site,
    sign_in: Callable[[], None],
    check_page: Callable[[str], None],
    theme: str,
    size: str,
) -> None:
    page.set_viewport_size(SIZES[size])
    page.emulate_media(color_scheme=theme)
    sign_in()
    for name, path in PAGES.items():
        page.goto(filled(path))
        check_page(f"{name}-{size}-{theme}")


def test_what_opens_is_accessible_and_fits(
    page: Page, filled: Site, sign_in: Callable[[], None], check_page: Callable[[str], None]
) -> None:
    sign_in()
    page.goto(filled(REPOSITORIES))
    page.get_by_role("button", name="Create repository").click()
    check_page("create-menu")
    page.goto(filled("/browse/docker-hosted/team/app/-/tags/latest/"))
    for summary in page.locator("details > summary").all():
        summary.click()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        check_page(f"tag-open-{theme}")
    page.goto(filled("/browse/docker-hosted/team/app/"))
    page.get_by_label("Select latest").check()
    check_page("image-selected")
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("dialog").wait_for()
    check_page("image-dialog")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("app")
    page.get_by_role("list", name="Images found").get_by_role("link").first.wait_for()
    check_page("search-suggestions")
    assert HOST in page.url
