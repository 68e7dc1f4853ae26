"""Headings are found by name, label and synonym; what is not certain is left to the person."""

from __future__ import annotations

import gettext
from pathlib import Path

import pytest

from integrations.mobility_work.headings import match_columns, plain
from integrations.mobility_work.operations import OPERATIONS, TABLE
from integrations.spec import Operation

CATALOGUE = Path(__file__).parents[3] / "portal" / "locale" / "fr" / "LC_MESSAGES" / "django.mo"
STOCK = OPERATIONS["replaceSparePartStock"]


@pytest.fixture(scope="module")
def french() -> gettext.GNUTranslations:
    with CATALOGUE.open("rb") as file:
        return gettext.GNUTranslations(file)


@pytest.mark.parametrize(
    "headings",
    [
        ["id", "quantity"], ["Spare part", "New stock"], ["RÉFÉRENCE ", "Qté."], ["external_reference", "Stock-Level"],
        ["Pièce de rechange", "quantite en stock"],
    ],
)  # fmt: skip
def test_a_heading_is_found_whatever_its_dress(headings: list[str]) -> None:
    found = match_columns(STOCK, headings)
    assert found.columns == ("id", "quantity")
    assert found.is_certain


def test_what_is_unknown_doubled_or_missing_is_told_and_nothing_is_dropped() -> None:
    found = match_columns(STOCK, ["Référence", "colour", "", "Reference"])
    assert found.columns == (None, None, None, None)
    assert found.unknown == (1, 2)
    assert found.doubled == {"id": (0, 3)}
    assert found.missing == ("quantity",)
    assert not found.is_certain


def test_a_reference_alone_never_renames() -> None:
    found = match_columns(OPERATIONS["updateSpareParts"], ["External reference", "Name"])
    assert found.columns == ("externalReference", "name")
    assert found.missing == ("id",)


def test_a_default_that_is_always_sent_is_not_missed() -> None:
    assert "allDay" not in match_columns(OPERATIONS["scheduleTask"], []).missing


@pytest.mark.parametrize("operation", TABLE, ids=lambda operation: operation.name)
def test_every_label_finds_its_column_in_both_languages(operation: Operation, french: gettext.GNUTranslations) -> None:
    names = tuple(field.name for field in operation.fields)
    for say in (str, french.gettext):
        labels = [say(field.label) for field in operation.fields]
        assert match_columns(operation, labels, translations=[french.gettext]).columns == names
    assert all(french.gettext(field.label) for field in operation.fields)


@pytest.mark.parametrize("operation", TABLE, ids=lambda operation: operation.name)
def test_a_french_label_is_no_other_columns_synonym(operation: Operation, french: gettext.GNUTranslations) -> None:
    taken: dict[str, str] = {}
    for field in operation.fields:
        for heading in (field.name, field.label, french.gettext(field.label), *field.synonyms):
            assert taken.setdefault(plain(heading), field.name) == field.name, heading
