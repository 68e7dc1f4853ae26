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
# Pages of one thing: the first that a list leads to.
FIRST_OF = {
    "/timeline/": ("/events/", "/things/equipment/", "/things/person/"),
    "/stock/": ("/stock/part/",),
    "/stock/gaps/": ("/stock/location/",),
    "/tasks/": ("/things/task/",),
    "/send/?network=val-darve-cluses": ("/send/replaceSparePartStock/",),
}
NAMED = (
    "/networks/val-darve-cluses/",
    "/networks/val-darve-cluses/quarantine/",
    "/coverage/?network=val-darve-cluses",
    "/send/?network=val-darve-cluses",
    "/networks/val-darve-cluses/send/replaceSparePartStock/one/",
    "/help/",
)
SHIFTS = """
window.jumped = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) { if (!entry.hadRecentInput) { window.jumped += entry.value; } }
}).observe({type: "layout-shift", buffered: true});
"""


@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_is_light_and_holds_still(browser: Browser, product: dict[str, Any], width: int) -> None:
    signed_in = browser.new_context(viewport={"width": width, "height": 900})
    finder = signed_in.new_page()
    sign_in(finder, product, "admin")
    session, found = signed_in.storage_state(), []
    for path, parts in FIRST_OF.items():
        finder.goto(product["portal_url"] + path)
        found += [str(finder.locator(f"main a[href*='{part}']").first.get_attribute("href")) for part in parts]
    signed_in.close()
    heavy, jumping = {}, {}
    for path in (*PAGES, *NAMED, *found):
        # With nothing kept from the page before.
        context = browser.new_context(viewport={"width": width, "height": 900}, storage_state=session)
        context.add_init_script(SHIFTS)
        page = context.new_page()
        answers: list[Response] = []
        page.on("response", lambda answer, found=answers: found.append(answer))  # type: ignore[misc]
        opened = page.goto(product["portal_url"] + path, wait_until="networkidle")
        assert opened is not None and opened.status == 200, path
        assert opened.headers["content-encoding"] == "gzip", path
        weight = sum(len(gzip.compress(answer.body(), 6)) for answer in answers if answer.status == 200)
        if weight > MOST_BYTES:
            heavy[path] = weight
        if (jumped := page.evaluate("window.jumped")) > 0.01:
            jumping[path] = jumped
        context.close()
    assert heavy == {}
    assert jumping == {}
