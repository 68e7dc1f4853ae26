"""What a page weighs when it is first opened, and that nothing on it jumps while it comes in (issue 4, Speed)."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from playwright.sync_api import Browser, Response

from tests.browser.conftest import sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.integration,
    pytest.mark.xdist_group("product"),
    pytest.mark.timeout(240),
]

MOST_BYTES = 200_000
PAGES = (
    "/", "/timeline/", "/stock/", "/stock/low/", "/stock/gaps/", "/tasks/", "/tasks/board/", "/tasks/figures/",
    "/coverage/", "/jobs/", "/send/", "/networks/", "/trail/", "/exports/", "/notices/", "/api/", "/preferences/",
)  # fmt: skip
SHIFTS = """
window.jumped = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) { if (!entry.hadRecentInput) { window.jumped += entry.value; } }
}).observe({type: "layout-shift", buffered: true});
"""


@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_is_light_and_holds_still(browser: Browser, product: dict[str, Any], width: int) -> None:
    signed_in = browser.new_context(viewport={"width": width, "height": 900})
    sign_in(signed_in.new_page(), product, "admin")
    session = signed_in.storage_state()
    signed_in.close()
    heavy, jumping = {}, {}
    for path in PAGES:
        # With nothing kept from the page before.
        context = browser.new_context(viewport={"width": width, "height": 900}, storage_state=session)
        context.add_init_script(SHIFTS)
        page = context.new_page()
        answers: list[Response] = []
        page.on("response", lambda answer, found=answers: found.append(answer))  # type: ignore[misc]
        opened = page.goto(product["portal_url"] + path, wait_until="networkidle")
        assert opened is not None and opened.headers["content-encoding"] == "gzip"
        weight = sum(len(gzip.compress(answer.body(), 6)) for answer in answers if answer.status == 200)
        if weight > MOST_BYTES:
            heavy[path] = weight
        if (jumped := page.evaluate("window.jumped")) > 0.01:
            jumping[path] = jumped
        context.close()
    assert heavy == {}
    assert jumping == {}
