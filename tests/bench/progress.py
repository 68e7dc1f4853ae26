"""From Send to the first progress that a person sees: pages as a browser asks for them, a worker, and the sandbox."""

from __future__ import annotations

import re
import time

from django.conf import settings
from django.test import Client

from portal.accounts.models import User
from portal.jobs.models import Job
from portal.lib.scope import network_scope
from portal.lib.sealing import sealer
from portal.networks.models import Credential
from tests.bench.burst import worker_command
from tests.bench.receiving import background
from tests.world import ConnectedNetwork

PATIENCE_SECONDS = 60.0
WARM_UP_SECONDS = 5.0  # a worker that runs for a while is what sends
# What the page itself says of when it asks again, and of what is to be seen.
AGAIN = re.compile(r'hx-get="([^"]+)" hx-trigger="every ([0-9.]+)(ms|s)"')
STATE = re.compile(r'class="progress-head">(.*?)<span>', re.S)


def first_progress_ms(place: ConnectedNetwork, person: User, jobs: list[Job], *, url: str, api_key: str) -> list[float]:
    """Send checked jobs one after the other; return how long it took until the page of each said more than "in line".

    From the press of Send to the page that says so, which asks again as often as it does in a browser.
    """
    environment = {"DJANGO_SETTINGS_MODULE": "portal.settings", "MOBILITY_WORK_API_URL": url}
    settings.MOBILITY_WORK_API_URL = url
    with network_scope(place.network.id):
        Credential.objects.filter(network_id=place.network.id).update(sealed_key=sealer().seal(api_key))
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    with background(worker_command(), environment):
        time.sleep(WARM_UP_SECONDS)
        return [_send_and_look(client, place, job) for job in jobs]


def _send_and_look(client: Client, place: ConnectedNetwork, job: Job) -> float:
    address = f"/networks/{place.network.slug}/jobs/{job.id}/"
    page = client.get(address + "check/").content.decode()
    [seen] = re.findall(r'name="seen" value="(\d+)"', page)[:1]
    started = time.perf_counter()
    sent = client.post(address + "send/", {"seen": seen, "send_good": "1"})
    assert sent.headers["Location"] == address
    page = client.get(address).content.decode()
    while "In line" in STATE.findall(page)[0]:
        assert time.perf_counter() - started < PATIENCE_SECONDS, "nothing is to be seen of it"
        poll = AGAIN.search(page)
        assert poll, "the page does not ask again"
        time.sleep(float(poll[2]) / (1000 if poll[3] == "ms" else 1))
        answer = client.get(poll[1], headers={"HX-Request": "true"})
        page = client.get(address).content.decode() if answer.headers.get("HX-Refresh") else answer.content.decode()
    taken = (time.perf_counter() - started) * 1000
    _wait_for_end(place, job)
    return taken


def _wait_for_end(place: ConnectedNetwork, job: Job) -> None:
    """Let it end, so that it is in nobody's way."""
    deadline = time.perf_counter() + PATIENCE_SECONDS
    while time.perf_counter() < deadline:
        with network_scope(place.network.id):
            if Job.objects.get(network_id=place.network.id, id=job.id).ended_at:
                return
        time.sleep(0.2)
    raise AssertionError("the job did not end")
