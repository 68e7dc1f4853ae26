"""Who is told of what: once in 24 hours, only of networks that they may open, in the bell and by mail when due."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from smtplib import SMTPException
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import pytest
import time_machine
from django.core import mail
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import Membership, NetworkRole, User
from portal.lib.ids import new_id
from portal.lib.scope import network_scope, tenant_scope
from portal.networks.access import access_of, readers_of
from portal.networks.models import Credential
from portal.notifications import background
from portal.notifications.kinds import TABLE
from portal.notifications.mails import LEASE, mail_person, people_with_mail_due
from portal.notifications.models import Notice
from portal.notifications.preferences import mail_due, mode_of, set_modes
from portal.notifications.queries import NoticeFilters, page_of, unseen
from portal.notifications.record import look
from portal.notifications.words import address, sentence
from portal.stock.models import Part
from portal.tasks.models import Plan
from portal.timeline.models import ContractDifference
from portal.webhooks.silence import set_rules
from tests.explore.test_overview import add_part, add_task, client_of
from tests.exports.test_exports import ask, content_of, rows_of, write_all
from tests.webhooks.test_coverage import signed
from tests.webhooks.test_drain import body, drain, store
from tests.world import World

pytestmark = pytest.mark.django_db
ALL_OFF = {kind.name: "off" for kind in TABLE}


@pytest.fixture(autouse=True)
def _heard_of_today(world: World) -> None:
    """Let the networks be no news by themselves: something arrived a minute ago."""
    for place in (world.foundry, world.annex, world.elsewhere):
        store(place, signed(place, timezone.now() - timedelta(minutes=1), body(_event="TaskWasStarted")))
        drain(place)
        with network_scope(place.network.id):
            ContractDifference.objects.all().delete()


def run_out(world: World, part: str = "id:1", *, ago: timedelta = timedelta()) -> None:
    now = timezone.now() - ago
    with network_scope(world.foundry.network.id):
        Part.objects.filter(part=part).delete()
        add_part(world.foundry.network, part, out_since=now, below_since=now)


def told(person: User) -> list[str]:
    return [line.sentence for line in unseen(access_of(person))]


def post(now: datetime | None = None) -> list[EmailMessage]:
    """Send what is due and return it."""
    mail.outbox.clear()
    now = now or timezone.now()
    for person, networks in people_with_mail_due().items():
        while mail_person(person, networks, now=now):
            pass
    return list(mail.outbox)


def test_everybody_who_may_open_the_network_is_told_and_nobody_else(world: World) -> None:
    run_out(world)
    assert look(world.foundry.network.id, now=timezone.now()) == 3  # Alice, Bob and Audrey
    assert told(world.bob) == told(world.audrey) == told(world.alice) == ["id:1 is out of stock"]
    assert told(world.charlie) == []
    NetworkRole.objects.filter(membership__user=world.bob).delete()
    assert told(world.bob) == []


def test_readers_of_a_network_are_those_with_access(world: World) -> None:
    for place in (world.foundry, world.annex, world.elsewhere):
        mine = {person.id for person in readers_of(place.network)}
        everybody = User.objects.all()
        assert mine == {p.id for p in everybody if place.network.id in {n.id for n in access_of(p).networks}}


def test_the_same_thing_is_told_once_in_24_hours_and_again_after_that(world: World) -> None:
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        run_out(world)
        assert look(world.foundry.network.id, now=timezone.now()) == 3
        assert look(world.foundry.network.id, now=timezone.now()) == 0
    with time_machine.travel(start + timedelta(hours=3), tick=False):
        run_out(world)  # it was filled up meanwhile, and is out again
        assert look(world.foundry.network.id, now=timezone.now()) == 0
    with time_machine.travel(start + timedelta(hours=25), tick=False):
        run_out(world)
        assert look(world.foundry.network.id, now=timezone.now()) >= 3
    assert told(world.bob).count("id:1 is out of stock") == 2


def test_what_happened_long_ago_is_no_news(world: World) -> None:
    run_out(world, ago=timedelta(hours=25))
    assert look(world.foundry.network.id, now=timezone.now()) == 0


def test_each_kind_is_found(world: World) -> None:
    network, now = world.foundry.network, timezone.now()
    for person in (world.alice, world.audrey):
        set_modes(person, ALL_OFF)
    run_out(world)
    refused = signed(
        world.foundry, now, body(_event="TaskWasStarted", networkId="6f1d3c52-8a47-4e0b-9c15-2b7de0a4f318")
    )
    store(world.foundry, refused)  # of another network, so that it is held
    drain(world.foundry)
    with network_scope(network.id):
        add_part(network, "id:2", below_since=now)
        add_task(network, "id:late", state="scheduled", state_at=now)
        plan(network, "id:late", ends_at=now - timedelta(hours=1))
        Credential.objects.update(last_error="401", last_error_at=now)
        ContractDifference.objects.create(
            network=network, type="TaskWasStarted", code="unknown_member", path="x", first_position=1, first_seen_at=now
        )
        set_rules(network, {"TaskWasCanceled": 1}, actor=world.bob)
        type(network).objects.filter(id=network.id).update(connected_at=now - timedelta(hours=2))
    look(network.id, now=timezone.now())
    with network_scope(network.id):
        mine = list(Notice.objects.filter(user_id=world.bob.id))
        assert {notice.kind for notice in mine} == {kind.name for kind in TABLE} - {"job"}
        assert "Silent: Task cancelled" in {sentence(notice) for notice in mine}
        assert all(address(notice, network).startswith("/") for notice in mine)
    client = client_of(world.bob)
    for notice in mine:
        assert client.get(reverse("notice", args=[network.slug, notice.id])).status_code == 302
    assert told(world.bob) == []


def plan(network: Any, task: str, **fields: Any) -> None:
    Plan.objects.create(network=network, task=task, job_id=new_id(), row=1, **fields)


def test_a_mail_holds_all_that_is_due_in_the_persons_language_and_says_how_to_stop_it(world: World) -> None:
    for person in (world.alice, world.audrey):
        set_modes(person, ALL_OFF)
    world.bob.language = "fr"
    world.bob.save()
    set_modes(world.bob, {"out_of_stock": "now"})
    run_out(world, "id:1")
    run_out(world, "id:2")
    look(world.foundry.network.id, now=timezone.now())
    [written] = post()
    assert written.to == ["bob@example.com"]
    assert re.search(r"\(\d+ \w+ \d{4} \d\d:\d\d UTC\)", written.body), "the zone is named"
    assert "id:1" in written.body and "id:2" in written.body and "rupture" in written.body
    assert reverse("notification_preferences") in written.body
    assert "/unsubscribe/" in written.extra_headers["List-Unsubscribe"]
    assert post() == []


def test_who_lost_access_before_the_mail_goes_out_gets_none(world: World) -> None:
    set_modes(world.bob, {"out_of_stock": "now"})
    run_out(world)
    look(world.foundry.network.id, now=timezone.now())
    Membership.objects.filter(user=world.bob).delete()
    assert all(written.to != ["bob@example.com"] for written in post())
    assert world.bob.id not in people_with_mail_due()


def test_a_mail_that_fails_is_tried_again_as_the_same_mail(world: World) -> None:
    set_modes(world.bob, {"out_of_stock": "now"})
    run_out(world)
    look(world.foundry.network.id, now=timezone.now())
    seen: list[str] = []

    def refuse(self: EmailMessage, *_: object, **__: object) -> int:
        seen.append(self.extra_headers["Message-ID"])
        raise SMTPException

    with patch.object(EmailMessage, "send", refuse):
        assert not mail_person(world.bob.id, [world.foundry.network.id], now=timezone.now())
    assert post() == []  # not at once
    later = timezone.now() + timedelta(hours=1)
    with time_machine.travel(later):
        assert mail_person(world.bob.id, [world.foundry.network.id], now=later)
    assert mail.outbox[0].extra_headers["Message-ID"] == seen[0]


def test_a_mail_that_can_never_be_sent_is_given_up(world: World) -> None:
    set_modes(world.bob, {"out_of_stock": "now"})
    run_out(world)
    look(world.foundry.network.id, now=timezone.now())
    tried: list[int] = []

    def refuse(self: EmailMessage, *_: object, **__: object) -> int:
        tried.append(1)
        message = "a header that cannot be written"
        raise ValueError(message)

    with patch.object(EmailMessage, "send", refuse):
        for day in range(40):
            mail_person(world.bob.id, [world.foundry.network.id], now=timezone.now() + timedelta(days=day))
    assert 1 < len(tried) <= 12
    assert world.bob.id not in people_with_mail_due()


def test_a_worker_that_dies_while_sending_loses_nothing(world: World) -> None:
    set_modes(world.bob, {"out_of_stock": "now"})
    run_out(world, "id:1")
    look(world.foundry.network.id, now=timezone.now())
    with patch.object(EmailMessage, "send", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        mail_person(world.bob.id, [world.foundry.network.id], now=timezone.now())
    run_out(world, "id:2")
    look(world.foundry.network.id, now=timezone.now())
    assert mail_person(world.bob.id, [world.foundry.network.id], now=timezone.now())  # what is new has its own mail
    later = timezone.now() + LEASE * 2
    assert mail_person(world.bob.id, [world.foundry.network.id], now=later)
    assert not mail_person(world.bob.id, [world.foundry.network.id], now=later)
    assert [("id:1" in each.body, "id:2" in each.body) for each in mail.outbox] == [(False, True), (True, False)]


@pytest.mark.parametrize(
    ("mode", "now", "due"),
    [
        ("now", "2026-03-04T10:00", "2026-03-04T10:00"),
        ("daily", "2026-03-04T05:59", "2026-03-04T06:00"),  # 7 o'clock in Paris
        ("daily", "2026-03-04T06:00", "2026-03-05T06:00"),
        ("daily", "2026-03-28T12:00", "2026-03-29T05:00"),  # summer time has begun
        ("weekly", "2026-03-04T10:00", "2026-03-09T06:00"),
        ("weekly", "2026-03-09T05:00", "2026-03-09T06:00"),
    ],
)
def test_digests_go_out_in_the_morning_of_the_person(world: World, mode: Any, now: str, due: str) -> None:
    world.bob.time_zone = "Europe/Paris"
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert mail_due(world.bob, mode, now=moment) == datetime.fromisoformat(due).replace(tzinfo=UTC)
    assert mail_due(world.bob, "app", now=moment) is None  # type: ignore[arg-type]
    assert mail_due(world.bob, "off", now=moment) is None  # type: ignore[arg-type]


def test_a_digest_waits_for_its_hour_and_joins_networks(world: World) -> None:
    set_modes(world.alice, {"out_of_stock": "daily"})
    set_modes(world.bob, ALL_OFF)
    run_out(world)
    with network_scope(world.annex.network.id):
        add_part(world.annex.network, "id:9", out_since=timezone.now())
    for place in (world.foundry, world.annex):
        look(place.network.id, now=timezone.now())
    assert post() == []
    with time_machine.travel(timezone.now() + timedelta(days=1), tick=False), tenant_scope(networks=[]):
        networks = [world.foundry.network.id, world.annex.network.id]
        assert mail_person(world.alice.id, networks, now=timezone.now())
    [written] = mail.outbox
    assert "Foundry" in written.body and "Annex" in written.body


def test_preferences_are_kept_where_they_differ_from_what_is_usual(world: World, client: Client) -> None:
    client = client_of(world.bob)
    address = reverse("notification_preferences")
    assert client.get(address).content.decode().count('type="radio"') == 5 * len(TABLE)
    client.post(address, {kind.name: str(kind.mode) for kind in TABLE} | {"overdue": "weekly", "silence": "gibberish"})
    world.bob.refresh_from_db()
    assert world.bob.notify == {"overdue": "weekly"}
    assert mode_of(world.bob, "silence") == "now"


def test_the_bell_and_the_page_show_notices_until_they_are_seen(world: World) -> None:
    run_out(world)
    look(world.foundry.network.id, now=timezone.now())
    client = client_of(world.bob)
    assert "id:1 is out of stock" in client.get("/help/").content.decode()
    assert "id:1 is out of stock" in client.get(reverse("notices")).content.decode()
    assert client.post(reverse("notices_seen")).status_code == 302
    assert "id:1 is out of stock" not in client.get("/help/").content.decode()
    assert "id:1 is out of stock" in client.get(reverse("notices")).content.decode()
    assert told(world.audrey) == ["id:1 is out of stock"]


def test_what_differs_is_said_in_the_words_of_the_network_page_and_in_no_codes(world: World) -> None:
    network = world.foundry.network
    set_modes(world.bob, {"differs": "now"})
    with network_scope(network.id):
        for name, code, path in (("TaskWasStarted", "alias_spelling", "_event"), ("Unheard", "odd_json", "")):
            ContractDifference.objects.create(
                network=network, type=name, code=code, path=path, first_position=1, first_seen_at=timezone.now()
            )
    look(network.id, now=timezone.now())
    second = "The type's name is the second of two spellings that Mobility Work documents (_event)"
    wanted = {
        f"Task started differs from the documentation: {second}",
        "Unheard differs from the documentation: The body holds a number that JSON does not allow, such as NaN",
    }
    assert set(told(world.bob)) == wanted
    [written] = post()
    assert all(sentence in written.body for sentence in wanted)


def test_notices_stand_in_the_order_in_which_things_happened(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are found kind by kind, so that the order of writing is none that anybody understands."""
    monkeypatch.setitem(page_of.__kwdefaults__, "size", 2)
    for number, hours in enumerate((3, 1, 5, 2, 4)):
        run_out(world, f"id:{number}", ago=timedelta(hours=hours))
        look(world.foundry.network.id, now=timezone.now())
    wanted = [f"id:{number} is out of stock" for number in (1, 3, 0, 4, 2)]
    assert told(world.bob) == wanted
    found, before = [], None
    with tenant_scope(networks=[world.foundry.network.id]):
        for _ in range(3):
            lines, before = page_of(NoticeFilters(person=world.bob.id, networks=[world.foundry.network]), before=before)
            found += [line.sentence for line in lines]
    assert (found, before) == (wanted, None)


