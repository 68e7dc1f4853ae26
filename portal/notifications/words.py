"""What a notice says and where it leads, in the language that is active."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from integrations.mobility_work.events import EVENT_TYPES
from integrations.mobility_work.operations import OPERATIONS
from portal.jobs.notices import state_words
from portal.jobs.problems import shown
from portal.jobs.states import RowState
from portal.networks.models import Network
from portal.notifications.kinds import JOB, KINDS
from portal.notifications.models import Notice
from portal.timeline.differences import words_of


def sentence(notice: Notice) -> str:
    """Return a notice as one sentence."""
    said = dict(notice.said)
    if notice.kind == JOB:
        operation = OPERATIONS.get(said.get("operation", ""))
        label = _(operation.label) if operation else said.get("operation", "")
        said["operation"] = f"{label} ({said['file']})" if said.get("file") else label
        said["state"] = state_words(said["state"], gave_up=bool(said.get("gave_up")))
    elif notice.kind == "differs":
        entry = EVENT_TYPES.get(str(said.get("label", "")))
        said["label"] = _(entry.label) if entry else said.get("label") or _("Unreadable")
        said["words"] = words_of(str(said.get("code", ""))).rstrip(".")
        said["path"] = f"({said['path']})" if said.get("path") else ""
    elif said.get("is_type"):
        label = said["label"]
        said["label"] = _(label)
    return str(KINDS[notice.kind].sentence).format_map(Values(said)).rstrip()


class Values(dict[str, object]):
    """The values of a sentence; one that is missing shows as "?", never as an error."""

    def __missing__(self, key: str) -> str:
        return "?"


def details(notice: Notice) -> list[str]:
    """Return further lines for a mail."""
    return [shown(each).text for each in notice.said.get("remarks", [])] + [
        f"{RowState(state).label}: {number_format(count, force_grouping=True)}"
        for state, count in notice.said.get("counts", [])
    ]


def address(notice: Notice, network: Network) -> str:
    """Return the path of the page that shows what a notice is about."""
    slug = network.slug
    if notice.kind in {"out_of_stock", "below_minimum"}:
        return f"{reverse('stock_part', args=[slug])}?{urlencode({'key': notice.thing})}"
    if notice.kind == "overdue":
        return f"{reverse('subject', args=[slug, 'task'])}?{urlencode({'key': notice.thing})}"
    if notice.kind == JOB:
        return reverse("job", args=[slug, notice.thing])
    if notice.kind == "rejected":
        return reverse("quarantine", args=[slug])
    if notice.kind == "silence":
        return f"{reverse('coverage')}?{urlencode({'network': slug})}"
    if notice.kind == "differs" and "position" in notice.said:
        return reverse("event", args=[slug, notice.said["position"]])
    return reverse("network", args=[slug])
