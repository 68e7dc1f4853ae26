"""Finds the column that each heading of a file means; what is not certain is left to the person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from integrations.mobility_work.terms import normalise
from integrations.spec import Field, Operation


@dataclass(frozen=True, slots=True)
class ColumnMatch:
    """What the headings of a file mean; positions count from 0, for headings may be empty or come twice."""

    columns: tuple[str | None, ...]  # for each heading its column, or None
    unknown: tuple[int, ...]  # headings that mean no column
    doubled: dict[str, tuple[int, ...]]  # column: the headings that all mean it; a person chooses one
    missing: tuple[str, ...]  # columns that every row needs and no heading means

    @property
    def is_certain(self) -> bool:
        """Say whether nothing is left to choose."""
        return not (self.unknown or self.doubled or self.missing)


def match_columns(
    operation: Operation, headings: Sequence[str], *, translations: Iterable[Callable[[str], str]] = ()
) -> ColumnMatch:
    """Match headings by name, label (English, and as each of `translations` says it) and synonyms.

    Letter case, accents, spaces and punctuation don't count. A name outranks a label, and a label a synonym.
    """
    meanings = _meanings(operation, tuple(translations))
    meant = [meanings.get(plain(heading)) for heading in headings]
    positions: dict[str, list[int]] = {}
    for position, name in enumerate(meant):
        if name:
            positions.setdefault(name, []).append(position)
    doubled = {name: tuple(found) for name, found in positions.items() if len(found) > 1}
    return ColumnMatch(
        columns=tuple(None if name in doubled else name for name in meant),
        unknown=tuple(position for position, name in enumerate(meant) if name is None),
        doubled=doubled,
        missing=tuple(field.name for field in operation.fields if field.needed and field.name not in positions),
    )


def plain(heading: str) -> str:
    """Return what counts of a heading: its letters and digits, small and without accents."""
    return "".join(filter(str.isalnum, normalise(heading)))


def _meanings(operation: Operation, translations: tuple[Callable[[str], str], ...]) -> dict[str, str]:
    """Return the column of every heading that is known."""
    ranks: tuple[Callable[[Field], Iterable[str]], ...] = (
        lambda field: (field.name,),
        lambda field: (field.label, *(translate(field.label) for translate in translations)),
        lambda field: field.synonyms,
    )
    meanings: dict[str, str] = {}
    for of in ranks:
        for field in operation.fields:
            for heading in of(field):
                meanings.setdefault(plain(heading), field.name)
    meanings.pop("", None)
    return meanings