def test_notices_are_listed_by_kind_and_network_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(page_of.__kwdefaults__, "size", 2)
    for number in range(5):
        run_out(world, f"id:{number}")
    with network_scope(world.annex.network.id):
        add_part(world.annex.network, "id:9", below_since=timezone.now())
    for place in (world.foundry, world.annex):
        look(place.network.id, now=timezone.now())
    client = client_of(world.alice)

    def listed(**query: str) -> list[str]:
        found: list[str] = []
        address = f"{reverse('notices')}?{urlencode(query)}"
        while address:
            page = client.get(address).content.decode()
            found += re.findall(r'class="event-open"[^>]*>([^<]*)<', page)
            older = re.search(r'rel="next" href="([^"]*)"', page)
            address = reverse("notices") + unescape(older[1]) if older else ""
        return found

    assert sorted(listed()) == [*(f"id:{number} is out of stock" for number in range(5)), "id:9 is below its minimum"]
    assert listed(network="annex") == listed(kind="below_minimum") == ["id:9 is below its minimum"]
    assert len(listed(network="foundry", kind="out_of_stock")) == 5
    assert listed(network="annex", kind="overdue") == []
    assert "No notice fits" in client.get(reverse("notices"), {"kind": "overdue"}).content.decode()
    assert client_of(world.bob).get(reverse("notices"), {"network": "annex"}).status_code == 404

    order = ask(client, listing="notices", query="kind=out_of_stock")["Location"]
    write_all()
    assert [row["Notice"] for row in rows_of(content_of(client, order))] == listed(kind="out_of_stock")


