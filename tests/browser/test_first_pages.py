"""The first pages: one story, and a look at every page in every dress."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import HOST, Site
from tests.support.process import ADMIN, ADMIN_PASSWORD

LIST = "/admin/repository/repositories/"
PAGES = {
    "welcome": "/",
    "repositories": LIST,
    "repositories-none-match": f"{LIST}?q=nothing",
    "repository": "/browse/docker-hosted/",
    "repository-failed": "/browse/team-payments/",
    "status": "/admin/system/status/",
    "not-found": "/nowhere/",
}
SIZES = {"desk": {"width": 1400, "height": 900}, "phone": {"width": 390, "height": 844}}


def test_from_the_wrong_password_to_a_copied_address_and_out_again(page: Page, site: Site) -> None:
    page.goto(site(LIST))
    expect(page).to_have_title("Sign in · nexuslite")
    page.get_by_label("Username").fill(ADMIN)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Incorrect username or password")
    expect(page.get_by_label("Username")).to_have_value(ADMIN)
    expect(page.get_by_label("Password")).to_be_focused()

    page.get_by_label("Password").fill(ADMIN_PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Repositories")).to_be_visible()
    address = f"{HOST}:{site.https_port}"
    row = page.get_by_role("row", name=re.compile("docker-hosted"))
    expect(row).to_contain_text("Online")
    page.get_by_role("button", name=f"Copy {address}").click()
    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    page.get_by_label("Filter by name").click()
    page.keyboard.press("Control+v")
    expect(page.get_by_label("Filter by name")).to_have_value(address)

    page.goto(site(LIST))
    row.get_by_role("link", name="docker-hosted").click()
    expect(page.get_by_text(f"docker login -u admin {address}")).to_be_visible()
    page.get_by_role("link", name=f"{HOST}:{site.http_port}").click()
    expect(page.get_by_text('"insecure-registries"')).to_be_visible()

    page.get_by_role("button", name="account menu of admin").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_title("Sign in · nexuslite")
    page.goto(site(LIST))
    expect(page).to_have_title("Sign in · nexuslite")


def test_the_filter_follows_typing_and_the_address_bar_follows_it(
    page: Page, site: Site, sign_in: Callable[[], None]
) -> None:
    sign_in()
    page.goto(site(LIST))
    rows = page.locator("#rows tbody tr")
    expect(rows).to_have_count(4)
    page.get_by_label("Filter by name").press_sequentially("docker-")
    expect(rows).to_have_count(3)
    expect(page.get_by_text("3 of 4 repositories")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?q=docker-&type=$"))
    page.get_by_role("radio", name="Proxy").check(force=True)
    expect(page.get_by_text("No repository matches")).to_be_visible()
    page.reload()
    expect(page.get_by_role("radio", name="Proxy")).to_be_checked()
    page.get_by_role("link", name="Show all repositories").click()
    expect(rows).to_have_count(4)


def test_the_theme_is_kept(page: Page, site: Site, sign_in: Callable[[], None]) -> None:
    sign_in()
    html = page.locator("html")
    expect(html).to_have_attribute("data-bs-theme", "light")
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("button", name="Dark").click()
    expect(html).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(html).to_have_attribute("data-bs-theme", "dark")
    page.get_by_role("button", name="Theme").click()
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="As the system").click()
    expect(html).to_have_attribute("data-bs-theme", "light")


def test_an_inline_style_fails_a_test(page: Page, site: Site) -> None:
    page.goto(site("/"))
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p>')")
    page.wait_for_timeout(50)
    assert any("style" in problem for problem in page.problems)  # type: ignore[attr-defined]
    page.problems.clear()  # type: ignore[attr-defined]


def test_without_scripts_one_can_sign_in_look_and_sign_out(new_context, site: Site) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(site(LIST))
    page.get_by_label("Username").fill(ADMIN)
    page.get_by_label("Password").fill(ADMIN_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Filter by name").fill("releases")
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_title("Sign in · nexuslite")


def test_every_page_is_accessible_and_fits(
    page: Page, site: Site, sign_in: Callable[[], None], check_page: Callable[[str], None]
) -> None:
    page.goto(site("/sign-in/"))
    _check_in_every_dress(page, check_page, "sign-in")
    sign_in()
    for name, path in PAGES.items():
        page.goto(site(path))
        _check_in_every_dress(page, check_page, name)


def _check_in_every_dress(page: Page, check_page: Callable[[str], None], name: str) -> None:
    for size, viewport in SIZES.items():
        page.set_viewport_size(viewport)
        for theme in ("light", "dark"):
            # The page follows the system without being loaded anew.
            page.emulate_media(color_scheme=theme)
            expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
            check_page(f"{name}-{size}-{theme}")


@pytest.mark.parametrize(
    ("theme", "size"),
    [
        ("light", "desk"),
        ("dark", "phone"),
        pytest.param("dark", "desk", marks=pytest.mark.slow),
        pytest.param("light", "phone", marks=pytest.mark.slow),
    ],
)
def test_what_opens_is_accessible_and_fits(
    page: Page,
    site: Site,
    sign_in: Callable[[], None],
    check_page: Callable[[str], None],
    theme: str,
    size: str,
) -> None:
    page.set_viewport_size(SIZES[size])
    page.emulate_media(color_scheme=theme)
    sign_in()
    page.goto(site(LIST))
    for menu in ("account menu of admin", "Theme"):
        page.get_by_role("button", name=menu).click()
        check_page(f"menu-{menu.split()[0].lower()}-{size}-{theme}")
        page.keyboard.press("Escape")
    page.get_by_text("What is a repository?").click()
    page.get_by_role("button", name=f"Copy {HOST}:{site.http_port}").click()
    check_page(f"help-and-toast-{size}-{theme}")
    if size == "phone":
        page.get_by_role("button", name="Open navigation").click()
        expect(page.get_by_role("button", name="Close navigation")).to_be_visible()
        check_page(f"navigation-{size}-{theme}")
    page.context.clear_cookies()
    page.goto(site("/sign-in/"))
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    check_page(f"sign-in-refused-{size}-{theme}")
