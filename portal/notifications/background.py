"""Celery entry points of notices: nudges only; what is to be told and mailed is in PostgreSQL."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.db import connection
from django.utils import timezone

from portal.networks.models import Network
from portal.notifications.mails import mail_person, people_with_mail_due
from portal.notifications.record import look, tell_of_jobs

NUDGE_SECONDS = 30  # an older message says nothing that the sweep does not say
MAX_JOBS = 50


@shared_task
def look_at(network_id: str) -> None:
    """Look for what is new on one network."""
    look(UUID(network_id), now=timezone.now())


@shared_task
def tell(network_id: str) -> None:
    """Tell of the jobs that ended or stopped on one network."""
    for _ in range(MAX_JOBS):
        if not tell_of_jobs(UUID(network_id), now=timezone.now()):
            return


@shared_task
def mail(user_id: str, network_ids: list[str]) -> None:
    """Write to one person."""
    while mail_person(UUID(user_id), [UUID(network_id) for network_id in network_ids], now=timezone.now()):
        pass


@shared_task
def sweep_news() -> None:
    """Have every network looked at."""
    for network_id in Network.objects.values_list("id", flat=True):
        look_at.apply_async(args=(str(network_id),), expires=NUDGE_SECONDS)


@shared_task
def sweep_mails() -> None:
    """Find jobs of which nobody was told yet, and people to whom mail is due."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM portal_networks_with_job_mails_due()")
        networks = [row[0] for row in cursor.fetchall()]
    for network_id in networks:
        tell.apply_async(args=(str(network_id),), expires=NUDGE_SECONDS)
    for user_id, network_ids in people_with_mail_due().items():
        mail.apply_async(args=(str(user_id), [str(key) for key in network_ids]), expires=NUDGE_SECONDS)