def test_a_notice_of_somebody_else_is_not_there(world: World) -> None:
    run_out(world)
    look(world.foundry.network.id, now=timezone.now())
    with network_scope(world.foundry.network.id):
        theirs = Notice.objects.get(user_id=world.audrey.id)
    address = reverse("notice", args=[world.foundry.network.slug, theirs.id])
    assert client_of(world.bob).get(address).status_code == 404
    assert client_of(world.audrey).get(address).status_code == 302
    assert told(world.audrey) == []


def test_a_long_list_costs_no_more_queries(world: World) -> None:
    client = client_of(world.bob)
    client.get(reverse("notices"))
    counts = []
    for number in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("notices"))
        counts.append(len(queries))
        for part in range(4):
            run_out(world, f"id:{number}{part}")
        look(world.foundry.network.id, now=timezone.now())
    assert counts[0] == counts[1]


def test_the_sweeps_find_networks_and_people(world: World) -> None:
    set_modes(world.bob, {"out_of_stock": "now"})
    run_out(world)
    with patch.object(background.look_at, "apply_async") as looked:
        background.sweep_news()
    assert looked.call_count == 3
    for call in looked.call_args_list:
        background.look_at(*call.kwargs["args"])
    with patch.object(background.mail, "apply_async") as mailed:
        background.sweep_mails()
    for call in mailed.call_args_list:
        background.mail(*call.kwargs["args"])
    assert "bob@example.com" in {to for written in mail.outbox for to in written.to}
