"""Security by clicking and by the keyboard alone, and a look at its pages in every dress."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site
from tests.browser.test_first_pages import SIZES
from tests.support.process import ADMIN_PASSWORD

SECURITY = "/admin/security/"
PAGES = {
    "users": f"{SECURITY}users/",
    "user-create": f"{SECURITY}users/-/create/",
    "user": f"{SECURITY}users/admin/",
    "roles": f"{SECURITY}roles/",
    "role-create": f"{SECURITY}roles/-/create/",
    "role-built-in": f"{SECURITY}roles/nx-admin/",
    "privileges": f"{SECURITY}privileges/?q=docker",
    "privilege-create": f"{SECURITY}privileges/-/create/repository-view/",
    "privilege": f"{SECURITY}privileges/nx-all/",
    "anonymous": f"{SECURITY}anonymous/",
    "realms": f"{SECURITY}realms/",
    "audit": "/admin/system/audit/",
    "account": "/account/",
    "user-delete": f"{SECURITY}users/anonymous/-/delete/",
}


def test_a_role_is_made_and_changed_by_the_keyboard_alone(
    page: Page, site: Site, sign_in: Callable[[], None]
) -> None:
    sign_in()
    page.goto(site(f"{SECURITY}roles/-/create/"))
    page.get_by_label("Role ID").focus()
    page.keyboard.type("keyboard-role")
    page.keyboard.press("Tab")
    page.keyboard.type("Keyboard role")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    # The filter of the available privileges; down leads into the list.
    page.keyboard.type("view docker-hosted")
    page.keyboard.press("ArrowDown")
    available = page.get_by_role("listbox", name="Available").first
    expect(available).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.press("Enter")
    given = page.get_by_role("listbox", name="Given")
    expect(given.get_by_role("option")).to_have_count(6)
    expect(page.get_by_role("status").filter(has_text="Given: 6.")).to_be_attached()
    given.focus()
    page.keyboard.press("End")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(given.get_by_role("option")).to_have_count(5)
    page.get_by_role("button", name="Create Role").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="was created")).to_be_visible()
    page.get_by_role("link", name="Keyboard role").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("listbox", name="Given").get_by_role("option")).to_have_count(5)

    page.get_by_role("link", name="Delete role").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Delete role Keyboard role?")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="Delete role").focus()
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Delete role").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="was deleted")).to_be_visible()
    expect(page.get_by_role("link", name="Keyboard role")).to_have_count(0)


def test_the_order_of_realms_is_changed_by_buttons_and_keys(
    page: Page, site: Site, sign_in: Callable[[], None]
) -> None:
    sign_in()
    page.goto(site(f"{SECURITY}realms/"))
    active = page.get_by_role("listbox", name="Active")
    page.get_by_role("listbox", name="Available").focus()
    page.keyboard.press("Control+a")
    page.get_by_role("button", name="Add selected").click()
    count = active.get_by_role("option").count()
    last = active.get_by_role("option").last.inner_text()
    active.focus()
    page.keyboard.press("End")
    for _ in range(count):
        page.keyboard.press("Alt+ArrowUp")
    moved = active.get_by_role("option").first
    assert moved.inner_text().split("\n")[-1] == last.split("\n")[-1]
    page.get_by_role("button", name="Save").click()
    page.get_by_role("status").filter(has_text="were changed").wait_for()
    first = page.get_by_role("listbox", name="Active").get_by_role("option").first
    assert first.inner_text().split("\n")[-1] == last.split("\n")[-1]


def test_a_changed_form_is_not_left_without_a_warning(
    page: Page, site: Site, sign_in: Callable[[], None]
) -> None:
    sign_in()
    page.goto(site(f"{SECURITY}users/-/create/"))
    page.get_by_label("First Name").fill("Half")
    expect(page.get_by_text("Unsaved changes")).to_be_visible()
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.get_by_role("link", name="Cancel").click()
    page.wait_for_url(re.compile("users/$"))
    assert asked == ["beforeunload"]


def test_without_scripts_a_user_is_made_and_deleted(new_context, site: Site) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(site(f"{SECURITY}users/-/create/"))
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(ADMIN_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    for label, text in (
        ("ID", "plain"),
        ("First Name", "Plain"),
        ("Last Name", "Person"),
        ("Email", "plain@example.com"),
        ("Password", "secret"),
        ("Confirm Password", "secret"),
    ):
        page.get_by_label(label, exact=True).or_(page.get_by_label(f"{label}*")).first.fill(text)
    page.get_by_label("Roles").select_option(["nx-anonymous"])
    page.get_by_role("button", name="Create local user").click()
    page.get_by_role("link", name="plain", exact=True).click()
    page.get_by_role("link", name="Delete user").click()
    page.get_by_role("button", name="Delete user").click()
    expect(page.get_by_role("link", name="plain", exact=True)).to_have_count(0)


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
    site: Site,
    sign_in: Callable[[], None],
    check_page: Callable[[str], None],
    theme: str,
    size: str,
) -> None:
    page.set_viewport_size(SIZES[size])
    page.emulate_media(color_scheme=theme)
    sign_in()
    for name, path in PAGES.items():
        page.goto(site(path))
        check_page(f"security-{name}-{size}-{theme}")


def test_errors_dialogs_and_marked_lists_are_accessible_and_fit(
    page: Page, site: Site, sign_in: Callable[[], None], check_page: Callable[[str], None]
) -> None:
    sign_in()
    page.goto(site(f"{SECURITY}roles/-/create/"))
    page.get_by_role("listbox", name="Available").first.focus()
    page.keyboard.press("Control+a")
    check_page("security-role-marked")
    page.get_by_role("button", name="Create Role").click()
    expect(page.get_by_role("alert")).to_be_focused()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        check_page(f"security-role-errors-{theme}")
    page.goto(site(f"{SECURITY}users/anonymous/"))
    page.get_by_role("link", name="Delete user").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        check_page(f"security-dialog-{theme}")
