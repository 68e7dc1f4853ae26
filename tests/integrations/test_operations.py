"""The table of operations says what the vendor's description says, and registries refuse mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from integrations.mobility_work.events import TABLE as EVENT_TABLE
from integrations.mobility_work.operations import OPERATIONS, TABLE, WEBHOOK_PLANS, allowed
from integrations.spec import DuplicateEntry, Operation, Plan, UnknownName, refuse_unknown, registry

DESCRIPTION = yaml.safe_load(
    (Path(__file__).parents[2] / "integrations" / "mobility_work" / "openapi.yaml").read_text(encoding="utf-8")
)


def documented_writes() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Return the wholly documented write operations by operationId."""
    return {
        described["operationId"]: (method.upper(), path, described)
        for path, item in DESCRIPTION["paths"].items()
        for method, described in item.items()
        if method in ("post", "put") and described["x-status"] == "documented"
    }


def test_all_eight_documented_writes_are_there() -> None:
    assert set(OPERATIONS) == set(documented_writes())
    assert len(OPERATIONS) == 8


@pytest.mark.parametrize("operation", TABLE, ids=lambda operation: operation.name)
def test_an_operation_says_what_the_vendor_says(operation: Operation) -> None:
    method, path, described = documented_writes()[operation.name]
    assert (operation.method, operation.path) == (method, path)
    assert {str(plan) for plan in operation.plans} == set(described["x-plans"])
    assert operation.bulk_limit == described["x-bulk-limit"]
    assert operation.retry_safe == described["x-idempotent"]
    assert list(operation.confirmed_by) == described["x-confirmed-by"]


def test_a_plan_allows_what_it_includes() -> None:
    starter = {operation.name for operation in allowed(Plan.STARTER)}
    assert starter == {"createSpareParts", "updateSpareParts", "createEquipments", "scheduleTask"}
    assert allowed(Plan.PREMIUM) == allowed(Plan.ULTIMATE) == TABLE
    described = [item["post"]["x-plans"] for item in DESCRIPTION["webhooks"].values()]
    assert all({str(plan) for plan in WEBHOOK_PLANS} == set(plans) for plans in described)


def test_a_name_or_alias_is_taken_once() -> None:
    with pytest.raises(DuplicateEntry):
        registry([*TABLE, TABLE[0]])
    with pytest.raises(DuplicateEntry):
        registry([*EVENT_TABLE, EVENT_TABLE[-1]])


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UnknownName, match="TaskWasPolished"):
        refuse_unknown(["TaskWasStarted", "TaskWasPolished"], ["TaskWasStarted"])
