"""The overview as a manager uses it: from the line of a network to the rows that a figure counts, and to an alarm."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import faults_of, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.integration,
    pytest.mark.xdist_group("product"),
    pytest.mark.timeout(240),
]


def test_from_the_lines_of_networks_to_one_of_them_its_coverage_and_its_alarm(
    page: Page, product: dict[str, Any]
) -> None:
    sign_in(page, product, "admin")
    page.get_by_role("link", name="Gaps").click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Gaps")
    page.locator(".signals-table tbody tr", has_text="Cluses").locator("a").first.click()
    page.wait_for_url(re.compile(r"network=val-darve-cluses"))
    expect(page.locator(".signals .stat")).to_have_count(10)
    page.get_by_role("link", name="Coverage").first.click()  # of the network that is chosen
    expect(page.locator(".list tbody tr").first).to_be_visible()
    page.get_by_role("link", name="Silence alarm").click()
    page.get_by_label("Task cancelled").fill("500")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("after 500 hours")
    assert faults_of(page, "/coverage/", width=1440) == []


def test_what_one_is_told_is_chosen_with_the_keyboard(page: Page, product: dict[str, Any]) -> None:
    sign_in(page, product, "auditor")
    page.click(".bell summary")
    page.get_by_role("link", name="Choose what you are told").click()
    page.locator("[name=overdue]:checked").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("saved")
    expect(page.locator("[name=overdue]:checked")).to_have_value("now")
    assert faults_of(page, "/preferences/notifications/", width=1440) == []
