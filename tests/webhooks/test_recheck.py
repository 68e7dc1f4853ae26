"""Judging again: nothing that could be verified is forgotten, and one worker at a time is busy with it."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from integrations.mobility_work.signature import CANDIDATES
from portal.lib.scope import network_scope
from portal.networks.inbox import add_secret
from portal.networks.models import Inbox
from portal.timeline.models import Reading
from portal.trail.record import COMMAND_LINE
from portal.webhooks import background
from portal.webhooks import recheck as recheck_module
from portal.webhooks.history import PastRequest, store_past
from portal.webhooks.recheck import recheck
from tests.webhooks.serving import serving
from tests.webhooks.test_receiver import body_for, pin
from tests.world import ConnectedNetwork, World

pytestmark = pytest.mark.django_db(transaction=True)


def sweep_and_work() -> None:
    """Do at once what the sweep would ask workers to do."""

    def now(task: Any) -> Any:
        return lambda args, **_: task(*args)

    with (
        patch.object(background.drain, "apply_async", now(background.drain)),
        patch.object(background.recheck, "apply_async", now(background.recheck)),
    ):
        background.sweep()


def wait_for_verified(place: ConnectedNetwork, count: int, *, seconds: float = 12) -> int:
    until = time.monotonic() + seconds
    found = -1
    while found != count and time.monotonic() < until:
        sweep_and_work()
        with network_scope(place.network.id):
            found = Reading.objects.filter(verified=True).count()
        time.sleep(0.5)
    return found


def test_what_a_receiver_refused_by_secrets_it_remembered_is_judged_again(world: World) -> None:
    """A receiver knows a new secret some seconds late; what it refuses meanwhile comes in by itself."""
    place, secret = world.foundry, "a secret that the vendor has already"
    pin(place)
    body = body_for(place, second=True)
    with serving() as client:
        usual = body_for(place, usual=True)
        client.post(place.path, content=usual, headers={"X-MW-Signature": place.header(usual)})
        with network_scope(place.network.id):
            add_secret(place.network, actor=COMMAND_LINE, text=secret)
        sweep_and_work()
        header = place.header(body, secret=secret)
        assert client.post(place.path, content=body, headers={"X-MW-Signature": header}).status_code == 401
    assert wait_for_verified(place, 3) == 3


def test_a_body_too_large_for_the_receivers_search_is_searched_later(world: World) -> None:
    place = world.foundry
    body = body_for(place, text="x" * 400_000)
    recheck(place.network.id)  # nothing else is left to ask for it
    with network_scope(place.network.id):
        Inbox.objects.update(recheck_wanted_at=None)
    with serving() as client:
        header = place.header(body, recipe=CANDIDATES[-3])
        assert client.post(place.path, content=body, headers={"X-MW-Signature": header}).status_code == 200
    assert wait_for_verified(place, 1) == 1


def test_one_worker_at_a_time_judges_and_another_goes_on_where_it_was_stopped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten thousand deliveries take longer than the second between two sweeps, and may take longer than a task."""
    place = world.foundry
    requests = [PastRequest(timezone.now(), body_for(place, number=number), {}) for number in range(3)]
    with network_scope(place.network.id):
        store_past(place.network.id, requests)
    monkeypatch.setattr(recheck_module, "BATCH", 1)
    judge_unverified = recheck_module._judge_unverified
    judged: list[Any] = []

    def judge_some(network_id: Any, rows: Any) -> int:
        assert background._networks("portal_networks_with_recheck_wanted") == others
        assert recheck(network_id) == 0
        judged.extend(row.delivery_id for row in rows)
        if len(judged) == 2:
            raise SoftTimeLimitExceeded
        return judge_unverified(network_id, rows)

    monkeypatch.setattr(recheck_module, "_judge_unverified", judge_some)
    others = [key for key in background._networks("portal_networks_with_recheck_wanted") if key != place.network.id]
    with pytest.raises(SoftTimeLimitExceeded):
        recheck(place.network.id)
    with network_scope(place.network.id):
        Inbox.objects.update(recheck_not_before=timezone.now() - timedelta(seconds=1))  # its lease has run out
    recheck(place.network.id)
    assert len(judged) == 4
    assert judged[1] == judged[2]
    assert judged == sorted(judged)
