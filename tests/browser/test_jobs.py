"""A manager prepares, mends, sends and follows a file in a real browser; an auditor looks on."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect

from integrations.mobility_work.operations import OPERATIONS
from tests.browser.conftest import faults_of, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.integration,
    pytest.mark.xdist_group("product"),
    pytest.mark.timeout(240),
]

STOCK = "/networks/val-darve-cluses/send/replaceSparePartStock/"
# As a French spreadsheet saves it: semicolons, Windows-1252, and mistakes of every kind.
FILE = "Référence;Nouveau stock;Remarque\nA-1;12;\nA-2;douze;\nA-3;;\nA-4;1;\nA-4;2;\n;5;\nA-6;-1;\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "inventaire.csv"
    # Parts of its own: a second change of one part waits until the first is settled.
    path.write_bytes(FILE.replace("A-", f"{uuid4().hex[:6]}-").encode("cp1252"))
    return path


def upload(page: Page, product: dict[str, Any], file: Path) -> None:
    page.goto(product["portal_url"] + STOCK)
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Upload the file").click()
    expect(page.locator("h1")).to_have_text("What do the columns mean?")


def check(page: Page, product: dict[str, Any], file: Path) -> None:
    upload(page, product, file)
    page.locator("[name=column-2]").select_option("-")
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator("#figures")).to_be_visible(timeout=20_000)


def test_a_file_is_mended_by_keyboard_sent_and_followed_to_its_end(
    page: Page, product: dict[str, Any], file: Path
) -> None:
    sign_in(page, product, "manager")
    check(page, product, file)
    expect(page.get_by_text("“douze” is no whole number.")).to_be_visible()
    # Like a spreadsheet: Enter saves and goes down, also while the answer is on its way.
    page.get_by_label("Nouveau stock, row 3").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("12")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Nouveau stock, row 4")).to_be_focused()
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    expect(page.get_by_text("“douze” is no whole number.")).to_have_count(0)
    # One of two rows about one part is mended, and the error goes from the other one too.
    page.get_by_label("Nouveau stock, row 6").fill("1")
    page.keyboard.press("Tab")
    expect(page.locator("#row-5 .said-bad")).to_have_count(0)
    page.get_by_label("Nouveau stock, row 8").fill("99")
    page.keyboard.press("Escape")
    expect(page.get_by_label("Nouveau stock, row 8")).to_have_value("-1")
    page.locator("#row-8").get_by_role("button", name="Leave out").click()
    expect(page.locator("#row-8").get_by_role("button", name="Put back")).to_be_visible()
    expect(page.get_by_text("1 row has errors.")).to_be_visible()
    page.get_by_role("button", name="Send 5 good rows").click()
    page.locator("dialog[open]").get_by_role("button", name="Send 5 good rows").click()
    page.wait_for_url(re.compile(r"/jobs/[0-9a-f-]+/$"))
    expect(page.locator("#progress .state").first).to_have_text("Done", timeout=30_000)
    expect(page.locator("#requests")).to_contain_text("5 rows")
    expect(page.locator("#requests")).to_contain_text("202")
    with page.expect_download() as download:
        page.get_by_role("link", name="Bad rows as a file").click()
    assert "A value is required here." in download.value.path().read_text("utf-8-sig")


@pytest.mark.parametrize("width", [1440, 390])
def test_every_step_of_a_file_is_sound_for_all_readers(
    page: Page, product: dict[str, Any], file: Path, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, product, "manager")
    # A heading that no file had before: what it means is remembered.
    file.write_bytes(file.read_bytes().replace(b"Remarque", f"Remarque {width}".encode()))
    upload(page, product, file)
    found = faults_of(page, "columns", width=width)
    # What is not decided is marked, and the focus goes there.
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator("[data-form-error]")).to_be_focused()
    found += faults_of(page, "columns, undecided", width=width)
    page.locator("[name=column-2]").select_option("-")
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator("#figures")).to_be_visible(timeout=20_000)
    found += faults_of(page, "check", width=width)
    page.locator("#row-3").get_by_role("button", name="Leave out").click()
    expect(page.locator("#row-3").get_by_role("button", name="Put back")).to_be_visible()
    found += faults_of(page, "check, a row left out", width=width)
    page.locator("#figures form button").click()
    page.locator("dialog[open] [value=yes]").click()
    expect(page.locator("#progress .state").first).to_have_text("Done", timeout=30_000)
    found += faults_of(page, "job", width=width)
    assert "\n".join(found) == ""


def examples(product: dict[str, Any], name: str, way: str) -> dict[str, str]:
    """Return a row of an operation, as a person types it; who and what a task names is there.

    Each is about a thing of its own: a second change of one part waits until the first is settled.
    """
    operation = OPERATIONS[name]
    row = {field.name: field.example for field in operation.fields}
    if operation.identity:
        row[operation.identity[0]] = f"{way}-{name}"
    for new_name in {"externalReference"} & set(row) - set(operation.identity):
        row[new_name] = f"{way}-new-name"  # renamed, it goes by both names until that is settled
    if name == "scheduleTask":
        networks = httpx.get(product["sandbox_url"] + "/control/api/networks", timeout=20).json()
        cluses = next(each for each in networks if "Cluses" in each["name"])
        plant = httpx.get(
            f"{product['sandbox_url']}/control/api/networks/{cluses['network_id']}/plant", timeout=20
        ).json()
        row["equipment"], row["assignees"] = plant["equipments"][0]["code"], str(plant["people"][0]["id"])
    return row


def send_it(page: Page) -> None:
    page.locator("#figures form button").click()
    page.locator("dialog[open] [value=yes]").click()
    expect(page.locator("#progress .state").first).to_have_text("Done", timeout=30_000)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_by_form_and_by_file(page: Page, product: dict[str, Any], name: str, tmp_path: Path) -> None:
    sign_in(page, product, "manager")
    address = f"{product['portal_url']}/networks/val-darve-cluses/send/{name}/"
    row = examples(product, name, "form")
    page.goto(address)
    page.get_by_role("link", name="Fill in a form").click()
    if (fold := page.locator("details.json-fields > summary")).count():
        fold.click()
    for column, cell in row.items():
        field = page.locator(f"[name='cell-{column}']")
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(cell)
        else:
            field.fill(cell)
    page.get_by_role("button", name="Check it").click()
    send_it(page)
    row, path = examples(product, name, "file"), tmp_path / "rows.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([list(row), list(row.values())])
    page.goto(address)
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Upload the file").click()
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator("#figures")).to_be_visible(timeout=20_000)
    page.get_by_role("link", name="See the request").click()
    expect(page.locator("main")).to_contain_text(OPERATIONS[name].path)
    page.go_back()
    send_it(page)


def test_an_auditor_sees_the_job_and_no_way_to_act(page: Page, product: dict[str, Any], file: Path) -> None:
    sign_in(page, product, "manager")
    check(page, product, file)
    address = page.url
    page.context.clear_cookies()
    sign_in(page, product, "auditor")
    expect(page.get_by_role("link", name="Send", exact=True)).to_have_count(0)
    page.goto(address)
    expect(page.get_by_text("“douze” is no whole number.")).to_be_visible()
    expect(page.locator("main form")).to_have_count(0)
