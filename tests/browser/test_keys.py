"""Keys that lead about the pages, times that stay true, and one's own account."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import HOST, Site

LIST = "/admin/repository/repositories/"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_question_mark_lists_the_keys(
    page: Page, sign_in: Callable[[], None], check_page: Callable[[str], None], theme: str
) -> None:
    page.emulate_media(color_scheme=theme)
    sign_in()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    check_page(f"keys-{theme}")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_have_count(0)


def test_g_and_a_letter_lead_to_a_page_but_not_while_typing(
    page: Page, site: Site, sign_in: Callable[[], None]
) -> None:
    sign_in()
    for letter, heading in (("r", "Repositories"), ("h", "Welcome, admin"), ("s", "Search")):
        page.keyboard.press("g")
        page.keyboard.press(letter)
        page.get_by_role("heading", name=heading, exact=True).wait_for()
    page.goto(site(LIST))
    page.get_by_label("Filter by name").press_sequentially("gs?")
    expect(page.get_by_label("Filter by name")).to_have_value("gs?")
    assert page.url.startswith(site(LIST))


def test_times_are_told_anew(page: Page, sign_in: Callable[[], None]) -> None:
    page.clock.install(time="2026-11-24T10:00:00Z")
    sign_in()
    page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend',"
        "'<time data-ago datetime=\"2026-11-24T09:59:30Z\">now</time>')"
    )
    time = page.locator("time[data-ago]")
    page.clock.fast_forward("03:00")
    expect(time).to_have_text("3 minutes ago")
    page.clock.fast_forward("02:00:00")
    expect(time).to_have_text("2 hours ago")


@pytest.mark.parametrize(("size", "theme"), [("desk", "light"), ("phone", "dark")])
def test_the_account_has_a_line_for_each_address(
    page: Page,
    site: Site,
    sign_in: Callable[[], None],
    check_page: Callable[[str], None],
    size: str,
    theme: str,
) -> None:
    page.emulate_media(color_scheme=theme)
    sign_in()
    if size == "phone":
        page.set_viewport_size({"width": 390, "height": 844})
    page.goto(site("/account/"))
    for port in (site.http_port, site.https_port):
        expect(page.get_by_text(f"docker login -u admin {HOST}:{port}")).to_be_visible()
    check_page(f"account-{size}-{theme}")
