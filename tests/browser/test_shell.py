"""The frame of every page as people use it: what stays in view, menus, questions, themes, news from live parts."""

from __future__ import annotations

import re
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


def top_of(page: Page, selector: str) -> float:
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    return box["y"]


@pytest.mark.parametrize("width", [1440, 390])
def test_the_frame_and_the_day_stay_in_view_on_a_long_page(page: Page, product: dict[str, Any], width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    sign_in(page, product, "admin")
    page.goto(product["portal_url"] + "/timeline/")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_function("window.scrollY > 800")
    assert top_of(page, ".top") == pytest.approx(0, abs=1)  # a part of a pixel is no movement
    if width > 760:
        assert top_of(page, ".side") == pytest.approx(0, abs=1)
    bar = page.locator(".top").bounding_box()
    assert bar is not None
    days = [top_of(page, f".day >> nth={number}") for number in range(page.locator(".day").count())]
    assert any(abs(top - bar["height"]) <= 1 for top in days), "the day being read has its heading under the bar"


def test_a_network_is_found_by_typing(page: Page, product: dict[str, Any]) -> None:
    sign_in(page, product, "admin")
    page.goto(product["portal_url"] + "/timeline/")
    page.keyboard.press("n")
    expect(page.locator(".switcher input")).to_be_focused()
    page.keyboard.type("SHEFF")
    expect(page.locator(".switcher li:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/timeline/?network=*sheffield*")
    expect(page.locator(".switcher .name")).to_contain_text("Sheffield")


def test_a_destructive_act_asks_and_cancel_sends_nothing(page: Page, product: dict[str, Any]) -> None:
    sign_in(page, product, "admin")
    page.goto(product["portal_url"] + "/styleguide/")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.click("form[data-confirm] .btn-danger")
    expect(page.locator("#confirm")).to_contain_text("cannot be undone")
    page.click("#confirm .btn >> nth=0")
    expect(page.locator("#confirm")).to_be_hidden()
    assert sent == []
    page.click("form[data-confirm] .btn-danger")
    with page.expect_request(lambda request: request.method == "POST"):
        page.click("#confirm [value=yes]")


def test_theme_and_density_change_from_the_menu_and_are_kept(page: Page, product: dict[str, Any]) -> None:
    sign_in(page, product, "auditor")
    try:
        for name, value, mark in [("theme", "dark", "data-bs-theme"), ("density", "compact", "data-density")]:
            page.click(".person summary")
            page.click(f".person button[name={name}][value={value}]")
            expect(page.locator("html")).to_have_attribute(mark, value)
        page.goto(product["portal_url"] + "/networks/")
        expect(page.locator("html[data-bs-theme=dark][data-density=compact]")).to_have_count(1)
    finally:
        for name, value in [("theme", "auto"), ("density", "comfortable")]:
            page.goto(product["portal_url"] + "/preferences/")
            page.select_option(f"main [name={name}]", value)
            page.click("main form button.btn-primary")


def test_the_narrow_menu_is_remembered(page: Page, product: dict[str, Any]) -> None:
    sign_in(page, product, "admin")
    page.click(".nav-collapse")
    page.reload()
    side = page.locator(".side").bounding_box()
    assert side is not None
    assert side["width"] < 60
    expect(page.locator("#navigation").get_by_role("link", name="Timeline", exact=True)).to_be_visible()


def test_a_live_part_that_fails_says_so_once_and_takes_it_back(page: Page, product: dict[str, Any]) -> None:
    sign_in(page, product, "admin")
    page.goto(product["portal_url"] + "/timeline/")
    page.route("**/timeline/new/**", lambda route: route.fulfill(status=502, body=""))
    expect(page.locator(".toast-line")).to_contain_text("502")
    with page.expect_response("**/timeline/new/**"):
        pass
    expect(page.locator(".toast-line")).to_have_count(1)
    page.unroute("**/timeline/new/**")
    expect(page.locator(".toast-line")).to_have_count(0, timeout=10_000)


def test_the_menu_of_a_phone_opens_without_a_script(browser: Browser, product: dict[str, Any]) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    try:
        page = context.new_page()
        sign_in(page, product, "admin")
        link = page.locator(".side a", has_text="Timeline")
        expect(link).to_be_hidden()
        page.click(".nav-toggle")
        expect(link).to_be_visible()
    finally:
        context.close()


@pytest.mark.parametrize("width", [1440, 390])
def test_a_person_is_found_by_typing_and_the_menu_stays_on_the_screen(
    page: Page, product: dict[str, Any], width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    sign_in(page, product, "auditor")
    page.goto(product["portal_url"] + "/timeline/")
    if width < 760:
        page.click(".filters-toggle")
    page.click("summary:has-text('Person or thing')")
    expect(page.locator("[name=about]")).to_be_focused()
    page.keyboard.type("rowbotham")
    expect(page.locator("#subjects li")).to_have_count(1)
    menu = page.locator(".filters details[open] .menu-body").bounding_box()
    assert menu is not None
    assert menu["x"] >= 0
    assert menu["x"] + menu["width"] <= width
    page.keyboard.press("ArrowDown")
    page.locator("#subjects a").press("Enter")
    page.wait_for_url("**kind=person**")
    expect(page.locator(".event").first).to_contain_text("Rowbotham")
    page.click(".bell summary")
    bell = page.locator(".bell .menu-body").bounding_box()
    assert bell is not None
    assert bell["x"] >= 0
    assert bell["x"] + bell["width"] <= width


def test_a_person_is_found_without_a_script(browser: Browser, product: dict[str, Any]) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    try:
        page = context.new_page()
        sign_in(page, product, "auditor")
        page.goto(product["portal_url"] + "/timeline/?about=rowbotham")
        page.locator("#subjects a").click()
        expect(page.locator(".event").first).to_contain_text("Rowbotham")
    finally:
        context.close()


@pytest.mark.parametrize("close", ["Escape", "button"])
def test_the_focus_comes_back_from_the_list_of_shortcuts(page: Page, product: dict[str, Any], close: str) -> None:
    sign_in(page, product, "admin")
    page.goto(product["portal_url"] + "/timeline/")

    def leave() -> None:
        expect(page.locator("#shortcuts")).to_be_visible()
        if close == "Escape":
            page.keyboard.press("Escape")
        else:
            page.click("#shortcuts .btn")

    page.click(".person summary")
    page.locator(".person [data-dialog=shortcuts]").press("Enter")
    leave()
    assert page.evaluate("document.activeElement.matches('.person > summary')")  # at once, not after a while
    page.keyboard.press("j")
    page.keyboard.press("?")
    leave()
    assert page.evaluate("document.activeElement.matches('.event-open')")


def test_a_row_is_one_tab_stop_and_its_other_links_are_reached_by_arrows(page: Page, product: dict[str, Any]) -> None:
    sign_in(page, product, "admin")
    page.goto(product["portal_url"] + "/timeline/")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the events")).to_be_focused()
    page.keyboard.press("Enter")
    for number in range(3):
        page.keyboard.press("Tab")
        expect(page.locator(".event-open").nth(number)).to_be_focused()
    links = page.locator(".event").nth(2).locator("a")
    page.keyboard.press("ArrowLeft")
    expect(links.nth(links.count() - 2)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".event-open").nth(2)).to_be_focused()
    # A screen reader hears what the row says, and finds every link of it.
    described = page.locator(".event-open").first.get_attribute("aria-describedby")
    expect(page.locator(f"[id='{described}']")).to_have_text(page.locator(".event-text").first.inner_text())


def test_without_a_script_every_link_of_a_row_is_a_tab_stop(browser: Browser, product: dict[str, Any]) -> None:
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        sign_in(page, product, "admin")
        page.goto(product["portal_url"] + "/timeline/")
        expect(page.locator(".event a[tabindex]")).to_have_count(0)
        page.goto(product["portal_url"] + "/networks/val-darve-cluses/events/300/")
        expect(page.locator(".tree")).to_be_visible()
    finally:
        context.close()


@pytest.mark.parametrize(("width", "is_open"), [(1440, True), (390, False)])
def test_the_payload_is_folded_on_a_phone_only(page: Page, product: dict[str, Any], width: int, is_open: bool) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    sign_in(page, product, "auditor")
    page.goto(product["portal_url"] + "/networks/val-darve-cluses/events/300/")
    expect(page.locator(".tree")).to_be_visible(visible=is_open)
    if not is_open:
        page.locator("summary", has_text="Payload").click()
        expect(page.locator(".tree")).to_be_visible()
    tops = [
        page.locator("h2", has_text=word).first.evaluate("e => e.getBoundingClientRect().top + scrollY")
        for word in ("Facts", "Deliveries", "Payload")
    ]
    assert tops == sorted(tops)


def test_the_control_page_of_the_sandbox_fits_a_phone(page: Page, product: dict[str, Any]) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(product["sandbox_url"])
    found = faults_of(page, "/", width=390)
    page.locator("main h2 a").first.click()
    found += faults_of(page, "a network", width=390)
    for scroller in page.locator(".scroll:visible").all():
        assert scroller.evaluate("e => e.scrollWidth <= e.clientWidth"), "tables become cards"
    small = page.locator("button:visible, input:visible:not([type=checkbox]), select:visible")
    found += [f"{box} is small" for box in small.all() if (size := box.bounding_box()) and size["height"] < 40]
    assert "\n".join(found) == ""


def test_a_filter_that_is_left_open_is_no_part_of_the_address(page: Page, product: dict[str, Any]) -> None:
    sign_in(page, product, "auditor")
    for path in ("/timeline/", "/stock/", "/tasks/", "/trail/"):
        page.goto(product["portal_url"] + path)
        with page.expect_navigation():
            page.locator("form.filters > button, form.filters .filters-end > button").last.click()
        assert not re.search(r"=(&|$)", page.url), page.url
    page.goto(product["portal_url"] + "/timeline/")
    with page.expect_navigation():
        page.select_option("form.filters [name=period]", "7d")
    assert page.url.endswith("/timeline/?period=7d")
