"""Says what the vendor's message keys mean. An unknown key is shown as it came: it may be a sentence already."""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter

from integrations.mobility_work.body import clean
from integrations.mobility_work.reading import Argument, Sentence


def _(msgid: str) -> str:
    """Mark a text for translation; the page translates it."""
    return msgid


# Variants of one key stand in order: the first whose placeholders are all among the parameters is used.
# The first three keys were seen in the vendor's samples; the other two are assumed (reference, section 3).
MESSAGES: dict[str, tuple[str, ...]] = {
    "error.payload.min_length": (
        _("Too short: {length} characters, at least {min} are needed."),
        _("Too short: at least {min} characters are needed."),
        _("Too short."),
    ),
    "error.payload.equipment.unknown": (
        _("Mobility Work knows no equipment {value}."),
        _("Mobility Work does not know this equipment."),
    ),
    "error.payload.assignees.unknown": (
        _("Mobility Work knows no person {value}."),
        _("Mobility Work does not know this person."),
    ),
    "error.payload.required": (_("This value is required."),),
    "error.payload.min": (_("Too small: the least is {min}."), _("Too small.")),
}
# Of a key that stands in no table nobody can say what it means: guesses by its parts would be worse than none.
UNKNOWN_KEY = _("Refused, for a reason that the portal has no words for; Mobility Work calls it: {text}")
UNKNOWN = _("Mobility Work says: {text}")
KEY = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_\[\]-]+)+")
SILENT = _("Mobility Work refuses this value without saying why.")
MAX_PARAMETERS = 10


def all_messages() -> tuple[str, ...]:
    """Return every sentence, for translators and tests."""
    return (*(variant for variants in MESSAGES.values() for variant in variants), UNKNOWN_KEY, UNKNOWN, SILENT)


def _placeholders(template: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in Formatter().parse(template) if name}


def describe(message_key: str, parameters: Mapping[str, object]) -> Sentence:
    """Return what a detail of an error says, as a sentence that a page can translate."""
    texts = {name: text for name, value in parameters.items() if (text := clean(value))}
    for template in MESSAGES.get(message_key, ()):
        wanted = _placeholders(template)
        if wanted <= texts.keys():
            return Sentence(template, {name: Argument(texts[name]) for name in sorted(wanted)})
    key = clean(message_key)
    if not key:
        return Sentence(SILENT)
    listed = ", ".join(f"{clean(name)}: {text}" for name, text in list(texts.items())[:MAX_PARAMETERS])
    return Sentence(
        UNKNOWN_KEY if KEY.fullmatch(key) else UNKNOWN, {"text": Argument(f"{key} ({listed})" if listed else key)}
    )
