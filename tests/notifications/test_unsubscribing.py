"""Mails are stopped by one click, without a session, by whoever has the mail; and by nothing else."""

from __future__ import annotations

import email
import email.policy
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core import mail, signing
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.lib.scope import network_scope
from portal.notifications.preferences import mode_of, set_modes
from portal.notifications.record import look
from portal.notifications.unsubscribing import SALT, link_of
from tests.explore.test_overview import client_of
from tests.notifications.test_notices import ALL_OFF, post, run_out, told
from tests.world import World

pytestmark = pytest.mark.django_db


def mailed(world: World) -> EmailMessage:
    """Return a mail to Bob that a part ran out."""
    for person in (world.alice, world.audrey):
        set_modes(person, ALL_OFF)
    set_modes(world.bob, {**ALL_OFF, "out_of_stock": "now", "overdue": "daily"})
    run_out(world)
    look(world.foundry.network.id, now=timezone.now())
    [written] = post()
    return written


def path_in(written: EmailMessage) -> str:
    """Return the address to which a mail program posts, as it reads the mail off the wire."""
    read = email.message_from_bytes(written.message().as_bytes(), policy=email.policy.default)
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = read["List-Unsubscribe"].strip()
    assert address.startswith("<") and address.endswith(">")
    assert address[1:-1] in written.body
    return urlsplit(address[1:-1]).path


def mode(person: User, kind: str) -> str:
    return mode_of(User.objects.get(id=person.id), kind)


def one_click(path: str, client: Client | None = None) -> int:
    client = client or Client(enforce_csrf_checks=True)
    return client.post(path, {"List-Unsubscribe": "One-Click"}).status_code


def test_one_click_stops_the_kinds_of_the_mail_and_no_others(world: World) -> None:
    path = path_in(mailed(world))
    page = Client().get(path)
    assert "Out of stock" in page.content.decode() and "bob@example.com" in page.content.decode()
    assert "Overdue" not in page.content.decode()
    assert mode(world.bob, "out_of_stock") == "now"  # to look stops nothing
    assert one_click(path) == 200
    assert (mode(world.bob, "out_of_stock"), mode(world.bob, "overdue")) == ("app", "daily")
    assert one_click(path) == 200
    run_out(world, "id:2")
    look(world.foundry.network.id, now=timezone.now())
    assert post() == []
    assert "id:2 is out of stock" in told(User.objects.get(id=world.bob.id))
    preferences = client_of(world.bob).get(reverse("notification_preferences")).content.decode()
    assert 'name="out_of_stock" value="app" checked' in preferences


def test_it_is_said_in_the_language_of_the_person(world: World) -> None:
    User.objects.filter(id=world.bob.id).update(language="fr")
    assert 'lang="fr"' in Client().get(urlsplit(link_of(world.bob, ["overdue"])).path).content.decode()


def test_what_somebody_turned_off_stays_off(world: World) -> None:
    path = path_in(mailed(world))
    set_modes(User.objects.get(id=world.bob.id), {"out_of_stock": "off"})
    assert one_click(path) == 200
    assert mode(world.bob, "out_of_stock") == "off"


def test_what_waits_for_a_digest_is_not_mailed_after_all(world: World) -> None:
    for person in (world.alice, world.audrey):
        set_modes(person, ALL_OFF)
    set_modes(world.bob, {**ALL_OFF, "out_of_stock": "daily"})
    run_out(world)
    look(world.foundry.network.id, now=timezone.now())
    one_click(urlsplit(link_of(world.bob, ["out_of_stock"])).path)
    with time_machine.travel(timezone.now() + timedelta(days=2)), network_scope(world.foundry.network.id):
        assert post() == []
    assert mail.outbox == []


def test_links_hold_for_a_year_and_do_nothing_else_after_that(world: World) -> None:
    path = path_in(mailed(world))
    with time_machine.travel(timezone.now() + timedelta(days=366)):
        assert Client().get(path).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(days=401)):
        assert one_click(path) == 410
    assert mode(world.bob, "out_of_stock") == "now"


@pytest.mark.parametrize("change", ["cut", "other purpose", "nonsense", "gone"])
def test_a_link_that_we_did_not_make_stops_nothing(world: World, change: str) -> None:
    path = path_in(mailed(world))
    token = path.rstrip("/").rpartition("/")[2]
    if change == "gone":
        User.objects.filter(id=world.bob.id).update(is_active=False)
    tokens = {
        "cut": token[:-2],
        "other purpose": signing.dumps(signing.loads(token, salt=SALT), salt="other"),
        "nonsense": "x",
        "gone": token,
    }
    bad = reverse("unsubscribe", args=[tokens[change]])
    assert Client().get(bad).status_code == 410
    assert one_click(bad) == 410
    assert mode(world.bob, "out_of_stock") == "now"


def test_nobody_may_try_links_without_end(world: World) -> None:
    path = reverse("unsubscribe", args=["x"])
    assert {Client().get(path).status_code for _ in range(60)} == {410}
    assert Client().get(path).status_code == 429
