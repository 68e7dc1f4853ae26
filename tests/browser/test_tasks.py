"""From the list of tasks to the evidence of one, by keyboard and without a script."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import faults_of, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.integration,
    pytest.mark.xdist_group("product"),
    pytest.mark.timeout(240),
]


def test_a_manager_narrows_the_tasks_and_opens_the_evidence_of_one(page: Page, product: dict[str, Any]) -> None:
    sign_in(page, product, "admin")
    page.get_by_role("link", name="Tasks", exact=True).click()
    page.locator(".tabs a", has_text="Started").click()
    page.wait_for_url("**state=started**")
    expect(page.locator(".list .state", has_text="Started").first).to_be_visible()
    page.click("summary:has-text('Person or thing')")
    page.locator("[name=about]").press_sequentially("cooling")
    expect(page.locator("#things li").first).to_be_visible()
    page.locator("#things a").first.click()
    page.wait_for_url("**equipment=**")
    page.locator(".chips .chip", has_text="Started").click()
    page.get_by_role("link", name="Board").click()
    page.wait_for_url("**/tasks/board/**equipment=**")
    page.locator(".task-card a").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("h2", has_text="History")).to_be_visible()
    assert faults_of(page, "task", width=1440) == []
    page.locator(".checklist a", has_text="Event").first.click()
    expect(page.locator("h2", has_text="Payload")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figures_are_drawn_and_stand_in_a_table_too(browser: Browser, product: dict[str, Any], theme: Any) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=theme)
    try:
        page = context.new_page()
        sign_in(page, product, "auditor")
        page.goto(product["portal_url"] + "/tasks/figures/")
        expect(page.locator(".chart canvas")).to_be_visible()
        page.locator(".behind summary").click()
        expect(page.locator(".behind td").first).to_be_visible()
        page.locator(".figures summary").first.click()
        assert faults_of(page, "figures", width=390) == []
        page.goto(product["portal_url"] + "/tasks/board/")
        assert faults_of(page, "board", width=390) == []
    finally:
        context.close()


def test_the_tasks_work_without_a_script(browser: Browser, product: dict[str, Any]) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, java_script_enabled=False)
    try:
        page = context.new_page()
        sign_in(page, product, "auditor")
        page.goto(product["portal_url"] + "/tasks/")
        page.get_by_role("link", name="Further").click()
        page.get_by_role("link", name="Back", exact=True).click()
        page.fill("[name=tag]", "$corrective")
        page.locator(".filters").get_by_role("button", name="Filter").click()
        page.wait_for_url("**tag=**")
        expect(page.locator(".chip")).to_contain_text("$corrective")
        page.goto(product["portal_url"] + "/tasks/figures/")
        expect(page.locator(".behind summary")).to_be_visible()
    finally:
        context.close()
