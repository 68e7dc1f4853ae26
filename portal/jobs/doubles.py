"""Finds rows of one file that are about the same thing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from integrations.spec import Operation
from portal.jobs.problems import Stored, found


def identity_of(operation: Operation, cells: Mapping[str, str]) -> bytes | None:
    """Return a digest of what a row is about, from its cells as typed; None where it doesn't say.

    A task is about nothing that has a name yet: there the whole row counts.
    """
    names = operation.identity or tuple(sorted(cells))
    values = [cells.get(name, "").strip() for name in names]
    if not (values[0] if operation.identity else any(values)):
        return None
    return hashlib.blake2b("\x1f".join(values).encode(errors="surrogatepass"), digest_size=16).digest()


def content_of(text: str) -> bytes:
    """Return a digest of what a row says."""
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Double:
    """What is to be said of a row because of another: an error, or a warning."""

    row: int
    is_error: bool
    problem: Stored


@dataclass(slots=True)
class Doubles:
    """Every row's identity, collected while a file is read; some 250 bytes of memory for each."""

    operation: Operation
    _first: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)
    _groups: dict[bytes, list[tuple[int, bytes]]] = field(default_factory=dict)

    def add(self, row: int, identity: bytes | None, content: bytes) -> None:
        """Remember a row."""
        if identity is None:
            return
        first = self._first.setdefault(identity, (row, content))
        if first[0] != row:
            self._groups.setdefault(identity, [first]).append((row, content))

    def __iter__(self) -> Iterator[Double]:
        """Yield what is to be said of each row that is not alone."""
        for group in self._groups.values():
            yield from doubles_of(self.operation, group)


def doubles_of(operation: Operation, group: list[tuple[int, bytes]]) -> Iterator[Double]:
    """Yield what is to be said of rows with one identity, given with their contents in the order of the file.

    An update of one thing to two values is an error in every row: which of them is meant, only a person knows.
    """
    if len(group) < 2:
        return
    column = operation.identity[0] if operation.identity else ""
    thing = operation.field(column).subject if column else ""
    first, content = group[0]
    differing = next((row for row, other in group if other != content), None)
    for row, own in group:
        if operation.updates and differing is not None:
            yield Double(row, True, found("double", column, row=first if own != content else differing, thing=thing))
        elif row != first:
            code = "same_row" if not operation.identity else "same_again" if operation.updates else "double_created"
            yield Double(row, False, found(code, column, row=first, thing=thing))
