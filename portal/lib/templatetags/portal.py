"""Template tags of the portal: icons, times, states, copyable texts, figures."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.lib.moments import minute_text, zoned_text

register = template.Library()
register.filter("minute", minute_text)

SPRITE = "vendor/tabler-icons/3.51.0/sprite.svg"

# Colour is never alone: a state without an icon of its own gets its kind's.
STATE_ICONS = {
    "good": "circle-check",
    "warn": "alert-triangle",
    "bad": "alert-circle",
    "progress": "loader-2",
    "neutral": "circle-dashed",
}


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """Return an icon of the sprite; decoration only, the word beside it speaks."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        f" {extra}" if extra else "",
        static(SPRITE),
        name,
    )


@register.filter
def figure(number: Decimal | int | None) -> str:
    """Return a figure in the reader's locale without trailing zeros; a dash where it is not known."""
    if number is None:
        return "–"
    plain = number.normalize() + 0 if isinstance(number, Decimal) else number
    return str(formats.number_format(f"{plain:f}" if isinstance(plain, Decimal) else plain, force_grouping=True))


@register.filter
def address(text: str) -> SafeString:
    """Return an e-mail address that a narrow cell breaks behind its @, not within a word."""
    name, at, host = str(text).partition("@")
    return format_html("{}{}<wbr>{}", name, at, host) if at else format_html("{}", name)


@register.filter
def change(number: Decimal | None) -> str:
    """Return a difference with its sign, as +7 or −3."""
    if number is None:
        return "–"
    return f"{'+' if number > 0 else '−' if number < 0 else ''}{figure(abs(number))}"


DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def _units(distance: timedelta) -> str:
    """Return a distance in its largest whole unit, in the words that the browser uses too."""
    seconds = int(distance.total_seconds())
    days = distance.days
    if seconds < 3600:
        return ngettext("%(n)d minute", "%(n)d minutes", seconds // 60) % {"n": seconds // 60}
    if days < 1:
        return ngettext("%(n)d hour", "%(n)d hours", seconds // 3600) % {"n": seconds // 3600}
    if days < 30:
        return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    if days < 365:
        return ngettext("%(n)d month", "%(n)d months", days // 30) % {"n": days // 30}
    return ngettext("%(n)d year", "%(n)d years", days // 365) % {"n": days // 365}


def _to_the_nearest(distance: timedelta) -> timedelta:
    """Return a distance rounded to its unit: what lasts for another 6 days and 23 hours ends in 7 days."""
    unit = next((each for each in (DAY, HOUR) if distance >= each), timedelta(minutes=1))
    return (distance + unit / 2) // unit * unit


def relative(moment: datetime, *, now: datetime) -> str:
    """Return "3 minutes ago", as portal.js keeps it true in the open page."""
    distance = now - moment
    if abs(distance) < timedelta(minutes=1):
        return _("now")
    if distance < timedelta(0):
        return _("in %(distance)s") % {"distance": _units(_to_the_nearest(-distance))}
    return _("%(distance)s ago") % {"distance": _units(distance)}


def brief(distance: timedelta) -> str:
    """Return a distance in its largest whole unit, as short as a dense table wants it."""
    minutes = int(distance.total_seconds()) // 60
    if minutes < 1:
        return _("now")
    if minutes < 60:
        return _("%(n)d min") % {"n": minutes}
    if minutes < 48 * 60:
        return _("%(n)d h") % {"n": minutes // 60}
    return _("%(n)d d") % {"n": minutes // (24 * 60)}


@register.simple_tag
def when(moment: datetime | None, zone: str = "", style: str = "relative") -> SafeString | str:
    """Return a <time> in `zone` or the reader's own zone.

    `style`: "relative" (a script keeps it true; the exact time is in the title and for screen readers),
    "absolute", "minute" (the same without seconds and zone), "clock" (hours and minutes, for rows under a day's
    heading), or "brief" (for dense tables).
    """
    if moment is None:
        return _("never")
    local = timezone.localtime(moment, ZoneInfo(zone)) if zone else timezone.localtime(moment)
    absolute = zoned_text(local)
    if style == "absolute":
        return format_html('<time datetime="{}">{}</time>', local.isoformat(), absolute)
    if style == "brief":
        text = brief(timezone.now() - moment)
        return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), absolute, text)
    if style == "minute":
        return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), absolute, minute_text(local))
    if style == "clock":
        return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), absolute, f"{local:%H:%M}")
    return format_html(
        '<time datetime="{}" title="{}"><span data-relative>{}</span><span class="visually-hidden"> ({})</span></time>',
        local.isoformat(),
        absolute,
        relative(moment, now=timezone.now()),
        absolute,
    )


@register.inclusion_tag("components/copyable.html")
def copyable(text: str, label: str = "") -> dict[str, str]:
    """Show a text in monospace with a copy button; `label` names what is copied."""
    return {"text": text, "label": label or text}


@register.inclusion_tag("components/secret.html")
def secret(text: str, label: str) -> dict[str, str]:
    """Show a secret covered, with buttons to show and to copy it; only where the page may hold it at all."""
    return {"text": text, "label": label}


@register.inclusion_tag("components/badge.html")
def badge(state: str, word: str, icon: str = "", title: str = "") -> dict[str, str]:
    """Show a state as colour, icon and word; `state` is good, warn, bad, progress or neutral."""
    return {"state": state, "word": word, "icon": icon or STATE_ICONS.get(state, "circle-dashed"), "title": title}


@register.inclusion_tag("components/stat.html")
def stat(
    label: str,
    value: Any,
    unit: str = "",
    note: str = "",
    url: str = "",
    state: str = "",
    as_of: datetime | None = None,
) -> dict[str, Any]:
    """Show a figure with its label, unit and time; `url` leads to the rows it counts."""
    return {
        "label": label,
        "value": formats.number_format(value, force_grouping=True) if isinstance(value, int) else value,
        "unit": unit,
        "note": note,
        "url": url,
        "state": state,
        "as_of": as_of,
    }


@register.inclusion_tag("components/stepper.html")
def stepper(current: int, *steps: str) -> dict[str, Any]:
    """Show the steps of a longer piece of work; `current` counts from 1."""
    return {
        "steps": [
            {"word": word, "number": number, "done": number < current, "current": number == current}
            for number, word in enumerate(steps, start=1)
        ]
    }
