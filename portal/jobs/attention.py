"""Which jobs need somebody: the same rule for the list of jobs and for the figures that lead there."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.jobs.states import JobState

FAILED_FOR = timedelta(days=7)
UNCERTAIN_FOR = timedelta(days=30)
WAITING_STATES = (JobState.DRAFT, JobState.CHECKED, JobState.PAUSED)
ATTENTION: dict[str, str | Promise] = {
    "failed": _("Failed in the last 7 days"),
    "uncertain": _("With uncertain rows, of the last 30 days"),
    "waiting": _("Waiting for me"),
}


def needing(attention: str, *, person: UUID, now: datetime) -> Q:
    """Return the condition of jobs that need attention in one of the ways that ATTENTION names."""
    if attention == "failed":
        return Q(state=JobState.FAILED, ended_at__gte=now - FAILED_FOR)
    if attention == "uncertain":
        return Q(uncertain__gt=0, created_at__gte=now - UNCERTAIN_FOR)
    return Q(state__in=WAITING_STATES, created_by_id=person)
