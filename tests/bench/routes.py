"""(i) Every page and every route of the read API at full size: a million events, 50,000 parts, 200,000 tasks.

The addresses are found as the isolation tests find them, so that a new page is measured without a word here; `PAGES`
and `ROUTES` only add the filters that people use. An address that shows nothing here (it wants a POST, or a thing that
this network does not have) is named, not measured.
"""

from __future__ import annotations

import re
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import connections
from django.test import Client
from django.utils import timezone

from portal.accounts.models import Organization, User
from portal.api.document import document
from portal.jobs.models import Job
from portal.jobs.submit import submit
from portal.lib.scope import network_scope
from portal.webhooks.rebuild import rebuild_projections
from tests.api.plant import token_for
from tests.bench import jobs, projecting
from tests.isolation.test_walk import ROUTES as PAGES_BY_NAME
from tests.isolation.test_walk import address
from tests.world import ConnectedNetwork

MOST_MS = 150
ROUNDS = 20
FILE_ROUNDS = 3  # of what is taken away as a file: its cost is that of its rows, and no page waits for it
# A plan for every fourth task, and what arrived on each of ninety days.
BESIDE = """
INSERT INTO tasks_plan (network_id, task, description, starts_at, ends_at, all_day, job_id, "row")
SELECT network_id, task, 'Planned work ' || position, state_at, state_at + interval '1 hour' * (position %% 50 - 5),
    position %% 8 = 0, gen_random_uuid(), 2 FROM tasks_task WHERE network_id = %(network)s AND md5(task) < '4';
INSERT INTO webhooks_coverageday (network_id, type, day, deliveries, repeats, signed, released, live, last_live_at)
SELECT %(network)s, type, current_date - n, 900, 3, 800, 0, 900, now() - n * interval '1 day'
FROM (SELECT DISTINCT type FROM timeline_reading WHERE network_id = %(network)s AND position < 1000) t,
    generate_series(0, 89) n
"""
PART, PLACE, TASK, EQUIPMENT, PERSON = "id:8", "id:l8-0", "id:t7", "id:e7", "id:p7"
# More views of a page: by the name of its address.
PAGES: dict[str, tuple[str, ...]] = {
    "timeline": ("type=TaskWasCanceled", "kind=part&key=id:8&network={slug}", "is=late", "q=word", "period=month"),
    "stock": (
        "network={slug}", "network={slug}&low=low", "network={slug}&confidence=exact", "network={slug}&confidence=gap",
        "network={slug}&idle=30", "network={slug}&sort=-level", "network={slug}&sort=moved",
        "network={slug}&q=part 777",
        "network={slug}&q=part", "network={slug}&location=id:l8-0", "network={slug}&at={past}",
        "network={slug}&at={past}&q=part 777", "low=out", "sort=-as_of",
    ),
    "stock_gaps": ("network={slug}&state=all",),
    "stock_low": ("kind=out", "kind=below", "network={slug}"),
    "stock_part": ("key=id:8", "key=id:7&location=id:l7-0"),
    "stock_location": ("key=id:l8-0",),
    "subject": ("key=id:8",),
    "tasks": (
        "state=scheduled&state=started", "overdue=1", "stale=1", "sort=waiting", "sort=due", "network={slug}&tag=$rare",
        "network={slug}&tag=$common&state=cancelled", "network={slug}&equipment=id:e7", "network={slug}&person=id:p7",
        "network={slug}&part=id:7&state=started", "q=777", "q=task", "period=month", "period=month&on=planned",
    ),
    "task_board": ("network={slug}", "network={slug}&tag=$rare"),
    "task_figures": ("network={slug}", "network={slug}&tag=$tag7", "network={slug}&equipment=id:e7", "period=year"),
    "coverage": ("network={slug}",),
    "job": ("state=waiting",),
}  # fmt: skip
KINDS = {"part": PART, "location": PLACE, "task": TASK, "equipment": EQUIPMENT, "person": PERSON}
ROUTES: dict[str, tuple[str, ...]] = {
    "/events": ("type=TaskWasCanceled", "q=word", "limit=500"),
    "/networks/{network}/events": ("since=500000", "since=500000&q=word"),
    "/stock": ("confidence=exact", "outOfStock=true", "limit=500", "externalReference=REF-777", "sparePart=id:8"),
    "/stock/locations": ("location=id:l8-0", "sparePart=id:8", "limit=500"),
    "/gaps": ("state=all", "sparePart=id:7"),
    "/tasks": ("state=started", "tag=$rare", "tag=$tag7", "person=id:p7", "about=id:e7", "limit=500"),
    "/networks/{network}/ledger": ("sparePart=id:8",),
    "/networks/{network}/stock/at": ("moment={moment}", "moment={moment}&limit=500"),
    "/networks/{network}/stock/at/locations": ("moment={moment}",),
}


