"""An admin makes a token, copies it while it is shown, and revokes it; the pages are sound for all readers."""

from __future__ import annotations

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


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_a_token_lives_and_ends(page: Page, product: dict[str, Any], scheme: Any, width: int) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, product, "admin")
    name, base = f"Warehouse {width}", product["portal_url"]
    page.goto(f"{base}/people/{product['organization']}/tokens/")
    found = faults_of(page, "tokens", width=width)
    page.get_by_role("link", name="New API token").click()
    page.locator("[name=password]").fill(product["logins"][0]["password"])
    page.keyboard.press("Enter")
    page.locator("main [name=name]").fill(name)
    button = page.get_by_role("button", name="Make the token")
    button.click()
    expect(page.get_by_text("Tick at least one network, or choose all.")).to_be_visible()
    found += faults_of(page, "new token, refused", width=width)
    page.get_by_label("Annecy").check()
    button.click()
    token = page.locator(".secret code").text_content()
    assert token and token.startswith("portal_")
    found += faults_of(page, "token", width=width)
    headers = {"Authorization": f"Bearer {token}"}
    networks = httpx.get(f"{base}/api/v1/networks", headers=headers).json()["items"]
    assert [item["network"] for item in networks] == ["val-darve-annecy"]
    page.get_by_role("link", name="Done").click()
    row = page.locator("tr", has_text=name)
    expect(row).to_contain_text("In use")
    row.get_by_role("button", name="Revoke").click()
    page.click("#confirm [value=yes]")
    expect(row).to_contain_text("Revoked")
    assert httpx.get(f"{base}/api/v1/networks", headers=headers).status_code == 401
    page.goto(f"{base}/api/")
    page.locator("#events summary").first.click()
    found += faults_of(page, "reference", width=width)
    assert found == []
