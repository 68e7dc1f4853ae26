"""The state of networks at a glance: key, last events, signatures, quarantine, silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from integrations.mobility_work.events import TABLE
from portal.networks.models import Credential, Inbox, Network
from portal.webhooks.models import QuarantineUsage
from portal.webhooks.silence import HOURS, rules_of

MOST = 1000  # troubled deliveries that are counted of one network
TROUBLED = """
SELECT n.id, (SELECT count(*) FROM (SELECT FROM webhooks_processing p
    WHERE p.network_id = n.id AND p.state IN ('failed', 'held') LIMIT %s) counted)
FROM unnest(%s::uuid[]) n(id)
"""


@dataclass(frozen=True, slots=True)
class Glance:
    """What a network's line says."""

    network: Network
    credential: Credential | None
    last_received_at: datetime | None
    quarantined: int
    troubled: int  # deliveries that failed or name another network, up to `MOST`
    is_pinned: bool
    alarm_hours: int = HOURS  # 0 = never

    @property
    def silent_from(self) -> datetime | None:
        """Return when the network counts as silent, if nothing comes until then; None where it never does.

        It is waited for from the moment at which it was connected, also where history reaches back further.
        """
        if not self.network.has_webhooks or not self.alarm_hours:
            return None
        heard_at = max(self.last_received_at or self.network.connected_at, self.network.connected_at)
        return heard_at + timedelta(hours=self.alarm_hours)

    @property
    def silent(self) -> bool:
        """Tell whether the network has been quiet for longer than it may."""
        return self.silent_from is not None and self.silent_from <= timezone.now()

    @property
    def is_waiting(self) -> bool:
        """Tell whether nothing has come yet, and it is too early to call that a silence."""
        return self.network.has_webhooks and self.last_received_at is None and not self.silent


def glances(networks: Sequence[Network]) -> list[Glance]:
    """Return one glance per network, in a fixed number of queries. Needs the scope."""
    ids = [network.id for network in networks]
    keys = {key.network_id: key for key in Credential.objects.filter(network_id__in=ids).order_by("created_at")}
    usage = dict(QuarantineUsage.objects.filter(network_id__in=ids).values_list("network_id", "entries"))
    pinned = set(Inbox.objects.filter(network_id__in=ids, recipe__isnull=False).values_list("network_id", flat=True))
    rules = rules_of(ids)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT n.id, d.received_at FROM unnest(%s::uuid[]) n(id) CROSS JOIN LATERAL (
                SELECT received_at FROM webhooks_delivery d WHERE d.network_id = n.id
                ORDER BY received_at DESC LIMIT 1) d""",
            [ids],
        )
        last = dict(cursor.fetchall())
        cursor.execute(TROUBLED, [MOST, ids])
        troubled = dict(cursor.fetchall())
    return [
        Glance(
            network,
            keys.get(network.id),
            last.get(network.id),
            usage.get(network.id, 0),
            troubled[network.id],
            network.id in pinned,
            rules[network.id].whole,
        )
        for network in networks
    ]


@dataclass(frozen=True, slots=True)
class Heard:
    """One event type, and when a network last sent it."""

    name: str
    label: str
    icon: str
    first_at: datetime | None
    last_at: datetime | None
    last_live_at: datetime | None  # None with a `last_at`: only in loaded history, or let out of the quarantine


# Compared as pairs: no other index has that order. By `type = …` the planner would hope to meet the type soon, and walk
# the whole log for one that was never sent.
HEARD = """
SELECT t.network, t.name, a.first_received_at, b.last_received_at
FROM unnest(%s::uuid[], %s::text[]) t(network, name)
CROSS JOIN LATERAL (SELECT type, first_received_at FROM timeline_reading r WHERE r.network_id = t.network
    AND (r.type, r.order_key) >= (t.name, '\\x'::bytea) ORDER BY r.type, r.order_key LIMIT 1) a
CROSS JOIN LATERAL (SELECT type, last_received_at FROM timeline_reading r WHERE r.network_id = t.network
    AND (r.type, r.order_key) <= (t.name, '\\xffffffffffffffffff'::bytea)
    ORDER BY r.type DESC, r.order_key DESC LIMIT 1) b
WHERE a.type = t.name AND b.type = t.name
"""
LIVE = """
SELECT n.id, t.name, l.last_live_at FROM unnest(%s::uuid[]) n(id) CROSS JOIN unnest(%s::text[]) t(name)
CROSS JOIN LATERAL (SELECT c.last_live_at FROM webhooks_coverageday c WHERE c.network_id = n.id AND c.type = t.name
    AND c.last_live_at IS NOT NULL ORDER BY c.day DESC LIMIT 1) l
"""
NAMES = [entry.name for entry in TABLE]


def last_live(network_ids: Sequence[UUID]) -> dict[tuple[UUID, str], datetime]:
    """Return when the latest live delivery of each type came, by network and type. Needs the scope."""
    with connection.cursor() as cursor:
        cursor.execute(LIVE, [list(network_ids), NAMES])
        return {(network_id, name): at for network_id, name, at in cursor.fetchall()}


def received_at(types: Sequence[tuple[UUID, str]]) -> dict[tuple[UUID, str], tuple[datetime, datetime]]:
    """Return when the first and the last event of types came, however it came, by network and type. Needs the scope."""
    with connection.cursor() as cursor:
        cursor.execute(HEARD, [[network_id for network_id, _ in types], [name for _, name in types]])
        return {(network_id, name): (first, last) for network_id, name, first, last in cursor.fetchall()}


def heard_types(network: Network) -> list[Heard]:
    """Return the event types in their order with the receive time of the first and last event of each."""
    times = received_at([(network.id, name) for name in NAMES])
    live = last_live([network.id])
    found = []
    for entry in TABLE:
        first, last = times.get((network.id, entry.name), (None, None))
        found.append(Heard(entry.name, entry.label, entry.icon, first, last, live.get((network.id, entry.name))))
    return found
