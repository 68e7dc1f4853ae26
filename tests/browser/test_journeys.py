"""What people do with the running product, in a real browser, from sign-in to the event they look for."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import faults_of, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.integration,
    pytest.mark.xdist_group("product"),
    pytest.mark.timeout(240),
]

PAGES = [
    "/", "/?network=val-darve-cluses", "/?sort=gaps", "/coverage/", "/coverage/?network=val-darve-cluses",
    "/networks/val-darve-cluses/silence/", "/notices/", "/preferences/notifications/",
    "/timeline/", "/timeline/?q=nothing-like-this", "/networks/", "/networks/val-darve-cluses/",
    "/networks/val-darve-annecy/quarantine/", "/networks/val-darve-cluses/events/300/", "/networks/connect/",
    "/send/", "/send/?network=val-darve-cluses", "/jobs/", "/jobs/?state=done",
    "/tasks/", "/tasks/?q=nothing-like-this", "/tasks/board/?network=val-darve-cluses", "/tasks/figures/",
    "/networks/val-darve-cluses/things/equipment/?key=id:2502",
    "/networks/val-darve-cluses/send/scheduleTask/", "/networks/val-darve-cluses/send/updateSpareParts/one/",
    "/networks/val-darve-cluses/listen/",
    "/networks/val-darve-cluses/secrets/add/", "/people/", "/trail/", "/help/", "/api/",
    "/preferences/", "/stock/", "/stock/?q=nothing-like-this", "/stock/?network=val-darve-cluses&sort=-level",
    "/stock/?network=val-darve-cluses&at=2026-01-01T00:00", "/stock/gaps/?state=all", "/stock/gaps/?state=closed",
    "/stock/low/", "/stock/low/?kind=out", "/networks/val-darve-cluses/stock/part/?key=id:88107",
    "/networks/val-darve-annecy/stock/part/?key=id:88100", "/networks/val-darve-cluses/stock/location/?key=id:5302",
]  # fmt: skip


def test_a_fourth_network_is_connected_and_its_eleven_types_turn_green(page: Page, product: dict[str, Any]) -> None:
    made = httpx.post(
        product["sandbox_url"] + "/control/api/networks",
        json={
            "name": "Fourth Plant",
            "timezone": "Europe/Paris",
            "currency": "EUR",
            "plan": "premium",
            "language": "en",
        },
    ).json()
    sign_in(page, product, "admin")
    page.get_by_role("link", name="Connect a network").first.click()
    page.get_by_label("API key").fill("this-key-is-wrong")
    page.get_by_role("button", name="Check the key").click()
    expect(page.locator(".field-error")).to_contain_text("does not accept this API key")
    page.get_by_label("API key").fill(made["api_key"])
    page.get_by_role("button", name="Check the key").click()
    expect(page.locator("h1")).to_have_text("Is this the network?")
    page.get_by_role("button", name="Connect", exact=True).click()
    page.wait_for_url(re.compile("/listen/$"))
    texts = page.locator("[data-copy]").evaluate_all("items => items.map(item => item.dataset.copy)")
    url = next(text for text in texts if text.startswith("http"))
    secret = next(text for text in texts if not text.startswith("http"))
    control = f"{product['sandbox_url']}/control/api/networks/{made['network_id']}"
    httpx.put(control + "/subscriptions", json={"url": url, "secret": secret}).raise_for_status()
    httpx.post(control + "/send", json={}, timeout=30).raise_for_status()
    expect(page.locator(".checklist li.heard")).to_have_count(11, timeout=30_000)


def test_an_event_of_last_month_is_found_in_three_clicks(page: Page, product: dict[str, Any]) -> None:
    sign_in(page, product, "auditor")
    page.get_by_role("link", name="Timeline").first.click()
    page.get_by_label("Period").select_option("90d")
    page.wait_for_url(re.compile("period=90d"))
    page.locator(".event .event-open").last.click()
    expect(page.locator("h2", has_text="Payload")).to_be_visible()


def test_new_events_announce_themselves_without_moving_the_page(page: Page, product: dict[str, Any]) -> None:
    sign_in(page, product, "manager")
    page.goto(product["portal_url"] + "/timeline/")
    expect(page.locator(".pill")).to_be_visible(timeout=60_000)
    page.locator(".pill").click()
    expect(page.locator(".event").first).to_be_visible()


@pytest.mark.parametrize("role", ["admin", "manager", "auditor"])
def test_each_role_sees_its_own_menu(page: Page, product: dict[str, Any], role: str) -> None:
    sign_in(page, product, role)
    names = page.locator("#navigation ul a").all_inner_texts()
    assert ("People" in " ".join(names)) == (role == "admin")
    page.goto(product["portal_url"] + "/networks/val-darve-cluses/")
    assert (page.get_by_role("link", name="New address").count() == 1) == (role == "admin")


def test_the_keyboard_alone_opens_an_event(page: Page, product: dict[str, Any]) -> None:
    sign_in(page, product, "manager")
    page.goto(product["portal_url"] + "/timeline/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.type("huile")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("q=huile"))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h2", has_text="Payload")).to_be_visible()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_no_page_overflows_or_has_a_serious_accessibility_violation(
    page: Page, product: dict[str, Any], scheme: Any, width: int
) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    sign_in(page, product, "admin")
    page.set_viewport_size({"width": width, "height": 900})
    found: list[str] = []
    for path in PAGES:
        answer = page.goto(product["portal_url"] + path)
        assert answer is not None
        assert answer.status == 200, path
        found += faults_of(page, path, width=width)
    assert "\n".join(found) == ""
