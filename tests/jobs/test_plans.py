"""Statements on rows that were written a moment ago stay quick, whatever the planner was last told of the table."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection, connections
from django.utils import timezone

from portal.jobs.claim import claim_next, numbers_in_body
from portal.jobs.models import Batch
from portal.jobs.settle import settle_lost
from portal.jobs.submit import submit
from portal.lib.scope import network_scope
from tests.jobs.test_drafts import Desk
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_large_request_is_claimed_at_once_where_statistics_are_from_before_send(world: World, tmp_path: Path) -> None:
    desk = Desk(world, tmp_path)
    jobs = [desk.checked("id,quantity\n" + "".join(f"K-{row},1\n" for row in range(10_001))) for _ in range(2)]
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE jobs_row")  # as autovacuum does while a person looks at the check
    now = timezone.now()
    for job in jobs:
        with network_scope(desk.network.id):
            submit(desk.network, job.id, send_good=False, actor="test", now=now)
    with network_scope(desk.network.id), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '5s'")
        claim = claim_next(desk.network, now=now)
        assert claim
        numbers = numbers_in_body(desk.network.id, claim.job_id, claim.batch)
        assert (claim.job_id, len(numbers)) == (jobs[0].id, 10_000)
        assert claim_next(desk.network, now=now) is None  # one at a time
        Batch.objects.filter(job_id=jobs[0].id).update(lease_until=now)
        settle_lost(desk.network.id, now=timezone.now())
