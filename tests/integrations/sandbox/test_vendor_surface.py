"""The vendor's endpoints as a client meets them: good bodies, bad bodies, plans, keys, faults."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from integrations.sandbox.contract import OPENAPI, WRITES, operations

from .conftest import RunningSandbox, wait_for

DOCUMENT = yaml.safe_load(OPENAPI.read_text(encoding="utf-8"))
TASK = {
    "equipment": 2507,
    "description": "Contrôle annuel des flexibles hydrauliques",
    "startDateTime": "2026-12-01T08:00:00+01:00",
    "endDateTime": "2026-12-01T10:00:00+01:00",
    "allDay": False,
    "assignees": [],
}
# One wrong body per operation, and the pointer and key under which the vendor would complain.
BAD: dict[str, tuple[Any, str, str]] = {
    "createSpareParts": ([{"externalReference": "A", "unitPrice": {}, "stock": {}}], "/0/name", "required"),
    "replaceSparePartStock": ([{"id": "A", "quantity": 1}, {"id": "B", "quantity": -1}], "/1/quantity", "min"),
    "updateSpareParts": ([{"id": "A", "name": "ab"}], "/0/name", "min_length"),
    "relocateSpareParts": ([{"sparePartId": "A"}], "/0/target", "required"),
    "createEquipments": ([{"name": "x" * 256}], "/0/name", "max_length"),
    "updateEquipments": ([{"id": True, "name": "abc"}], "/0/id", "identifier"),
    "createLocations": ([{"name": "-no"}], "/0/name", "pattern"),
    "scheduleTask": ({**TASK, "startDateTime": "tomorrow"}, "/startDateTime", "format"),
}


def good_body(name: str) -> Any:
    operation = operations()[name]
    item = DOCUMENT["paths"][operation.path][operation.method.lower()]
    examples = item["requestBody"]["content"]["application/json"]["examples"]
    return TASK if name == "scheduleTask" else next(iter(examples.values()))["value"]


def send(sandbox: RunningSandbox, network: dict[str, Any], name: str, body: Any) -> httpx.Response:
    operation = operations()[name]
    return sandbox.call(network, operation.method, operation.path.removeprefix("/partners/v1/"), body)


def test_settings_say_which_network_a_key_opens(sandbox: RunningSandbox) -> None:
    network = sandbox.network(name="Essai", timezone="Europe/London", currency="gbp")
    answer = sandbox.call(network, "GET", "network/settings")
    assert answer.status_code == 200
    assert answer.headers["Request-Id"]
    assert answer.json() == {
        "networkId": network["id"],
        "legacyNetworkId": network["legacy_id"],
        "name": "Essai",
        "timezone": "Europe/London",
        "currency": "GBP",
    }
    assert ", " not in answer.text, "answers are minified"


def test_all_eight_writes_take_a_good_body_and_refuse_a_bad_one(sandbox: RunningSandbox) -> None:
    network = sandbox.network(plan="ultimate")
    for name in WRITES:
        good = send(sandbox, network, name, good_body(name))
        assert (good.status_code, good.text) == (201 if name == "scheduleTask" else 202, "null"), name
        body, pointer, key = BAD[name]
        bad = send(sandbox, network, name, body)
        assert bad.status_code == 400, name
        assert bad.headers["Request-Id"]
        content = bad.json()
        assert content["code"] == "400044"
        errors = content["extended_message"]["property_errors"]
        assert [detail["messageKey"] for detail in errors[pointer]] == [f"error.payload.{key}"], (name, errors)


def test_errors_carry_parameters_and_the_documented_shape(sandbox: RunningSandbox) -> None:
    network = sandbox.network()
    rows = [{"id": "A", "quantity": 12}, {"id": "B", "quantity": -1}, {"id": "C"}]
    content = send(sandbox, network, "replaceSparePartStock", rows).json()
    assert content == {
        "http_status_code": 400,
        "code": "400044",
        "message": "The request payload is not valid.",
        "extended_message": {
            "global_errors": [],
            "property_errors": {
                "/1/quantity": [{"messageKey": "error.payload.min", "parameters": {"min": 0}}],
                "/2/quantity": [{"messageKey": "error.payload.required", "parameters": {}}],
            },
        },
        "more_info_url": None,
    }


def test_a_task_about_unknown_things_is_refused_by_name(sandbox: RunningSandbox) -> None:
    network = sandbox.network()
    body = {**TASK, "equipment": 99999, "assignees": ["jean.inconnu@valdarve.example"]}
    errors = send(sandbox, network, "scheduleTask", body).json()["extended_message"]["property_errors"]
    assert errors == {
        "/equipment": [
            {"messageKey": "error.payload.equipment.unknown", "parameters": {"type": "native", "value": 99999}}
        ],
        "/assignees/0": [
            {
                "messageKey": "error.payload.assignees.unknown",
                "parameters": {"type": "email", "value": "jean.inconnu@valdarve.example"},
            }
        ],
    }


@pytest.mark.parametrize(
    ("plan", "refused"),
    [
        (
            "starter",
            {"replaceSparePartStock", "relocateSpareParts", "updateEquipments", "createLocations"},
        ),
        ("premium", set()),
    ],
)
def test_the_plan_decides_what_is_allowed(sandbox: RunningSandbox, plan: str, refused: set[str]) -> None:
    network = sandbox.network(plan=plan)
    statuses = {name: send(sandbox, network, name, good_body(name)).status_code for name in WRITES}
    assert {name for name, status in statuses.items() if status == 403} == refused
    assert set(statuses.values()) <= {201, 202, 403}


def test_a_wrong_key_path_method_or_text_is_answered_as_the_vendor_does(sandbox: RunningSandbox) -> None:
    network = sandbox.network()
    unknown = sandbox.http.get("/partners/v1/network/settings", headers={"Api-Key": "nope"})
    assert unknown.status_code == 401
    assert unknown.json()["extended_message"]["global_errors"][0]["messageKey"] == "Invalid Api Key."
    assert sandbox.http.get("/partners/v1/network/settings").status_code == 401
    assert sandbox.call(network, "GET", "nowhere").status_code == 404
    assert sandbox.call(network, "GET", "network/settings/").status_code == 404
    wrong = sandbox.call(network, "POST", "spare-parts/stock", [])
    assert (wrong.status_code, wrong.json()["http_status_code"]) == (405, 405)
    for content in (b"not json", b"[NaN]", b"\xff", b"[" * 100_000):
        answer = sandbox.http.put(
            "/partners/v1/spare-parts/stock", content=content, headers={"Api-Key": network["api_key"]}
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "400001"), content[:20]


def test_ten_thousand_rows_are_quick_and_one_more_is_too_many(sandbox: RunningSandbox) -> None:
    network = sandbox.network(settings={"event_delay": 60})
    rows = [{"id": f"P-{number}", "quantity": number} for number in range(10_000)]
    began = time.perf_counter()
    assert send(sandbox, network, "replaceSparePartStock", rows).status_code == 202
    assert time.perf_counter() - began < 1
    refused = send(sandbox, network, "replaceSparePartStock", [*rows, {"id": "P", "quantity": 1}])
    assert refused.status_code == 400
    assert refused.json()["extended_message"]["global_errors"] == [
        {"messageKey": "error.payload.max_items", "parameters": {"max": 10000, "count": 10001}}
    ]


@pytest.mark.parametrize(("kind", "status"), [("500", 500), ("503", 503), ("429", 429), ("401", 401)])
def test_a_call_fault_hits_so_many_calls_and_no_more(sandbox: RunningSandbox, kind: str, status: int) -> None:
    network = sandbox.network()
    sandbox.control("PUT", f"/networks/{network['id']}/faults", call=kind, calls=2)
    answers = [sandbox.call(network, "GET", "network/settings") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert all(answer.headers["Request-Id"] for answer in answers)
    assert ("Retry-After" in answers[0].headers) == (status == 429)


def test_an_answer_can_get_lost_although_the_write_took_effect(sandbox: RunningSandbox) -> None:
    network = sandbox.network()
    sandbox.control("PUT", f"/networks/{network['id']}/faults", call="lost_answer", calls=1, seconds=0.6)
    with pytest.raises(httpx.ReadTimeout):
        sandbox.http.post(
            "/partners/v1/locations/create/bulk",
            json=[{"name": "Quai 9"}],
            headers={"Api-Key": network["api_key"]},
            timeout=0.2,
        )
    wait_for(lambda: "Quai 9" in places(sandbox, network))


def places(sandbox: RunningSandbox, network: dict[str, Any]) -> list[str]:
    plant = sandbox.control("GET", f"/networks/{network['id']}/plant")
    return [place["name"] for place in plant["locations"]]


def test_writes_change_the_plant(sandbox: RunningSandbox) -> None:
    network = sandbox.network()
    part = {"externalReference": "NEW-1", "name": "New part", "unitPrice": {}, "minimumStock": 2}
    send(sandbox, network, "createLocations", [{"name": "Quai 7"}])
    send(sandbox, network, "createSpareParts", [{**part, "stock": {"quantity": 5, "locationName": "Quai 7"}}])
    send(sandbox, network, "updateSpareParts", [{"id": "NEW-1", "name": "Newer part", "minimumStock": None}])
    target = {"target": {"locationName": "Furnace trolley"}}
    send(sandbox, network, "relocateSpareParts", [{"sparePartId": "NEW-1", **target}])
    send(sandbox, network, "createEquipments", [{"name": "Saw", "itemCode": "SAW-1"}])
    send(sandbox, network, "updateEquipments", [{"id": "SAW-1", "name": "Band saw"}])

    def plant() -> Any:
        return sandbox.control("GET", f"/networks/{network['id']}/plant")

    wait_for(lambda: any(machine["name"] == "Band saw" for machine in plant()["equipments"]))
    state = plant()
    (made,) = [each for each in state["parts"] if each["reference"] == "NEW-1"]
    names = {place["id"]: place["name"] for place in state["locations"]}
    assert (made["name"], made["minimum"], made["total"]) == ("Newer part", None, 5)
    assert {names[place]: held for place, held in made["stock"].items() if held} == {"Furnace trolley": 5}


def test_keys_networks_and_waiting_writes_outlive_a_restart(tmp_path: Path) -> None:
    first = RunningSandbox(tmp_path)
    network = first.network(settings={"event_delay": 0.8})
    more = first.control("POST", f"/networks/{network['id']}/keys")["api_key"]
    assert send(first, network, "createLocations", [{"name": "Quai 3"}]).status_code == 202
    first.stop()
    second = RunningSandbox(tmp_path)
    try:
        for key in (network["api_key"], more):
            answer = second.http.get("/partners/v1/network/settings", headers={"Api-Key": key})
            assert answer.json()["networkId"] == network["id"]
        wait_for(lambda: "Quai 3" in places(second, network))
        second.control("POST", f"/networks/{network['id']}/keys", revoke_others=True)
        assert second.call(network, "GET", "network/settings").status_code == 401
    finally:
        second.stop()
