"""Words under which an event is found: one normalisation for the index and for queries."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice

MAX_TERMS = 200
MAX_LENGTH = 64
MAX_TEXT = 2000
SHORT = 120
MAX_PARTS = 6
EDGES = "-_./#"
# Letters that have no accent to drop.
SPELLED = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d"})
WORD = re.compile(r"[^\W_]+")
REFERENCE = re.compile(r"[^\s,;:()\"'«»]+")


def normalise(text: str) -> str:
    """Return lower-case text without accents."""
    if text.isascii():
        return text.replace("\0", " ").lower()
    decomposed = unicodedata.normalize("NFKD", text.replace("\0", " ")).casefold()
    kept = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return kept.translate(SPELLED).encode("utf-8", "ignore").decode()


def _pieces(plain: str) -> list[str]:
    """Return what stands between spaces and punctuation, whole references among it."""
    return [stripped for piece in REFERENCE.findall(plain) if (stripped := piece.strip(EDGES))]


def _words(text: str) -> tuple[str, ...]:
    """Return the words of a text; a reference such as ROUL-6205-2RS whole, and from each of its parts on."""
    plain = normalise(text)
    words = {word[:MAX_LENGTH] for word in WORD.findall(plain)}
    for piece in _pieces(plain):
        starts = [match.start() for match in islice(WORD.finditer(piece), MAX_PARTS)]
        words.update(piece[start : start + MAX_LENGTH] for start in (0, *starts))
    return tuple(sorted(words))


# Names and references come again and again.
_words_of_short = lru_cache(maxsize=8192)(_words)


def index_terms(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the terms of an event, sorted, at most 200; the texts that come first are kept first."""
    found: dict[str, None] = {}
    for text in texts:
        for word in _words_of_short(text) if len(text) <= SHORT else _words(text[:MAX_TEXT]):
            found.setdefault(word)
        if len(found) >= MAX_TERMS:
            break
    return tuple(sorted(list(found)[:MAX_TERMS]))


def search_terms(query: str) -> list[str]:
    """Return the words of a query, each of which must begin some term of an event."""
    words: dict[str, None] = {}
    for piece in _pieces(normalise(query[:200])):
        words.setdefault(piece[:MAX_LENGTH])
    return list(words)[:10]
