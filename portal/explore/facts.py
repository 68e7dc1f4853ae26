"""Says what an event means in words: each fact with its values by name, things by what they are called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from integrations.facts import Fact, from_json
from integrations.mobility_work.events import EVENT_TYPES
from portal.explore.names import Names, bare
from portal.explore.stock.words import KINDS
from portal.lib.templatetags.portal import change, figure
from portal.networks.models import Network
from portal.tasks.models import Task

FACTS: Mapping[str, str | Promise] = {
    "level_observed": _("Level told"),
    "quantity_moved": _("Quantity moved"),
    "task_changed": _("Task changed"),
    "activity_added": _("Activity added"),
    "threshold_crossed": _("Threshold crossed"),
    "noted": _("Noted"),
}
LABELS: Mapping[str, str | Promise] = {
    "part": _("Spare part"),
    "location": _("Location"),
    "level": _("Level"),
    "minimum": _("Minimum"),
    "kind": _("What"),
    "quantity": _("Quantity"),
    "delta": pgettext_lazy("of a quantity", "Change"),
    "previous": _("Stock before"),
    "resulting": _("Stock after"),
    "task": _("Task"),
    "person": _("Person"),
    "state": _("State"),
    "about": _("About"),
    "tags": _("Tags"),
    "parts": _("Parts needed"),
    "activity": _("Activity"),
    "type": _("Type"),
}
THINGS = ("part", "location", "task", "person")


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a fact, ready to be shown; `url` leads to the thing."""

    label: str | Promise
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class FactLine:
    """One fact."""

    words: str | Promise
    values: list[Value]


def facts_of(data: Sequence[dict[str, Any]], network: Network) -> list[FactLine]:
    """Return the facts of an event in words. Needs the scope."""
    facts = [from_json(each) for each in data]
    names = Names((wanted for fact in facts for wanted in _wanted(fact, network)), [network])
    return [FactLine(FACTS[fact.name], list(_values(fact, network, names))) for fact in facts]


def _wanted(fact: Fact, network: Network) -> Iterator[tuple[Any, str, str]]:
    for kind in THINGS:
        yield network.id, kind, getattr(fact, kind, None) or ""
    yield network.id, getattr(fact, "about_kind", None) or "equipment", getattr(fact, "about", None) or ""
    for key, _quantity in getattr(fact, "parts", ()):
        yield network.id, "part", key


def _values(fact: Fact, network: Network, names: Names) -> Iterator[Value]:
    for name in (each.name for each in fields(fact)):
        value = getattr(fact, name)
        if value is None or value == () or name not in LABELS:
            continue
        kind = getattr(fact, "about_kind", None) or "equipment" if name == "about" else name
        thing = names.of(network.id, kind, value) if name in (*THINGS, "about") else None
        if thing:
            yield Value(LABELS[name], thing.label, thing.url)
        else:
            yield Value(LABELS[name], _text(name, value, network, names))


def _text(name: str, value: Any, network: Network, names: Names) -> str:
    if name == "parts":
        called = ((names.of(network.id, "part", key), quantity) for key, quantity in value)
        return ", ".join(
            f"{quantity} × {thing.label}" if quantity else thing.label for thing, quantity in called if thing
        )
    if name == "delta":
        return change(value)
    if isinstance(value, Decimal):
        return figure(value)
    if isinstance(value, tuple):
        return ", ".join(value)
    if name == "kind":
        look = KINDS.get(value)
        return str(look.word if look else value)
    if name == "state":
        return str(Task.State(value).label) if value in Task.State.values else str(value)
    if name == "type":
        entry = EVENT_TYPES.get(value)
        return str(_(entry.label)) if entry else str(value)
    return bare(str(value))
