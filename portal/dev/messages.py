"""`make messages` brings the catalogues up to date and compiles them, with Babel alone: GNU gettext is not needed.

`python -m portal.dev.messages --check` says what is missing or stale, and fails. The compiled catalogues are committed,
so that a run needs neither Babel nor a compiler.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
LOCALES = ROOT / "portal" / "locale"
LANGUAGES = ("fr",)
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
# The dates of a catalogue would make two people's work differ where nothing differs.
UNDATED = datetime(2026, 1, 1, tzinfo=UTC)
# Typography that a language forbids. French: straight quotes, and signs that a line break could part from their word.
UNTYPOGRAPHIC = {"fr": re.compile(r"""['"“”]|[^\u202f][;!?]|[^\u00a0\d]:(?=\s|$)|«[^\u00a0\u202f]|[^\u00a0\u202f]»""")}
JSON_SAMPLE = re.compile(r'\{".*?\}')  # has its own typography


def sources() -> Iterator[tuple[Path, str, bytes]]:
    """Yield every file with messages, the kind of syntax in which Babel reads it, and its text."""
    for folder in ("integrations", "portal"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path != Path(__file__):
                yield path, "python", path.read_bytes()
    for path in sorted((ROOT / "templates").rglob("*.html")):
        # What Django makes of a template is calls between blanked-out text: no Python, but JavaScript's lexer copes.
        yield path, "javascript", templatize(path.read_text(), origin=str(path)).encode()


def template() -> Catalog:
    """Return the catalogue of all messages in the source."""
    found = _catalog(None)
    for path, kind, text in sources():
        name = path.relative_to(ROOT).as_posix()
        for _line, message, _comments, context in extract(kind, BytesIO(text), keywords=KEYWORDS):
            found.add(message, locations=[(name, 0)], context=context, flags=_flags(message, kind))
    return found


def _flags(message: str | tuple[str, ...], kind: str) -> set[str]:
    text = message if isinstance(message, str) else "".join(message)
    return {"python-format"} if "%(" in text and kind == "javascript" else set()


def _catalog(language: str | None) -> Catalog:
    return Catalog(
        locale=language,
        project="maintenance-portal",
        version="current",
        msgid_bugs_address="none",
        header_comment="# Messages of the maintenance portal.",
        creation_date=UNDATED,
        revision_date=UNDATED,
        last_translator="none",
        language_team="none",
        fuzzy=False,
    )


def po_path(language: str) -> Path:
    """Return where a language's catalogue is kept."""
    return LOCALES / language / "LC_MESSAGES" / "django.po"


def updated(language: str) -> Catalog:
    """Return a language's catalogue with the messages of the source: new ones empty, those that are gone left out."""
    catalog = _catalog(language)
    known = _read(language)
    for message in template():
        if message.id:
            old = known.get(message.id, message.context)
            text = old.string if old is not None else ""
            # A guess (fuzzy) stays marked until somebody has read it: it is not compiled, and the check names it.
            flags = message.flags | ({"fuzzy"} if old is not None and old.fuzzy else set())
            catalog.add(message.id, text, message.locations, flags, context=message.context)
    return catalog


def _read(language: str) -> Catalog:
    path = po_path(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def po_bytes(catalog: Catalog) -> bytes:
    """Return a catalogue as text, sorted by message and without line numbers, so that changes stay small."""
    written = BytesIO()
    write_po(written, catalog, width=110, sort_output=True, include_lineno=False, omit_header=False)
    return written.getvalue()


def mo_bytes(catalog: Catalog) -> bytes:
    """Return a catalogue compiled."""
    written = BytesIO()
    write_mo(written, catalog)
    return written.getvalue()


def problems(language: str) -> list[str]:
    """Return what is wrong with a language: missing, stale, not compiled, misprinted, or with other placeholders."""
    catalog = updated(language)
    path = po_path(language)
    found = unfinished(catalog, language)
    if not path.exists() or path.read_bytes() != po_bytes(catalog):
        found.append(f"{language}: django.po is not up to date")
    compiled = path.with_suffix(".mo")
    if not compiled.exists() or compiled.read_bytes() != mo_bytes(catalog):
        found.append(f"{language}: django.mo is not compiled from django.po")
    return found


def unfinished(catalog: Catalog, language: str) -> list[str]:
    """Return a line for every message that a translator must look at."""
    told = (_told(message, language) for message in catalog if message.id)
    return [f"{language}: {line}" for line in told if line]


def _told(message: Message, language: str) -> str:
    ids = [message.id] if isinstance(message.id, str) else list(message.id)
    strings = [message.string] if isinstance(message.string, str) else list(message.string or [""])
    if not all(strings):
        return f"not translated: {ids[0]!r}"
    if message.fuzzy:
        return f"only guessed (fuzzy): {ids[0]!r}"
    allowed = [_placeholders(text) for text in ids]
    for text in strings:
        if _placeholders(text) not in allowed:
            return f"placeholders differ: {ids[0]!r} and {text!r}"
        wrong = UNTYPOGRAPHIC[language].search(JSON_SAMPLE.sub("…", text)) if language in UNTYPOGRAPHIC else None
        if wrong:
            return f"typography at {wrong.group()!r}: {text!r}"
    return ""


def _placeholders(text: str) -> frozenset[str]:
    """Return the names in %(name)s and {name}; a lone brace or sign is text."""
    names = {part.split(")", 1)[0] for part in text.split("%(")[1:]}
    try:
        names |= {name for _text, name, _spec, _conversion in Formatter().parse(text) if name is not None}
    except ValueError:
        names.add("?")
    return frozenset(names)


def main(arguments: list[str]) -> int:
    """Update and compile, or with --check only look; return the exit code."""
    if "--check" in arguments:
        found = [problem for language in LANGUAGES for problem in problems(language)]
        for problem in found:
            print(problem, file=sys.stderr)
        if found:
            print("Translate what is missing, then run: make messages", file=sys.stderr)
        return 1 if found else 0
    for language in LANGUAGES:
        catalog = updated(language)
        path = po_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(po_bytes(catalog))
        path.with_suffix(".mo").write_bytes(mo_bytes(catalog))
        left = unfinished(catalog, language)
        print(*left, f"{language}: {len(catalog)} messages, {len(left)} to translate", sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
