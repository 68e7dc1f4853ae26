"""Names as they are sorted and looked through: small letters without accents, in Python and in SQL alike."""

from __future__ import annotations

import unicodedata

from django.db.models import F, Func, Value
from django.db.models.functions import Concat, Lower


def _plain(letter: str) -> str:
    """Return the letter below the accents, "" where there are none or more than one letter is left."""
    base = "".join(part for part in unicodedata.normalize("NFD", letter) if not unicodedata.combining(part))
    return base if len(base) == 1 and base != letter and base.isascii() else ""


# The accented letters of Latin alphabets, one for one: all that `translate` of PostgreSQL can do.
ACCENTED = "".join(chr(code) for code in range(0xC0, 0x180) if _plain(chr(code)))
PLAIN = "".join(_plain(letter) for letter in ACCENTED)
_TABLE = str.maketrans(ACCENTED, PLAIN)


def fold_name(text: str) -> str:
    """Return a name as the database makes it."""
    return text.translate(_TABLE).lower()


def folded_expression() -> Lower:
    """Return what the database makes of a subject's label and reference."""
    named = Concat(F("label"), Value(" "), F("reference"))
    return Lower(Func(named, Value(ACCENTED), Value(PLAIN), function="translate"))