def measure(
    place: ConnectedNetwork, organization: Organization, person: User, *, events: int
) -> tuple[dict[str, float], list[str]]:
    """Return the 95th percentile of the milliseconds of each address, slowest first, and what was not measured."""
    network = place.network
    projecting.fill(network, 1, events, newest=events)
    rebuild_projections(network.id)
    with connections["owner"].cursor() as cursor:
        for statement in BESIDE.split(";\n"):
            cursor.execute(statement, {"network": network.id})
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f"VACUUM ANALYZE {table}")
    draft, sent = _jobs(place)
    settings.PORTAL_API_CALLS_PER_MINUTE = 0  # unlimited
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    bearer = {"Authorization": f"Bearer {token_for(organization).text}"}
    asked = [(f"page {name}", url, client, {}) for name, url in _pages(place, organization, draft, sent)]
    asked += [(f"API {name}", url, Client(), bearer) for name, url in _routes(place, sent)]
    found: dict[str, float] = {}
    left: list[str] = []
    for name, url, asker, headers in asked:
        spent, is_file = _p95(asker, url, headers)
        if spent is None:
            left.append(f"{name}: {url}")
        else:
            found[f"{name.replace('page ', 'file ') if is_file else name}, p95 ms"] = spent
    return dict(sorted(found.items(), key=lambda item: -item[1])), left


def _jobs(place: ConnectedNetwork) -> tuple[Job, Job]:
    with tempfile.TemporaryDirectory() as name:
        draft = jobs.checked(place, jobs.write(Path(name), 10_000, every_bad=2))
        sent = jobs.checked(place, jobs.write(Path(name), 10_000))
    with network_scope(place.network.id):
        submit(place.network, sent.id, send_good=True, actor="bench", now=timezone.now())
    return draft, sent


def _pages(place: ConnectedNetwork, organization: Organization, draft: Job, sent: Job) -> list[tuple[str, str]]:
    values: dict[str, Any] = {
        "slug": place.network.slug, "position": 777, "organization": organization.slug, "token": "none", "key": "none",
        "operation": "replaceSparePartStock", "column": "id", "number": 2, "kind": "csv",
    }  # fmt: skip
    values |= {argument: uuid4() for argument in re.findall(r"<uuid:(\w+)>", " ".join(PAGES_BY_NAME.values()))}
    words = {"slug": place.network.slug, "past": f"{datetime.now(UTC) - timedelta(days=18):%Y-%m-%dT%H:%M}"}
    found = []
    for name in sorted(PAGES_BY_NAME):
        if name == "subject":
            for kind, key in KINDS.items():
                url = address(name, {**values, "kind": kind}).partition("?")[0]
                found.append((f"subject {kind}", f"{url}?key={key}"))
            continue
        for word, job in (("", draft), (" (sent)", sent)) if "job_id" in PAGES_BY_NAME[name] else (("", draft),):
            plain = address(name, {**values, "job_id": job.id}).partition("?")[0]
            keys = {"stock_part": f"?key={PART}", "stock_location": f"?key={PLACE}"}
            found.append((name + word, plain + keys.get(name, "")))
            found += [(f"{name}{word} ?{view}", f"{plain}?{view.format(**words)}") for view in PAGES.get(name, ())]
    return found


def _routes(place: ConnectedNetwork, sent: Job) -> list[tuple[str, str]]:
    moment = f"{datetime.now(UTC) - timedelta(days=18):%Y-%m-%dT%H:%M:%SZ}"
    found = []
    for path in sorted(document()["paths"]):
        plain = path.removeprefix("/api/v1")
        url = "/api/v1" + plain.format(network=place.network.slug, position=777, job=sent.id)
        needed = {"ledger": f"?sparePart={PART}", "stock/at": f"?moment={moment}"}
        found.append((plain, url + next((query for part, query in needed.items() if part in plain), "")))
        found += [(f"{plain} ?{view}", f"{url}?{view.format(moment=moment)}") for view in ROUTES.get(plain, ())]
    return found


def _p95(client: Client, url: str, headers: dict[str, str]) -> tuple[float | None, bool]:
    """Return the 95th percentile of an address in milliseconds, None where nothing is, and whether it gives a file."""
    times: list[float] = []
    is_file = False
    while len(times) <= (FILE_ROUNDS if is_file else ROUNDS):
        started = time.perf_counter()
        answer = client.get(url, headers=headers)
        if answer.status_code != 200:
            return None, False
        if answer.streaming:
            b"".join(answer.streaming_content)
        is_file = "attachment" in answer.get("Content-Disposition", "")
        times.append((time.perf_counter() - started) * 1000)
    return statistics.quantiles(times[1:], n=20, method="inclusive")[-1], is_file
