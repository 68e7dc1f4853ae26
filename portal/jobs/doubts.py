"""Says why a row is uncertain, by how the call ended that may have taken effect; and who settled it by hand."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from integrations.errors import OutcomeUnknown, UnexpectedAnswer, VendorFault
from portal.jobs.models import Call, Job, Row
from portal.jobs.settle import WORKER_ENDED
from portal.jobs.states import RowState
from portal.networks.models import Network

DOUBTFUL = [kind.__name__ for kind in (OutcomeUnknown, VendorFault, UnexpectedAnswer)]
DOUBTED = frozenset({RowState.UNCERTAIN, RowState.SAID_TAKEN, RowState.SAID_LOST})


def doubts_of(job: Job, rows: Iterable[Row]) -> dict[int, str]:
    """Return why those rows are uncertain that are, or were until a person settled them. Needs the scope."""
    batches = {row.number: row.batch for row in rows if row.state in DOUBTED and row.batch}
    calls = Call.objects.filter(network_id=job.network_id, job_id=job.id, batch__in=set(batches.values()))
    found: dict[int, str] = {}
    repeated: set[int] = set()
    for call in calls.only("network_id", "id", "batch", "outcome", "status", "detail").order_by("batch", "id"):
        if call.batch in found and call.outcome == "accepted":
            repeated.add(call.batch)
        elif call.batch in found:
            continue  # the first of them is what made it doubtful
        elif call.outcome in DOUBTFUL:
            found[call.batch] = _sentence(call)
    without = _("It was sent once more without this row, of which a repeat is not safe.")
    return {
        number: f"{found[batch]} {without}" if batch in repeated else found[batch]
        for number, batch in batches.items()
        if batch in found
    }


def settled_words(row: Row, network: Network) -> str:
    """Return who settled a row by hand, when, and what they said; empty where nobody did."""
    if row.said_at is None:
        return ""
    when = date_format(localtime(row.said_at, ZoneInfo(network.time_zone)), "SHORT_DATETIME_FORMAT")
    if row.state == RowState.SAID_TAKEN:
        said = _("%(who)s looked it up and said that it took effect (%(when)s).")
    elif row.state == RowState.SAID_LOST:
        said = _("%(who)s looked it up and said that it took no effect (%(when)s).")
    else:
        said = _("%(who)s settled it by hand before an event spoke of it (%(when)s).")
    return said % {"who": row.said_by, "when": when}


def _sentence(call: Call) -> str:
    if call.detail == WORKER_ENDED:
        return _("The portal's worker ended while the request was on its way, so no answer was received.")
    if call.outcome == VendorFault.__name__:
        return _("Mobility Work answered with a fault (%(status)s), which does not say whether it took effect.") % {
            "status": call.status
        }
    if call.outcome == UnexpectedAnswer.__name__:
        return _("Mobility Work answered (%(status)s), but neither yes nor no.") % {"status": call.status or "–"}
    return _("The request went out, and no answer came back.")
