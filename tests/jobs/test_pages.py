"""The pages of a job, as people use them: from a file to what became of its rows."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from integrations.mobility_work.operations import OPERATIONS
from portal.jobs.checking import check_next
from portal.jobs.models import Job, Row
from portal.jobs.states import JobState
from portal.lib.scope import network_scope
from portal.lib.tabular import write_xlsx
from tests.api.test_routes import Reader, token_for
from tests.explore.stockroom import scheduled, tell
from tests.jobs.test_drafts import Desk, consumed
from tests.world import World

pytestmark = pytest.mark.django_db

STOCK = "/networks/foundry/send/replaceSparePartStock/"


@pytest.fixture
def bob(world: World) -> Client:
    client = Client()
    client.force_login(world.bob, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def audrey(world: World) -> Client:
    client = Client()
    client.force_login(world.audrey, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def file(content: str | bytes, name: str = "stock.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)


def upload(client: Client, content: str | bytes, address: str = STOCK) -> str:
    """Upload a file; return the address of its job."""
    answer: Any = client.post(address, {"file": file(content)})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"]).removesuffix("columns/")


def of(client: Client, address: str) -> dict[str, str]:
    """Return what the page of columns sends along: of which headings it speaks."""
    page = client.get(address + "columns/").content.decode()
    found = re.search(r'name="of" value="(\w+)"', page)
    return {"of": found[1], "act": "check"} if found else {}


def check(client: Client, world: World, content: str | bytes, address: str = STOCK) -> str:
    """Upload a file whose headings are certain, and check it; return the address of its job."""
    address = upload(client, content, address)
    page = client.get(address + "columns/").content.decode()
    chosen = dict(re.findall(r'name="(column-\d+)".*?value="([^"]*)" selected', page, re.S))
    answer: Any = client.post(address + "columns/", {**chosen, **of(client, address)})
    assert answer["Location"] == address + "check/"
    while check_next(world.foundry.network.id):
        pass
    return address


def press_send(client: Client, address: str, data: dict[str, str] | None = None, *, follow: bool = False) -> Any:
    """Press Send on the check as it stands now."""
    seen = re.search(r'name="seen" value="(\d+)"', client.get(address + "check/", follow=True).content.decode())
    return client.post(address + "send/", {"seen": seen[1] if seen else "", **(data or {})}, follow=follow)


def text_of(answer: HttpResponse) -> str:
    """Return what a person reads of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def job_of(world: World) -> Job:
    with network_scope(world.foundry.network.id):
        return Job.objects.get()


def test_a_file_goes_from_upload_to_the_line_of_what_is_sent(bob: Client, world: World) -> None:
    address = upload(bob, "Référence;Nouveau stock;Note\nA-1;12;x\nA-2;7;y\n".encode("cp1252"))
    page = bob.get(address + "columns/")
    assert "Windows-1252" in page.content.decode()
    # A heading that means nothing known is a person's choice.
    refused: Any = bob.post(address + "columns/", {"column-0": "id", "column-2": "-", **of(bob, address)})
    assert refused.status_code == 422
    assert "Choose what it means, or leave it out." in text_of(refused)
    assert job_of(world).columns == ["id", None, ""]  # kept, as it was chosen
    answer: Any = bob.post(
        address + "columns/", {"column-0": "id", "column-1": "quantity", "column-2": "-", **of(bob, address)}
    )
    assert answer["Location"] == address + "check/"
    assert "Waiting for a free worker" in text_of(bob.get(address + "check/"))
    check_next(world.foundry.network.id)
    done = bob.get(address + "check/", headers={"HX-Request": "true", "HX-Target": "checking"})
    assert done["HX-Redirect"] == address + "check/"
    assert "All rows can be sent, in 1 request." in text_of(bob.get(address + "check/"))
    sent: Any = press_send(bob, address)
    assert sent["Location"] == address
    assert "In line" in text_of(bob.get(address))
    assert job_of(world).state == JobState.QUEUED
    again: Any = press_send(bob, address, follow=True)
    assert "Nothing was sent twice" in text_of(again)


