"""A manager asks what is in stock and why, counts a shelf with a sheet, and sends what was counted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import faults_of, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.integration,
    pytest.mark.xdist_group("product"),
    pytest.mark.timeout(240),
]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_from_the_list_to_the_event_behind_a_level(
    page: Page, product: dict[str, Any], scheme: Any, width: int
) -> None:
    page.emulate_media(color_scheme=scheme)
    sign_in(page, product, "auditor")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(product["portal_url"] + "/stock/")
    if width < 760:
        page.click(".filters-toggle")
    page.get_by_label("Part", exact=True).fill("electrovanne")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("q=electrovanne"))
    expect(page.locator("table.stock tbody tr")).to_have_count(2)  # of two plants, whatever the accents
    page.locator("table.stock tbody a").first.click()
    expect(page.locator("#level-chart canvas")).to_be_visible()
    for summary in page.locator("details.how > summary").all():
        summary.click()
    found = faults_of(page, "part", width=width)
    page.locator(".entry-open").first.click()
    expect(page.locator("h2", has_text="Payload")).to_be_visible()
    assert "\n".join(found) == ""


def test_the_stock_of_a_past_moment_is_asked_for_by_keyboard(page: Page, product: dict[str, Any]) -> None:
    sign_in(page, product, "auditor")
    page.goto(product["portal_url"] + "/stock/?network=val-darve-cluses")
    page.locator("summary", has_text="Moment").press("Enter")
    # Within the history that the demo has.
    page.evaluate(
        """() => {
            const then = new Date(Date.now() - 10 * 24 * 3600 * 1000).toISOString().slice(0, 16);
            document.querySelector("[name=at]").value = then;
        }"""
    )
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url(re.compile("at="))
    expect(page.get_by_text("The stock as it was on")).to_be_visible()
    expect(page.locator("table.stock tbody tr").first).to_be_visible()


def test_a_count_sheet_goes_out_and_comes_back(page: Page, product: dict[str, Any], tmp_path: Path) -> None:
    sign_in(page, product, "manager")
    page.goto(product["portal_url"] + "/stock/?network=val-darve-cluses&q=chaine")
    page.locator("summary", has_text="Count sheet").click()
    assert "\n".join(faults_of(page, "count sheet", width=1440)) == ""
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    sheet = tmp_path / "sheet.csv"
    download.value.save_as(sheet)
    page.goto(product["portal_url"] + "/networks/val-darve-cluses/send/replaceSparePartStock/")
    page.get_by_label("File").set_input_files(sheet)
    page.get_by_role("button", name="Upload the file").click()
    # Nothing is left to say of its columns.
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator("#figures")).to_be_visible(timeout=20_000)
    keep = page.get_by_role("button", name="Keep the count")
    if keep.count():  # the plant lives on, and the part may have moved meanwhile
        keep.first.click()
    expect(page.get_by_role("button", name="Send 1 row")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_times_of_a_chart_are_written_as_the_page_writes_them(
    page: Page, product: dict[str, Any], language: str
) -> None:
    """uPlot by itself writes 9/15 and 4:21am in every language."""
    page.add_init_script(
        """const plain = CanvasRenderingContext2D.prototype.fillText;
        window.written = [];
        CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
            window.written.push(text);
            return plain.call(this, text, ...rest);
        };"""
    )
    sign_in(page, product, "auditor")
    page.goto(product["portal_url"] + "/stock/?q=electrovanne")

    def speak(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('data-language="en"', f'data-language="{language}"'))

    page.route("**/part/**", speak)
    page.locator("table.stock tbody a").first.click()
    expect(page.locator("#level-chart")).to_have_attribute("data-language", language)
    expect(page.locator("#level-chart canvas")).to_be_visible()
    written = page.evaluate("window.written")
    assert written
    assert not [text for text in written if re.search(r"\d/\d|[ap]m\b", text, re.IGNORECASE)], written
