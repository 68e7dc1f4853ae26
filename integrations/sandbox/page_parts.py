"""Small pieces of HTML that the control page is made of; everything that comes in as text is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import NewType

Html = NewType("Html", str)


def text(value: object) -> Html:
    return Html(escape(str(value)))


def join(pieces: Iterable[Html], separator: str = "") -> Html:
    return Html(separator.join(pieces))


def code(value: object) -> Html:
    return Html(f"<code>{escape(str(value))}</code>")


def badge(value: object, colour: str) -> Html:
    return Html(f'<span class="badge {colour}">{escape(str(value))}</span>')


def quiet(value: object) -> Html:
    return Html(f'<p class="quiet">{escape(str(value))}</p>')


def section(heading: str, *pieces: Html) -> Html:
    return Html(f"<section><h2>{escape(heading)}</h2>{''.join(pieces)}</section>")


def details(summary: str, *pieces: Html) -> Html:
    return Html(f"<details><summary>{escape(summary)}</summary>{''.join(pieces)}</details>")


def table(head: Sequence[str], rows: Iterable[Sequence[Html]], *, numeric: frozenset[int] = frozenset()) -> Html:
    """Every cell carries the heading of its column: on a phone rows become cards, and no heading stands above them."""

    def cell(tag: str, place: int, content: str) -> str:
        style = ' class="n"' if place in numeric else ""
        label = f' data-label="{escape(head[place])}"' if tag == "td" and head[place] else ""
        return f"<{tag}{style}{label}>{content}</{tag}>"

    top = "".join(cell("th", place, escape(name)) for place, name in enumerate(head))
    body = "".join(
        "<tr>" + "".join(cell("td", place, content) for place, content in enumerate(row)) + "</tr>" for row in rows
    )
    return Html(
        f'<div class="scroll" tabindex="0"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def form(action: str, *pieces: Html, style: str = "row") -> Html:
    return Html(f'<form class="{style}" method="post" action="{escape(action)}">{"".join(pieces)}</form>')


def button(words: str, *, style: str = "", name: str = "", value: str = "") -> Html:
    chosen = f' name="{escape(name)}" value="{escape(value)}"' if name else ""
    return Html(f'<button class="{style}"{chosen}>{escape(words)}</button>')


def field(label: str, name: str, value: object = "", *, wide: bool = False, **attributes: object) -> Html:
    extra = "".join(f' {key}="{escape(str(content))}"' for key, content in attributes.items())
    return Html(
        f"<label{' class=wide' if wide else ''}>{escape(label)} "
        f'<input name="{escape(name)}" value="{escape(str(value))}"{extra}></label>'
    )


def number(label: str, name: str, value: float, *, step: str = "1") -> Html:
    return field(label, name, f"{value:g}", type="number", min="0", step=step)


def choice(label: str, name: str, values: Iterable[str], chosen: str = "") -> Html:
    options = "".join(f"<option{' selected' if value == chosen else ''}>{escape(value)}</option>" for value in values)
    return Html(f'<label>{escape(label)} <select name="{escape(name)}">{options}</select></label>')


def hidden(name: str, value: str) -> Html:
    return Html(f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">')
