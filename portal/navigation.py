"""The shell's context: what the navigation offers to whom. A page enters the menu by one line here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.explore.health import bell, choices
from portal.jobs.notices import JobNotice, notices_of
from portal.networks.access import Access, Level
from portal.networks.models import Network
from portal.notifications.kinds import JOB, Mode
from portal.notifications.preferences import mode_of
from portal.notifications.queries import unseen


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu."""

    url_name: str
    label: str | Promise
    icon: str
    admins_only: bool = False
    senders_only: bool = False  # managers of some network


NAVIGATION = (
    Entry("home", _("Overview"), "layout-dashboard"),
    Entry("timeline", _("Timeline"), "timeline-event"),
    Entry("stock", _("Stock"), "package"),
    Entry("tasks", _("Tasks"), "clipboard-check"),
    Entry("coverage", _("Coverage"), "heartbeat"),
    Entry("send", _("Send"), "send", senders_only=True),
    Entry("jobs", _("Jobs"), "list-details"),
    Entry("networks", _("Networks"), "building-factory-2"),
    Entry("people", _("People"), "users", admins_only=True),
    Entry("trail", _("Audit trail"), "history"),
    Entry("help", _("Help"), "lifebuoy"),
)
# Pages with a network's address to which people come by another entry of the menu.
HOME_OF = {
    "api_reference": "help",
    "event": "timeline",
    "subject": "timeline",
    "upload": "send",
    "new_item": "send",
    "silence": "coverage",
    "stock_part": "stock",
    "stock_location": "stock",
}
# Pages over several networks, of which an address may name one.
VIEWS_BY_NETWORK = frozenset(
    {
        "home", "coverage", "timeline", "stock", "stock_gaps", "stock_low", "tasks", "task_board", "task_figures",
        "send", "jobs", "notices",
    }
)  # fmt: skip


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return what every page's frame needs."""
    access: Access | None = getattr(request, "access", None)
    base = {"name": settings.PORTAL_NAME, "dev": settings.PORTAL_DEV, "sandbox_url": settings.PORTAL_SANDBOX_URL}
    if access is None:
        return {"shell": base}
    match = getattr(request, "resolver_match", None)
    slug = match.kwargs.get("slug") if match else None
    if match and match.url_name in VIEWS_BY_NETWORK:
        slug = request.GET.get("network")
    current = next((network for network in access.networks if network.slug == slug), None)
    return {
        "shell": {
            **base,
            "navigation": [_item(entry, request, current) for entry in NAVIGATION if _is_for(entry, access)],
            "switched": _switched(request),
            "networks": access.networks,
            # Called by the switcher's template only, so that fragments of a page do not ask for it.
            "choices": partial(choices, access),
            "bell": partial(bell, access),
            "job_notices": partial(_job_notices, access),
            "notices": partial(unseen, access),
            "network": current,
        }
    }


def _job_notices(access: Access) -> list[JobNotice]:
    return notices_of(access, now=timezone.now()) if mode_of(access.user, JOB) != Mode.OFF else []


def _is_for(entry: Entry, access: Access) -> bool:
    if entry.senders_only:
        return any(level >= Level.MANAGER for level in access.levels.values())
    return access.is_admin or not entry.admins_only


def _home_of(request: HttpRequest) -> str:
    """Return the entry of the menu to which a page with a network's address belongs; "" where it has one of its own."""
    match = request.resolver_match
    name = (match.url_name if match else "") or ""
    if name == "subject" and match and match.kwargs.get("kind") in {"task", "equipment"}:
        return "tasks"
    return HOME_OF.get(name, "jobs" if name.startswith("job_") or name == "job" else "")


def _switched(request: HttpRequest) -> str:
    """Return the page on which another network is shown; "" = the network's own page."""
    match = request.resolver_match
    name = (match.url_name if match else "") or ""
    wanted = name if name in VIEWS_BY_NETWORK else _home_of(request)
    return reverse(wanted) if wanted in VIEWS_BY_NETWORK else ""


def _item(entry: Entry, request: HttpRequest, network: Network | None) -> dict[str, Any]:
    try:
        url = reverse(entry.url_name)
    except NoReverseMatch:
        url = ""
    home = _home_of(request)
    path = reverse(home) if home else request.path
    keeps = network is not None and entry.url_name in VIEWS_BY_NETWORK
    return {
        "url": f"{url}?{urlencode({'network': network.slug})}" if url and network and keeps else url,
        "label": entry.label,
        "icon": entry.icon,
        "current": path == url or (url not in {"", "/"} and path.startswith(url)),
    }
