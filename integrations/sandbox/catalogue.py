"""Reads catalogue.toml: what the invented plants are made of, in French and in English."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal, NamedTuple

Language = Literal["fr", "en"]
Trade = Literal["foundry", "machining"]
Wording = dict[Language, str]


class PartEntry(NamedTuple):
    reference: Wording
    name: Wording
    price: int  # smallest unit of the currency
    minimum: int
    maximum: int
    wear: int  # how often the part is taken, relative to the others
    cost_center: str | None = None


class MachineEntry(NamedTuple):
    code: Wording
    name: Wording
    kind: str
    cost_center: str
    critical: bool


class JobEntry(NamedTuple):
    kinds: list[str]
    tag: str
    text: Wording
    parts: list[str]  # English references
    reports: dict[Language, list[str]]


_DATA = tomllib.loads(Path(__file__).with_name("catalogue.toml").read_text(encoding="utf-8"))

PARTS: tuple[PartEntry, ...] = tuple(PartEntry(**entry) for entry in _DATA["parts"])
PART_NUMBERS: dict[str, int] = {part.reference["en"]: number for number, part in enumerate(PARTS)}
TAGS: dict[str, Wording] = _DATA["tags"]
CRITICAL: tuple[str, Wording, int, Wording] = (
    "$critical",
    {"fr": "Critique", "en": "Critical"},
    7,
    {"fr": "Criticité", "en": "Criticality"},
)
MACHINES: dict[Trade, list[MachineEntry]] = {
    trade: [MachineEntry(**entry) for entry in entries] for trade, entries in _DATA["machines"].items()
}
JOBS: tuple[JobEntry, ...] = tuple(JobEntry(**entry) for entry in _DATA["jobs"])
PLACES: dict[Language, list[str]] = _DATA["places"]
PEOPLE: dict[Language, list[list[str]]] = _DATA["people"]
