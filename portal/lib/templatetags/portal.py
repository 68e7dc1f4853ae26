"""Template tags of the portal: icons, times, copyable texts."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django import template
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()

SPRITE = "vendor/tabler-icons/3.51.0/sprite.svg"


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """Return an icon of the sprite; decoration only, the word beside it speaks."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        extra,
        static(SPRITE),
        name,
    )


@register.simple_tag
def when(moment: datetime | None, zone: str = "", style: str = "relative") -> SafeString | str:
    """Return a <time>: relative (a script keeps it true) or absolute, in `zone` or the reader's own zone."""
    if moment is None:
        return _("never")
    local = timezone.localtime(moment, ZoneInfo(zone)) if zone else timezone.localtime(moment)
    absolute = f"{formats.date_format(local, 'DATE_FORMAT')} {local:%H:%M:%S} {local.tzname()}"
    if style == "absolute":
        return format_html('<time datetime="{}">{}</time>', local.isoformat(), absolute)
    if style == "clock":
        return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), absolute, f"{local:%H:%M}")
    return format_html('<time datetime="{}" title="{}" data-relative>{}</time>', local.isoformat(), absolute, absolute)


@register.inclusion_tag("components/copyable.html")
def copyable(text: str, label: str = "") -> dict[str, str]:
    """Show a text in monospace with a copy button; `label` names what is copied."""
    return {"text": text, "label": label or text}


@register.inclusion_tag("components/badge.html")
def badge(state: str, word: str, icon: str = "", title: str = "") -> dict[str, str]:
    """Show a state as colour, icon and word; `state` is good, warn, bad, progress or neutral."""
    return {"state": state, "word": word, "icon": icon, "title": title}
