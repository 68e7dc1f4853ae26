"""Words under which an event is found: one normalisation for the index and for queries."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

MAX_TERMS = 200
MAX_LENGTH = 64
WORD = re.compile(r"[^\W_]+")
REFERENCE = re.compile(r"[^\s,;:()\"'«»]+")


def normalise(text: str) -> str:
    """Return lower-case text without accents."""
    decomposed = unicodedata.normalize("NFKD", text.replace("\0", " ")).casefold()
    kept = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return kept.encode("utf-8", "ignore").decode()


def _words(text: str) -> set[str]:
    plain = normalise(text)
    words = set(WORD.findall(plain))
    # A reference such as ROUL-6205-2RS is found whole as well as by its parts.
    words.update(piece.strip("-_./#") for piece in REFERENCE.findall(plain) if not piece.isalnum())
    return {word[:MAX_LENGTH] for word in words if word}


def index_terms(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the terms of an event, sorted, at most 200; the texts that come first are kept first."""
    found: dict[str, None] = {}
    for text in texts:
        for word in sorted(_words(text[:2000])):
            found.setdefault(word)
        if len(found) >= MAX_TERMS:
            break
    return tuple(sorted(list(found)[:MAX_TERMS]))


def search_terms(query: str) -> list[str]:
    """Return the words of a query, each of which must begin some term of an event."""
    words: dict[str, None] = {}
    for piece in REFERENCE.findall(normalise(query[:200])):
        word = piece.strip("-_./#")[:MAX_LENGTH]
        if word:
            words.setdefault(word)
    return list(words)[:10]
