"""Choosing a language by clicking, and what pages look like in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import HOST, Site
from tests.support.process import ADMIN, ADMIN_PASSWORD

SIZES = {"desk": (1400, 900), "phone": (390, 844)}


@pytest.mark.parametrize("size", SIZES)
def test_a_reader_of_chinese_signs_in_and_looks_around(
    page: Page, site: Site, check_page: Callable[[str], None], size: str
) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    page.goto(site("/sign-in/?next=/admin/repository/repositories/"))
    page.get_by_role("button", name="简体中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    check_page(f"chinese-sign-in-{size}")
    page.get_by_label("用户名").fill(ADMIN)
    page.get_by_label("密码").fill(ADMIN_PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.get_by_role("heading", name="仓库", exact=True).wait_for()
    page.get_by_role("button", name="主题和语言").click()
    check_page(f"chinese-repositories-{size}")
    page.get_by_role("button", name="English").click()
    page.get_by_role("heading", name="Repositories", exact=True).wait_for()


def test_a_language_can_be_chosen_without_javascript(page: Page, site: Site) -> None:
    browser = page.context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(site("/sign-in/"))
    plain.get_by_role("button", name="简体中文").click()
    expect(plain.get_by_role("heading", name="登录")).to_be_visible()
    assert HOST in plain.url
    context.close()
