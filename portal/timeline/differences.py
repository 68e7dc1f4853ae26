"""Says in words how an event differs from what is known of the vendor's contract."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.mobility_work.events import EVENT_TYPES
from portal.timeline.models import ContractDifference

# By the codes that the reader and the pipeline note; a test fails when one has no words. The field or the name that the
# code is about follows the words.
WORDS: dict[str, str | Promise] = {
    "unknown_event": _("The portal does not know this type of event."),
    "alias_spelling": _("The type's name is the second of two spellings that Mobility Work documents."),
    "missing_required": _("A field is missing that the documentation requires."),
    "unknown_field": _("There is a field that the documentation does not describe."),
    "unexpected_type": _("A field holds another kind of value than documented."),
    "odd_metadata": _("The metadata are neither text nor the list that the documentation describes."),
    "unreadable_time": _("A time cannot be read, so another one is used."),
    "time_in_future": _("A time lies in the future, so another one is used."),
    "duplicate_keys": _("One object names the same field twice; the last value was used."),
    "odd_json": _("The body holds a number that JSON does not allow, such as NaN."),
    "key_reused": _("Two different events carry the same vendor key. Both are kept."),
}
OTHER = _("Something differs that has no description yet.")


def words_of(code: str) -> str:
    """Return the sentence for a code."""
    return str(WORDS.get(code, OTHER))


@dataclass(slots=True)
class Finding:
    """One way in which events of a network differ: in which types, and the first event of each."""

    code: str
    path: str
    types: list[tuple[str, int]] = field(default_factory=list)  # label and position of the first example

    @property
    def words(self) -> str:
        """Return the sentence."""
        return words_of(self.code)


def grouped(differences: Iterable[ContractDifference]) -> list[Finding]:
    """Return differences by what they are, so that one field that many types have is one line."""
    found: dict[tuple[str, str], Finding] = {}
    for each in differences:
        entry = EVENT_TYPES.get(each.type)
        label = gettext(entry.label) if entry else each.type or gettext("Unreadable")
        finding = found.setdefault((each.code, each.path), Finding(each.code, each.path))
        finding.types.append((label, each.first_position))
    return list(found.values())
