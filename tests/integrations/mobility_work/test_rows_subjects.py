"""What an item is about, and when it changes what it is called."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.mobility_work.operations import OPERATIONS
from integrations.mobility_work.subjects import changes_identity, subject_of

TYPED = {"type": "externalReference", "value": "A-1"}


@pytest.mark.parametrize(
    ("operation", "item", "changes"),
    [
        ("updateSpareParts", {"id": TYPED, "name": "Joint"}, False),
        ("updateSpareParts", {"id": TYPED, "externalReference": "A-2"}, True),
        ("updateSpareParts", {"id": "A-1", "externalReference": "A-2"}, True),
        ("updateSpareParts", {"id": TYPED, "externalReference": "A-1"}, False),
        ("updateSpareParts", {"id": "A-1", "externalReference": "A-1"}, False),
        ("updateEquipments", {"id": "F-1", "itemCode": None}, True),
        ("updateEquipments", {"id": 5, "itemCode": "5"}, True),
        ("updateEquipments", {"id": {"type": "native", "value": 5}, "itemCode": "F-1"}, True),
        ("updateEquipments", {"id": {"type": "external", "value": "F-1"}, "itemCode": "F-1"}, False),
        ("replaceSparePartStock", {"id": TYPED, "quantity": 1}, False),
        ("createSpareParts", {"externalReference": "A-1"}, False),
        ("scheduleTask", {"equipment": "F-1"}, False),
    ],
)
def test_a_row_that_renames_its_thing_is_told(operation: str, item: dict[str, Any], changes: bool) -> None:
    assert changes_identity(OPERATIONS[operation], item) is changes


@pytest.mark.parametrize(
    ("operation", "item", "subjects"),
    [
        ("replaceSparePartStock", {"id": TYPED, "quantity": 1}, [("part", "ref:A-1")]),
        ("replaceSparePartStock", {"id": "A-1", "quantity": 1}, [("part", "ref:A-1")]),
        (
            "updateSpareParts",
            {"id": TYPED, "externalReference": "A-2"},
            [("part", "ref:A-1"), ("part", "ref:A-2")],
        ),
        (
            "createSpareParts",
            {"externalReference": "A-1", "stock": {"locationName": "Magasin"}},
            [("part", "ref:A-1"), ("location", "name:Magasin")],
        ),
        (
            "relocateSpareParts",
            {"sparePartId": TYPED, "source": {"locationName": "A"}, "target": {"locationName": "B"}},
            [("part", "ref:A-1"), ("location", "name:A"), ("location", "name:B")],
        ),
        ("createEquipments", {"name": "Four"}, []),
        ("createEquipments", {"name": "Four", "itemCode": "F-1"}, [("equipment", "ref:F-1")]),
        ("updateEquipments", {"id": {"type": "native", "value": 5}, "itemCode": None}, [("equipment", "id:5")]),
        ("createLocations", {"name": "Magasin"}, [("location", "name:Magasin")]),
        ("scheduleTask", {"equipment": {"type": "external", "value": "F-1"}}, [("equipment", "ref:F-1")]),
        ("scheduleTask", {"equipment": 5}, [("equipment", "id:5")]),
    ],
)
def test_the_subjects_of_an_item_are_called_as_readings_call_them(
    operation: str, item: dict[str, Any], subjects: list[tuple[str, str]]
) -> None:
    assert list(subject_of(OPERATIONS[operation], item)) == subjects


def test_every_operation_says_what_its_rows_are_about() -> None:
    assert all(any(field.subject for field in operation.fields) for operation in OPERATIONS.values())