def test_who_sent_a_job_is_told_from_who_made_it(bob: Client, world: World) -> None:
    content = "id,quantity\nA-1,12\n"
    address = check(bob, world, content)
    alice = Client()
    alice.force_login(world.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    press_send(alice, address)
    assert "bob@example.com · sent by alice@example.com" in text_of(bob.get(address))
    again = check(bob, world, content)
    assert "stock.csv , alice@example.com" in text_of(bob.get(again + "check/"))
    press_send(bob, again)
    assert "sent by" not in text_of(bob.get(again))
    reader = Reader(token_for(world.organization))
    assert [job["submittedBy"] for job in reader.items("jobs")] == ["bob@example.com", "alice@example.com"]


def test_the_page_of_a_job_soon_shows_that_it_is_sent(bob: Client, world: World) -> None:
    address = check(bob, world, "id,quantity\nA-1,12\n")
    press_send(bob, address)
    page = bob.get(address).content.decode()
    assert "progress/?was=queued" in page and 'hx-trigger="every 50ms"' in page
    with network_scope(world.foundry.network.id):
        Job.objects.update(state=JobState.SENDING)
    part = bob.get(address + "progress/?was=queued")
    # What is read out stands in a place that stays.
    assert '<p class="visually-hidden" id="progress-said" aria-live="polite"></p>' in page
    assert '<p id="progress-said" hx-swap-oob="innerHTML">Sending, 0 of 1 row answered</p>' in part.content.decode()
    assert "HX-Refresh" not in part and "Sending" in text_of(part) and 'hx-trigger="every 1s"' in part.content.decode()
    with network_scope(world.foundry.network.id):
        Job.objects.update(state=JobState.DONE)
    assert bob.get(address + "progress/?was=sending")["HX-Refresh"] == "true"
    with network_scope(world.foundry.network.id):  # it waits behind another, as nobody looks every moment
        Job.objects.update(state=JobState.QUEUED, submitted_at=timezone.now() - timedelta(minutes=1))
    assert 'hx-trigger="every 1s"' in bob.get(address).content.decode()


def test_an_error_is_seen_in_its_cell_and_mended_there(bob: Client, world: World) -> None:
    address = check(bob, world, "id,quantity\nA-1,12\nA-2,seven\nA-3,\nA-4,x\n")
    page = text_of(bob.get(address + "check/"))
    assert "“seven” is no whole number" in page and "A value is required here." in page
    assert 'value="A-1"' not in bob.get(address + "check/").content.decode()  # only what needs eyes
    refused: Any = press_send(bob, address, follow=True)
    assert "Nothing was sent: 3 rows have errors." in text_of(refused)
    mended = bob.post(address + "rows/3/", {"cell-quantity": "7"}, headers={"HX-Request": "true"})
    assert 'id="row-3"' in mended.content.decode() and 'id="figures"' in mended.content.decode()
    assert "is no whole number" not in text_of(mended)
    left: Any = bob.post(address + "rows/4/", {"act": "leave-out"}, headers={"HX-Request": "true"})
    assert "Put back" in text_of(left)
    assert 'value="A-4"' in bob.get(address + "check/?show=errors").content.decode()
    assert "“x” is no whole number" in text_of(bob.get(address + "check/?kind=number"))
    assert "“x” is no whole number" not in text_of(bob.get(address + "check/?kind=missing"))
    press_send(bob, address, {"send_good": "1"})
    with network_scope(world.foundry.network.id):
        states = dict(Row.objects.values_list("number", "state"))
    assert states == {2: "queued", 3: "queued", 4: "left_out", 5: "held"}
    page = text_of(bob.get(address + "?state=held"))
    assert "B5 (quantity): “x” is no whole number" in page


def test_bad_rows_are_taken_away_mended_and_uploaded_again(bob: Client, world: World) -> None:
    address = check(bob, world, "Part;Stock\n007;12\n008;seven\n=A;x\n")
    answer: Any = bob.get(address + "bad-rows/")
    assert answer["Content-Disposition"] == 'attachment; filename="stock-bad-rows.csv"'
    content = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert content.splitlines()[0] == '"Part","Stock","Reason not sent"'
    assert '"008","seven","Stock (B3 in stock.csv): “seven” is no whole number. Write digits only, like 12."' in content
    mended = content.replace('"seven"', '"7"').replace('"x"', '"3"')
    with network_scope(world.foundry.network.id):
        first = Job.objects.get().id
    again = check(bob, world, mended)
    with network_scope(world.foundry.network.id):
        job = Job.objects.exclude(id=first).get()
        rows = list(Row.objects.filter(job_id=job.id).order_by("number"))
    assert job.columns == ["id", "quantity", ""]
    assert [row.item["id"]["value"] for row in rows if row.item] == ["008", "=A"]
    assert "All rows can be sent" in text_of(bob.get(again + "check/"))


def test_what_is_no_table_or_too_large_is_said_at_the_field(bob: Client, world: World, settings: Any) -> None:
    picture: Any = bob.post(STOCK, {"file": file(b"\xff\xd8\xff\xe0" + b"0" * 100)})
    assert picture.status_code == 422
    assert "This file is a JPEG picture, not a table." in text_of(picture)
    settings.PORTAL_MAX_FILE_MB = 1
    large: Any = bob.post(STOCK, {"file": file("id,quantity\n" + "A-1,1\n" * 200_000)})
    assert large.status_code == 422
    assert "larger than 1 MB" in text_of(large)
    none: Any = bob.post(STOCK, {})
    assert "Choose a file first." in text_of(none)
    with network_scope(world.foundry.network.id):
        assert not Job.objects.exists()


def test_a_file_is_read_anew_as_a_person_says(bob: Client, world: World) -> None:
    address = upload(bob, "id,quantity\nA-1,1\n")
    answer: Any = bob.post(address + "columns/", {"act": "read", "delimiter": ";", "encoding": "utf-8", "quote": '"'})
    assert answer.status_code == 302
    assert job_of(world).heading == ["id,quantity"]
    wrong: Any = bob.post(address + "columns/", {"act": "read", "delimiter": "x"})
    assert wrong.status_code == 422
    assert "cannot be chosen here" in text_of(wrong)


def test_an_auditor_sees_all_and_is_offered_no_act(bob: Client, audrey: Client, world: World) -> None:
    address = check(bob, world, "id,quantity\nA-1,12\nA-2,seven\n")
    page = audrey.get(address + "check/").content.decode()
    assert "is no whole number" in page
    assert "<form" not in page.split("<main")[1].split("</main>")[0]
    assert audrey.get("/networks/foundry/jobs/").status_code == 404
    assert "stock.csv" in text_of(audrey.get("/jobs/"))
    assert b"".join(audrey.get(address + "file/").streaming_content) == b"id,quantity\nA-1,12\nA-2,seven\n"  # type: ignore[attr-defined]
    press_send(bob, address, {"send_good": "1"})
    page = audrey.get(address).content.decode()
    forms = re.findall(r'<form[^>]*action="([^"]*)"', page.split("<main")[1].split("</main>")[0])
    assert forms == ["/exports/new/"]  # to take the rows away changes nothing


def test_a_draft_is_discarded_and_stays_in_the_list(bob: Client, world: World) -> None:
    address = check(bob, world, "id,quantity\nA-1,12\n")
    answer: Any = bob.post(address + "cancel/", follow=True)
    assert "Nothing was sent" in text_of(answer)
    assert job_of(world).state == JobState.CANCELLED
    assert "Discarded before anything was sent." in text_of(bob.get(address))
    late: Any = press_send(bob, address, follow=True)
    assert "Nothing was sent twice" in text_of(late)


def test_an_operation_outside_the_plan_is_explained_and_not_taken(bob: Client, world: World) -> None:
    network = world.foundry.network
    network.plan = "starter"
    network.save()
    assert "Not part of the plan" in text_of(bob.get("/send/?network=foundry"))
    assert "does not include this operation" in text_of(bob.get(STOCK))
    answer: Any = bob.post(STOCK, {"file": file("id,quantity\nA-1,1\n")})
    assert answer.status_code == 422
    assert "does not include this operation" in text_of(answer)
    with network_scope(network.id):
        assert not Job.objects.exists()


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_template_is_filled_in_and_understood_without_a_question(
    bob: Client, world: World, name: str, language: str
) -> None:
    bob.cookies.load({"django_language": language})
    operation = OPERATIONS[name]
    address = f"/networks/foundry/send/{name}/"
    answer: Any = bob.get(address + "template.csv")
    assert answer["Content-Disposition"] == f'attachment; filename="{name}.csv"'
    heading = b"".join(answer.streaming_content).decode("utf-8-sig").strip()
    delimiter = ";" if '";"' in heading else ","
    row = delimiter.join('"' + field.example.replace('"', '""') + '"' for field in operation.fields)
    job = upload(bob, f"{heading}\r\n{row}\r\n", address)
    kept = job_of(world)
    assert kept.columns == [field.name for field in operation.fields]
    bob.post(job + "columns/", {f"column-{place}": column for place, column in enumerate(kept.columns)} | of(bob, job))
    check_next(world.foundry.network.id)
    with network_scope(world.foundry.network.id):
        assert [(row.state, row.problems) for row in Row.objects.all()] == [("ready", [])]
    workbook: Any = bob.get(address + "template.xlsx")
    upload(bob, b"".join(workbook.streaming_content), address)
    with network_scope(world.foundry.network.id):
        assert Job.objects.order_by("-created_at")[0].columns == kept.columns


@pytest.mark.parametrize("name", OPERATIONS)
def test_one_item_is_filled_in_checked_seen_as_a_request_and_sent(bob: Client, world: World, name: str) -> None:
    operation = OPERATIONS[name]
    page = bob.get(f"/networks/foundry/send/{name}/one/").content.decode()
    assert all(f'name="cell-{field.name}"' in page for field in operation.fields)
    typed = {f"cell-{field.name}": field.example for field in operation.fields}
    answer: Any = bob.post(f"/networks/foundry/send/{name}/one/", typed)
    address = str(answer["Location"]).removesuffix("check/")
    assert answer["Location"].endswith("/check/")
    assert "All rows can be sent, in 1 request." in text_of(bob.get(address + "check/"))
    shown = bob.get(address + "requests/1/").content.decode()
    assert operation.path in shown and "MOBILITY_WORK_API_KEY" in shown and world.foundry.api_key not in shown
    body = bob.get(address + "requests/1/?download=1").content
    press_send(bob, address)
    with network_scope(world.foundry.network.id):
        row = Row.objects.get()
    assert row.state == "queued"
    expected = row.item
    if operation.echo:
        expected[operation.echo]["portal"]["nonce"] = "…"
    assert json.loads(body) == (expected if operation.bulk_limit == 1 else [expected])
    assert bob.get(address + "requests/2/").status_code == 404


def test_what_was_typed_wrong_is_kept_and_said_at_its_field(bob: Client, world: World) -> None:
    answer: Any = bob.post(f"{STOCK}one/", {"cell-id": "A-1", "cell-quantity": "many"}, follow=True)
    page = answer.content.decode()
    assert "“many” is no whole number" in text_of(answer) and 'value="many"' in page
    address = answer.redirect_chain[-1][0]
    again: Any = bob.post(address, {"cell-id": "A-1", "cell-quantity": "3", "type-id": "inferred"})
    assert again["Location"].endswith("/check/")
    with network_scope(world.foundry.network.id):
        assert Row.objects.get().item == {"id": "A-1", "quantity": 3}
    press_send(bob, again["Location"].removesuffix("check/"))
    late: Any = bob.post(address, {"cell-id": "A-2", "cell-quantity": "4"})
    assert late["Location"].endswith("/jobs/" + address.split("/jobs/")[1].replace("item/", ""))
    with network_scope(world.foundry.network.id):
        assert Row.objects.get().item == {"id": "A-1", "quantity": 3}


def test_a_form_offers_what_events_have_named_and_only_on_this_network(
    bob: Client, world: World, tmp_path: Path
) -> None:
    desk = Desk(world, tmp_path)
    desk.hears([consumed("ROUL-1", 4), consumed("JOINT-2", 5)])
    known = bob.get(f"{STOCK}known/id/", {"cell-id": "roul"}).content.decode()
    assert 'value="ROUL-1"' in known and "JOINT-2" not in known
    assert bob.get(f"{STOCK}known/quantity/").status_code == 404
    assert bob.get("/networks/annex/send/replaceSparePartStock/known/id/").status_code == 404


def offered(client: Client, column: str, typed: str) -> list[str]:
    answer = client.get(f"/networks/foundry/send/scheduleTask/known/{column}/", {f"cell-{column}": typed})
    return re.findall(r'<option value="([^"]*)"', answer.content.decode())


def test_tags_are_offered_one_after_the_other(bob: Client, world: World) -> None:
    for number, tags in enumerate((["$preventive", "oil"], ["$preventive", "a, b"], ["Öl"])):
        event = scheduled(str(number), {}, minutes=number)
        tell(world.foundry, event | {"tags": [{"code": tag} for tag in tags]})
    assert offered(bob, "tags", "") == ["$preventive", "oil", "Öl"]  # the most frequent first; "a, b" would be two
    assert offered(bob, "tags", "PREV") == ["$preventive"]
    assert offered(bob, "tags", "ö") == ["Öl"]
    assert offered(bob, "tags", "mine; ") == ["mine; $preventive", "mine; oil", "mine; Öl"]
    assert offered(bob, "tags", "$preventive,o") == ["$preventive,oil"]
    for typed in ("7", "benali"):
        assert offered(bob, "assignees", f"me@example.com, {typed}") == ["me@example.com, 7"]
    assert offered(bob, "tags", "%_") == offered(bob, "tags", "unheard of") == []
    page = bob.get("/networks/foundry/send/scheduleTask/one/").content.decode()
    assert 'list="known-tags"' in page and 'id="known-tags"' in page
    for operation in ("createEquipments", "updateEquipments"):
        answer = bob.get(f"/networks/foundry/send/{operation}/known/tags/", {"cell-tags": "oi"})
        assert 'value="oil"' in answer.content.decode()
    assert bob.get("/networks/annex/send/scheduleTask/known/tags/").status_code == 404


def test_what_a_stock_would_change_is_shown_beside_what_was_last_seen(
    bob: Client, world: World, tmp_path: Path
) -> None:
    Desk(world, tmp_path).hears([consumed("A-1", 116)])
    address = check(bob, world, "id,quantity\nA-1,90\nB-2,5\n")
    page = text_of(bob.get(address + "check/?show=changes"))
    assert "A-1 116 90 -26" in page
    assert "B-2 not known 5" in page


@pytest.mark.parametrize(
    "path",
    [
        "requests/0/", "requests/999999999999999999999/", "rows/999999999999999999999/", "?after=99999999999999999999",
        "?batch=x&state=none", "check/?after=-1&kind=nothing&show=nothing", "check/?kind=other", "check/?show=left-out",
        "columns/", "results/", "bad-rows/", "item/", "progress/?was=nothing",
    ],
)  # fmt: skip
def test_odd_addresses_have_an_answer(bob: Client, world: World, path: str) -> None:
    address = check(bob, world, "id,quantity\nA-1,x\nA-2,3\n")
    assert bob.get(address + path).status_code in {200, 302, 404, 405}
    assert bob.post(address + path, {"state": "\0", "cell-id": "\0"}).status_code in {200, 302, 404, 405, 422}
    press_send(bob, address, {"send_good": "1"})
    assert bob.get(address + path).status_code in {200, 302, 404, 405}


@pytest.mark.parametrize("typed", ["\0", "a" * 40_000, "é\u202e\U0001f600", "=1+1", '"', "∅", " "])
def test_whatever_is_typed_is_kept_or_refused_with_a_sentence(bob: Client, world: World, typed: str) -> None:
    answer: Any = bob.post(f"{STOCK}one/", {"cell-id": typed, "cell-quantity": typed, "type-id": typed}, follow=True)
    assert answer.status_code == 200
    address = answer.redirect_chain[-1][0].rsplit("/", 2)[0] + "/"
    changed = bob.post(address + "rows/1/", {"cell-id": "A-1", "cell-quantity": typed}, headers={"HX-Request": "true"})
    assert changed.status_code == 200
    assert bob.get("/jobs/", {"operation": typed, "state": typed, "before": typed}).status_code == 200
    assert bob.get(f"{STOCK}known/id/", {"cell-id": typed}).status_code == 200


def test_choices_for_headings_that_changed_meanwhile_are_not_taken(bob: Client, world: World) -> None:
    address = upload(bob, "id;quantity,x\nA-1;1,y\n")
    seen = of(bob, address)
    other = ";" if (job_of(world).file_format or {})["delimiter"] == "," else ","
    bob.post(address + "columns/", {"act": "read", "delimiter": other})
    answer: Any = bob.post(address + "columns/", {"column-0": "id", "column-1": "quantity", **seen})
    assert answer.status_code == 422
    assert "read in another way meanwhile" in text_of(answer)
    assert job_of(world).state == "draft"


def test_nothing_that_was_mended_is_lost_where_the_columns_stay_the_same(bob: Client, world: World) -> None:
    address = check(bob, world, "id,quantity\nA-1,12\nA-2,seven\nA-3,x\n")
    bob.post(address + "rows/3/", {"cell-quantity": "7"})
    bob.post(address + "rows/4/", {"act": "leave-out"})
    answer: Any = bob.post(address + "columns/", {"column-0": "id", "column-1": "quantity", **of(bob, address)})
    assert answer["Location"] == address + "check/"
    with network_scope(world.foundry.network.id):
        assert dict(Row.objects.values_list("number", "state")) == {2: "ready", 3: "ready", 4: "left_out"}


def test_a_cell_that_is_mended_counts_at_once_in_the_tabs(bob: Client, world: World) -> None:
    address = check(bob, world, "id,quantity\nA-1,12\nA-2,seven\nA-3,\nA-4,x\n")
    assert "Not a number 2" in text_of(bob.get(address + "check/?kind=number"))
    shown = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{address}check/?kind=number#row-3"}
    mended = bob.post(address + "rows/3/", {"cell-quantity": "7"}, headers=shown)
    assert 'id="kinds" hx-swap-oob="true"' in mended.content.decode()
    assert "Missing 1" in text_of(mended) and "Not a number 1" in text_of(mended)
    assert re.search(r'href="\?kind=number" aria-current="page"', mended.content.decode())
    # Once the last of a kind is mended, its tab is gone; an address that makes no sense does no harm.
    odd = {"HX-Request": "true", "HX-Current-URL": "http://[/?kind=nothing&show=changed"}
    last = bob.post(address + "rows/5/", {"cell-quantity": "7"}, headers=odd)
    assert "Not a number" not in text_of(last) and "Missing 1" in text_of(last)


def test_words_of_the_check_and_of_the_forms(bob: Client, world: World) -> None:
    address = check(bob, world, "Spare part,New stock\nA-1,1\nA-1,2\nA-2,50\n")
    page = bob.get(address + "check/?kind=twice")
    assert "Row 3 has the same reference, with other values." in text_of(page)
    bob.post(address + "rows/2/", {"act": "leave-out"})
    assert "1 of them has warnings." not in bob.get(address + "check/").content.decode()
    bob.post(address + "rows/3/", {"cell-quantity": "0"})
    template = text_of(bob.get(STOCK))
    assert "Spare part or id , part , reference" in template and "In the file" not in template
    created = bob.get("/networks/foundry/send/createSpareParts/one/").content.decode()
    assert "∅ clears it" not in created
    plain, further = created.split("Further fields, written as JSON")
    assert "(JSON)" not in plain and "(JSON)" in further
    assert "∅ clears it" in bob.get("/networks/foundry/send/updateSpareParts/one/").content.decode()
    tasks = "equipment,description,startDateTime,endDateTime,assignees\n"
    wrong = tasks + "P-1,Grease it,2030-01-07 08:00,2030-01-06 09:00,anna@example.com\n"
    desk = check(bob, world, wrong, address="/networks/foundry/send/scheduleTask/")
    assert "End before start 1" in text_of(bob.get(desk + "check/")) and "Not a date" not in text_of(
        bob.get(desk + "check/")
    )


def test_networks_to_send_to_are_choices(world: World) -> None:
    client = Client()
    client.force_login(world.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get("/send/").content.decode()
    assert "To which network?" in page and 'class="operations"' in page
    assert '<a href="/send/?network=foundry">Foundry</a>' in page
    assert (
        'aria-label="Networks"' not in page
        and 'aria-label="Networks"' in client.get("/send/?network=foundry").content.decode()
    )


def test_the_rows_of_a_job_show_what_was_sent(bob: Client, world: World) -> None:
    address = check(bob, world, "Part,New stock\nA-1,1200\nA-2,x\n")
    press_send(bob, address, {"send_good": "1"})
    page = text_of(bob.get(address))
    assert "A-1 New stock: 1,200" in page and "A-2 New stock: x" in page
    made: Any = bob.post(
        "/networks/foundry/send/createSpareParts/one/",
        {"cell-externalReference": "B-1", "cell-name": "Belt", "cell-unitPrice": "1234,5", "cell-stock.quantity": "2",
         "cell-tags": "a, b"},
    )  # fmt: skip
    address = made["Location"].removesuffix("check/")
    press_send(bob, address)
    page = text_of(bob.get(address))
    assert re.search(r"Name: Belt .* Unit price: 1,234.50 EUR", page)


def shown_on(client: Client, address: str) -> dict[str, str]:
    """Return what the page of a job sends along when it asks how far it is."""
    page = client.get(address).content.decode()
    hidden = re.findall(r'<input type="hidden"[^>]* name="(rows|state|after|tabs)" value="([^"]*)"', page)
    return dict(hidden)


def test_the_rows_of_a_job_say_so_when_they_do_not_stand_so_any_more(bob: Client, world: World) -> None:
    address = check(bob, world, "id,quantity\nA-1,12\nA-2,7\nA-3,9\n")
    press_send(bob, address)
    seen = shown_on(bob, address + "?state=queued")
    assert seen["state"] == "queued"
    unchanged = bob.get(address + "progress/", {"was": "queued", **seen}).content.decode()
    assert 'id="progress"' in unchanged and 'id="row-tabs"' not in unchanged  # who reads the tabs is left in peace
    with network_scope(world.foundry.network.id):
        Row.objects.filter(number=3).update(state="accepted")
    changed = bob.get(address + "progress/", {"was": "queued", **seen})
    assert 'id="row-tabs" hx-swap-oob="true"' in changed.content.decode()
    assert "In line 2" in text_of(changed) and "Accepted 1" in text_of(changed)
    assert "Rows shown here have changed." in text_of(changed)
    assert 'hx-get="?state=queued"' in changed.content.decode()
    # Shown anew, they stand as they are said to; other rows than those shown change the counts alone.
    seen = shown_on(bob, address + "?state=accepted")
    with network_scope(world.foundry.network.id):
        Row.objects.filter(number=2).update(state="rejected")
    changed = bob.get(address + "progress/", {"was": "queued", **seen})
    assert "Rejected 1" in text_of(changed) and "Rows shown here have changed." not in text_of(changed)
    odd = {"was": "queued", "rows": "x\0", "state": "no", "after": "-"}
    assert bob.get(address + "progress/", odd).status_code == 200


def test_a_row_that_is_left_out_stays_so_until_it_is_put_back(bob: Client, world: World) -> None:
    address = check(bob, world, "id,quantity\nA-1,12\nA-2,seven\n")
    bob.post(address + "rows/3/", {"act": "leave-out"})
    late = bob.post(address + "rows/3/", {"cell-quantity": "7"}, headers={"HX-Request": "true"})
    assert "Put back" in text_of(late)
    with network_scope(world.foundry.network.id):
        row = Row.objects.get(number=3)
        assert (row.state, (row.cells or {})["quantity"]) == ("left_out", "seven")


def test_many_files_of_one_request_are_no_way_around_the_bound(bob: Client, settings: Any) -> None:
    settings.PORTAL_MAX_FILE_MB = 1
    half = "id,quantity\n" + "A-1,1\n" * 100_000
    answer: Any = bob.post(STOCK, {"other": file(half), "file": file(half)})
    assert answer.status_code == 422
    assert "larger than 1 MB" in text_of(answer)


def test_odd_characters_in_headings_are_kept_as_question_marks(bob: Client, world: World, tmp_path: Path) -> None:
    path = tmp_path / "odd.xlsx"
    write_xlsx(path, ["id", "quantity", "h_x0000_x"], [["A-1", "1", "x"]])
    upload(bob, path.read_bytes())
    assert "\0" not in "".join(job_of(world).heading)


def test_what_identifies_things_in_a_chosen_column_is_asked_without_scripts(bob: Client, world: World) -> None:
    address = upload(bob, "Thing,quantity\nA-1,1\n")
    page = bob.get(address + "columns/").content.decode()
    assert re.search(r'<noscript>.*value="keep"', page, re.S)
    assert re.search(r'name="type-0-id"[^>]* hidden', page)
    kept: Any = bob.post(address + "columns/", {**of(bob, address), "act": "keep", "column-0": "id"}, follow=True)
    assert job_of(world).columns == ["id", None]
    shown = kept.content.decode()
    assert re.search(r'name="type-0-id"', shown) and not re.search(r'name="type-0-id"[^>]* hidden', shown)
    data = {**of(bob, address), "column-0": "id", "column-1": "quantity", "type-0-id": "inferred"}
    answer: Any = bob.post(address + "columns/", data)
    assert answer["Location"] == address + "check/"
    assert job_of(world).identifier_types == {"id": "inferred"}
