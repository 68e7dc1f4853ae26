"""Renders a reading's sentence in the reader's language, its subjects as links."""

from __future__ import annotations

from decimal import Decimal
from string import Formatter
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.formats import get_format, number_format
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from integrations.mobility_work.events import SOMEBODY, SOMETHING
from portal.timeline.models import Reading

NAMELESS = {SOMEBODY, SOMETHING}
FIGURES = {"quantity", "level", "minimum"}


def subject_url(slug: str, kind: str, key: str) -> str:
    """Return the address of a subject's timeline."""
    return f"{reverse('subject', args=[slug, kind])}?{urlencode({'key': key})}"


def sentence_html(reading: Reading, slug: str) -> SafeString:
    """Return the sentence with links; a value that is missing shows as "?", never as an error."""
    template = gettext(reading.sentence.get("template", ""))
    arguments: dict[str, dict[str, Any]] = reading.sentence.get("arguments", {})
    parts: list[str] = []
    for text, name, _spec, _conversion in Formatter().parse(template):
        parts.append(escape(text))
        if name is not None:
            value = _value(arguments.get(name), slug)
            parts.append(value.replace(".", get_format("DECIMAL_SEPARATOR")) if name in FIGURES else value)
    if reading.previous_stock is not None and reading.resulting_stock is not None:
        change = f"{_number(reading.previous_stock)} → {_number(reading.resulting_stock)}"
        parts.append(format_html(' <span class="change">({})</span>', change))
    # Every part above is escaped or made by format_html.
    return format_html("{}" * len(parts), *(SafeString(part) for part in parts))


def plain_sentence(reading: Reading) -> str:
    """Return the sentence in the reader's language as text, without the change of stock."""
    arguments: dict[str, dict[str, Any]] = reading.sentence.get("arguments", {})
    values = {name: _text(value) for name, value in arguments.items()}
    return gettext(reading.sentence.get("template", "")).format_map(_Missing(values))


class _Missing(dict[str, str]):
    """Values of a sentence; what is missing shows as "?"."""

    def __missing__(self, key: str) -> str:
        return "?"


def _text(argument: dict[str, Any]) -> str:
    text = str(argument.get("text", ""))
    return gettext(text) if text in NAMELESS else text


def _value(argument: dict[str, Any] | None, slug: str) -> str:
    if argument is None:
        return "?"
    text = argument.get("text", "")
    if argument.get("kind") and argument.get("key"):
        css = "ref" if argument["kind"] == "task" else ""
        return format_html(
            '<a class="{}" href="{}">{}</a>', css, subject_url(slug, argument["kind"], argument["key"]), text
        )
    return escape(gettext(text) if text in NAMELESS else text)


def _number(figure: Decimal) -> str:
    """Return a stock figure in the reader's locale, without trailing zeros."""
    return str(number_format(figure.normalize()))
