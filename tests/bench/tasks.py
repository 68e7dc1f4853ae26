"""(g) The pages of tasks at 200,000 tasks: server time of whole pages."""

from __future__ import annotations

import statistics
import time

from django.db import connections
from django.test import Client

from portal.accounts.models import User
from portal.networks.models import Network

TASKS = 200_000
ROUNDS = 20
# One task every five minutes up to now. Nineteen of twenty have ended; a job of ours planned every second one. One tag
# is on every second task, one on every thousandth; 1,000 equipments, 200 people, one of whom acted on every task.
FILL = """
INSERT INTO tasks_task (network_id, task, state, state_at, scheduled_at, scheduled_by, scheduled_position, started_at,
    started_by, started_position, completed_at, completed_by, completed_position, cancelled_at, cancelled_by,
    cancelled_position, activities, last_activity_at, about_kind, about, tags, parts, people, head_key, position)
SELECT %(network)s, 'id:' || md5(n::text), state, CASE state WHEN 'scheduled' THEN at - interval '3 days'
        WHEN 'started' THEN at - interval '1 day' ELSE at END,
    at - interval '3 days', 'id:p0', n,
    CASE WHEN state <> 'scheduled' THEN at - interval '1 day' * (1 + n %% 7) / 4 END, '', n,
    CASE WHEN state = 'completed' THEN at END, '', n, CASE WHEN state = 'cancelled' THEN at END, '', n, n %% 4,
    CASE WHEN n %% 4 > 0 THEN at END, 'equipment', 'id:e' || n %% 1000,
    ARRAY[CASE WHEN n %% 2 = 0 THEN '$common' ELSE '$other' || n %% 40 END]
        || CASE WHEN n %% 1000 = 0 THEN ARRAY['$rare'] ELSE ARRAY[]::text[] END,
    jsonb_build_array(jsonb_build_array('ref:P-' || n %% 5000, '2')), ARRAY['id:p0', 'id:p' || 1 + n %% 199],
    int8send((extract(epoch FROM at) * 1000000)::bigint # (-9223372036854775807 - 1)) || '\\x000032'::bytea
        || decode(md5(n::text), 'hex'), n
FROM generate_series(1, %(tasks)s) n, LATERAL (SELECT now() - interval '5 minutes' * (%(tasks)s - n) AS at,
    CASE WHEN n %% 40 = 0 THEN 'scheduled' WHEN n %% 40 = 1 THEN 'started' WHEN n %% 20 = 2 THEN 'cancelled'
        ELSE 'completed' END AS state) t;
INSERT INTO tasks_plan (network_id, task, description, starts_at, ends_at, all_day, job_id, "row")
SELECT network_id, task, 'Planned work ' || position, state_at, state_at + interval '1 hour' * (position %% 50 - 5),
    position %% 8 = 0, gen_random_uuid(), 2
FROM tasks_task WHERE network_id = %(network)s AND (position / 40) %% 2 = 0;
INSERT INTO timeline_subject (network_id, kind, key, label, reference, last_order_key)
SELECT network_id, 'task', task, CASE WHEN position %% 10 = 0 THEN 'pump' ELSE 'press' END || ' work word' || position,
    substr(task, 4), head_key FROM tasks_task WHERE network_id = %(network)s;
INSERT INTO timeline_subject (network_id, kind, key, label, reference, last_order_key)
SELECT %(network)s, 'equipment', 'id:e' || n, 'Equipment ' || n, 'EQ-' || n, '' FROM generate_series(0, 999) n;
INSERT INTO timeline_eventsubject (network_id, position, kind, key, order_key)
SELECT network_id, position, kind, key, head_key FROM tasks_task, LATERAL (VALUES ('task', task), ('person', people[1]),
    ('person', people[2]), ('part', parts->0->>0)) s (kind, key) WHERE network_id = %(network)s;
INSERT INTO stock_entry (network_id, part, order_key, position, kind, occurred_at, location, quantity, task,
    place_explained, part_explained, vote)
SELECT network_id, parts->0->>0, head_key, position, 'consumed', state_at, 'id:1', 1, task, '', '', '' FROM tasks_task
WHERE network_id = %(network)s;
"""
TABLES = ("tasks_task", "tasks_plan", "timeline_subject", "timeline_eventsubject", "stock_entry")
PAGES = {
    "table": "/tasks/",
    "open": "/tasks/?state=scheduled&state=started",
    "overdue": "/tasks/?overdue=1",
    "stale": "/tasks/?stale=1",
    "longest in its state": "/tasks/?sort=waiting",
    "by planned end": "/tasks/?sort=due",
    "a rare tag": "/tasks/?tag=$rare",
    "a common tag": "/tasks/?tag=$common&state=cancelled",
    "one equipment": "/tasks/?equipment=id:e7",
    "one person": "/tasks/?person=id:p7",
    "a person of every task": "/tasks/?person=id:p0",
    "one part": "/tasks/?part=ref:P-7&state=started",
    "a rare word": "/tasks/?q=word777",
    "a word of every tenth task": "/tasks/?q=pump",
    "a period": "/tasks/?period=month",
    "planned in a period": "/tasks/?period=month&on=planned",
    "board": "/tasks/board/",
    "figures of 90 days": "/tasks/figures/",
    "figures of one tag": "/tasks/figures/?tag=$rare",
    "equipment": "/networks/{slug}/things/equipment/?key=id:e7",
}


def measure(network: Network, person: User, *, tasks: int = TASKS) -> dict[str, float]:
    """Return the 95th percentile of the milliseconds of each page."""
    with connections["owner"].cursor() as cursor:
        for statement in FILL.split(";\n"):
            if statement.strip():
                cursor.execute(statement, {"network": network.id, "tasks": tasks})
        for table in TABLES:
            cursor.execute(f"VACUUM ANALYZE {table}")
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return {f"tasks, {name}, p95 ms": _p95(client, path.format(slug=network.slug)) for name, path in PAGES.items()}


def _p95(client: Client, path: str) -> float:
    times = []
    for _ in range(ROUNDS + 1):
        started = time.perf_counter()
        answer = client.get(path)
        times.append((time.perf_counter() - started) * 1000)
        assert answer.status_code == 200, path
    return statistics.quantiles(times[1:], n=20)[-1]
