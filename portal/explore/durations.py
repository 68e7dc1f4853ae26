"""Says how long something took, in its two largest units."""

from __future__ import annotations

from django.utils.translation import gettext as _


def duration(seconds: float | None) -> str:
    """Return a length of time such as "2 d 4 h"; "–" where it is not known."""
    if seconds is None:
        return "–"
    minutes = round(seconds / 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days >= 10:
        return _("%(days)d d") % {"days": days + (hours >= 12)}
    if days:
        return _("%(days)d d %(hours)d h") % {"days": days, "hours": hours}
    if hours:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
    return _("%(minutes)d min") % {"minutes": minutes}
