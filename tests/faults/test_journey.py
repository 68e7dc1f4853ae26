"""The whole journey of a file in a browser: broken in ten ways, mended, sent while the worker is killed, and proved."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import browser, chromium, context, page, sign_in
from tests.faults.conftest import kill_processes
from tests.faults.test_jobs import ask

__all__ = ["browser", "chromium", "context", "page"]
pytestmark = [pytest.mark.faults, pytest.mark.browser, pytest.mark.timeout(400)]

ROWS = 25_000
SLUG = "val-darve-cluses"
LOST_SECONDS = 6  # the first two calls are answered so late: time to kill whoever waits for the second
# What is wrong, in the order of the file from row 2 on: its line, and what is said in which cell of which row.
BROKEN = [
    ("BAD-DECIMAL;12,5;", 2, "quantity", "“12,5” is no whole number."),
    ("BAD-LETTER;1O;", 3, "quantity", "“1O” is no whole number."),
    ("BAD-EMPTY;;", 4, "quantity", "A value is required here."),
    ("BAD-NEGATIVE;-3;", 5, "quantity", "Too small: -3."),
    ("BAD-TWICE;7;", 6, "id", "Row 7 has the same reference, with other values."),
    ("BAD-TWICE;8;", 7, "id", "Row 6 has the same reference, with other values."),
    (";9;", 8, "id", "A value is required here."),
    ("BAD-LARGE;99999999999999999999;", 9, "quantity", "Too large"),
]
NOT_A_CELL = "BAD-DELIMITER;3;4;5;6"  # a delimiter in a cell that is not in quotation marks: the row as a whole


def spoil(template: bytes, known: list[str]) -> str:
    """Return a template filled in with known parts and unknown ones, and with everything that goes wrong in offices."""
    part, stock = template.decode("utf-8-sig").strip().replace('"', "").split(",")
    assert (part, stock) == ("Spare part", "New stock")
    good = [f"{reference};{50 + number};" for number, reference in enumerate(known)]
    fill = [f"KRAL-{number:05};{number % 90};" for number in range(ROWS - len(BROKEN) - 1 - len(good))]
    # Known parts in the first request and in the last.
    middle = len(good) // 2
    lines = [line for line, *_said in BROKEN] + [NOT_A_CELL] + good[:middle] + fill + good[middle:]
    return "\r\n".join([f"Référence;{stock};Année", *lines, ";;", ";;", ""])


def upload(page: Page, product: dict[str, Any], path: Path) -> None:
    page.goto(f"{product['portal_url']}/networks/{SLUG}/send/replaceSparePartStock/")
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Upload the file").click()
    expect(page.locator("h1")).to_have_text("What do the columns mean?", timeout=20_000)


def test_a_manager_mends_sends_and_follows_25000_rows_while_the_worker_is_killed(
    page: Page, product: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    data, run = product
    owner = dict(line.split("=", 1) for line in (data / "env").read_text().splitlines())["DATABASE_OWNER_URL"]
    [(network_id,)] = ask(owner, "SELECT vendor_network_id::text FROM networks_network WHERE slug = %s", SLUG)
    control = f"{run['sandbox_url']}/control/api/networks/{network_id}"
    httpx.put(f"{control}/trickle", json={"on": False}, timeout=30)  # nobody else moves these parts meanwhile
    found = httpx.get(f"{control}/plant", timeout=30).json()["parts"]
    names = [part["reference"] for part in found]
    known = [name for name in names if names.count(name) == 1][:20]

    # --- a manager takes the template, and gives it back broken
    sign_in(page, run, "manager")
    page.goto(f"{run['portal_url']}/networks/{SLUG}/send/replaceSparePartStock/")
    with page.expect_download() as download:
        page.get_by_role("link", name="Template (CSV)").click()
    content = spoil(download.value.path().read_bytes(), known)
    short = tmp_path / "short.csv"
    short.write_bytes("Référence;Année\r\nA-1;2026\r\n".encode("cp1252"))
    upload(page, run, short)
    expect(page.locator(".notice-warning")).to_contain_text("Every row needs one more column: New stock")
    path = tmp_path / "inventaire.csv"
    path.write_bytes(content.encode("cp1252"))
    upload(page, run, path)
    expect(page.get_by_label("Between cells")).to_have_value(";")
    expect(page.get_by_label("Characters")).to_have_value("cp1252")
    expect(page.locator("[name=column-0]")).to_have_value("id")
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator("[data-form-error]")).to_contain_text("Say what the columns marked below mean")
    page.locator("[name=column-2]").select_option("-")
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator("#figures")).to_be_visible(timeout=60_000)

    # --- each mistake is said in its cell
    page.goto(page.url.split("?")[0] + "?show=errors")
    for _line, row, column, said in BROKEN:
        expect(page.locator(f"#said-{row}-{column}")).to_contain_text(said)
    expect(page.locator(f"#row-{len(BROKEN) + 2} .said-bad")).to_contain_text("5 cells, but there are 3 headings")
    expect(page.locator("#figures")).to_contain_text("9 rows have errors.")

    # --- two are mended in place, the others held back
    for label, cell in (("New stock, row 2", "12"), ("New stock, row 3", "10")):
        page.get_by_label(label).fill(cell)
        page.keyboard.press("Enter")
    expect(page.locator("#figures")).to_contain_text("7 rows have errors.")
    # The first two answers come late: else a quick machine has sent all three requests before anybody looks.
    httpx.put(f"{control}/faults", json={"call": "lost_answer", "calls": 2, "seconds": LOST_SECONDS}, timeout=30)
    page.locator("#figures form button").click()
    page.locator("dialog[open] [value=yes]").click()
    page.wait_for_url(re.compile(r"/jobs/[0-9a-f-]+/$"))
    address, job = page.url, page.url.rstrip("/").rsplit("/", 1)[1]

    # --- three requests go; the worker is killed while it waits for the answer to the second
    deadline = time.monotonic() + 60
    while not ask(owner, "SELECT 1 FROM jobs_batch WHERE job_id = %s AND number = 1 AND state = 'answered'", job):
        assert time.monotonic() < deadline, "the first request was not answered"
        time.sleep(0.02)
    expect(page.locator("#progress")).to_contain_text("10,000 of", timeout=20_000)
    time.sleep(1)
    [(state,)] = ask(owner, "SELECT state FROM jobs_job WHERE id = %s", job)
    assert state == "sending"
    kill_processes(data, "worker")
    deadline = time.monotonic() + 200
    while not ask(owner, "SELECT 1 FROM jobs_job WHERE id = %s AND ended_at IS NOT NULL", job):
        assert time.monotonic() < deadline, "the job did not end"
        # The same call a few minutes later: as if they were over.
        hurry(owner, job)
        time.sleep(1)
    expect(page.locator("#progress .state").first).to_have_text(re.compile("Done|Partly done"), timeout=30_000)
    expect(page.locator("#requests .request-head")).to_have_count(3)
    expect(page.locator("#requests")).to_contain_text("202")
    counts = dict(ask(owner, "SELECT state, count(*) FROM jobs_row WHERE job_id = %s GROUP BY 1", job))
    assert sum(counts.values()) == ROWS and counts["held"] == 7, counts
    assert set(counts) <= {"held", "accepted", "confirmed", "unconfirmed"}, counts
    calls = ask(owner, "SELECT batch, outcome FROM jobs_call WHERE job_id = %s ORDER BY id", job)
    assert [outcome for _batch, outcome in calls].count("accepted") == 3 and len(calls) <= 4, calls

    # --- rows are proved by events
    expect(page.locator(".proof")).to_contain_text(f"{len(known)} of 24,993 confirmed by events", timeout=60_000)
    page.goto(f"{address}?state=confirmed")
    page.get_by_role("link", name=re.compile("confirmed by event")).first.click()
    expect(page.get_by_role("heading", name="Proof of what was sent")).to_be_visible()

    # --- an auditor sees all of it, and can change none of it
    page.context.clear_cookies()
    sign_in(page, run, "auditor")
    page.goto(address)
    expect(page.locator(".proof")).to_contain_text("confirmed by events")
    expect(page.locator("main form:not([action='/exports/new/'])")).to_have_count(0)  # to take away is to read
    for name in ("Results", "Checked file", "Bad rows as a file", "Original file"):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        taken = download.value.path().read_bytes()
        assert b"BAD-TWICE" in taken, name
    assert taken == path.read_bytes()
    page.locator("#requests .call a").first.click()
    expect(page.locator("main")).to_contain_text("Request-Id")
    token = next(cookie["value"] for cookie in page.context.cookies() if "csrf" in cookie["name"])
    before = ask(owner, "SELECT state, number, updated_at FROM jobs_row WHERE job_id = %s ORDER BY number", job)
    acts = ("send/", "cancel/", "resume/", "go-on/", "repeat/", "rows/2/", "columns/", "item/")
    for act in acts:
        answer = page.request.post(
            address + act, form={"csrfmiddlewaretoken": token, "state": "held"}, headers={"Referer": address}
        )
        assert answer.status == 403, (act, answer.status)
    denied = ask(owner, "SELECT count(*) FROM trail_entry WHERE action = 'access_denied' AND actor LIKE 'nora@%%'")
    assert denied == [(len(acts),)]  # it was the role that forbade it, not the form's token
    after = ask(owner, "SELECT state, number, updated_at FROM jobs_row WHERE job_id = %s ORDER BY number", job)
    assert after == before
    assert ask(owner, "SELECT count(*) FROM jobs_job WHERE previous_id = %s", job) == [(0,)]


def hurry(owner: str, job: str) -> None:
    ask(owner, "UPDATE jobs_batch SET not_before = now() WHERE job_id = %s AND not_before > now() RETURNING 1", job)
