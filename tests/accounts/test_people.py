"""Inviting people, changing their roles, removing them; the last admin stays."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import Invitation, Membership, NetworkRole, User
from portal.lib.scope import tenant_scope
from portal.networks.models import Network
from portal.trail.models import Entry
from tests.world import PASSWORD, World

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
SLUG = "acme-plants"


def client_of(person: User) -> Client:
    client = Client()
    client.force_login(person, backend=BACKEND)
    return client


def invite(world: World, email: str, **roles: str) -> str:
    """Invite somebody as auditor of the foundry, unless told otherwise, and return the link in the mail."""
    wish = {"email": email} | (roles or {f"role_{world.foundry.network.id}": "auditor"})
    answer = client_of(world.alice).post(reverse("invite", args=[SLUG]), wish)
    assert answer.status_code == 302, answer.content.decode()
    found = re.search(r"http://testserver(/invitation/\S+)", mail.outbox[-1].body)
    assert found
    return found.group(1)


def test_a_new_person_joins_by_the_link_once(world: World) -> None:
    link = invite(world, "dora@example.com")
    client = Client()
    assert "Acme Plants" in client.get(link).content.decode()
    weak = client.post(link, {"name": "Dora", "password": "short"})
    assert (weak.status_code, User.objects.filter(email="dora@example.com").exists()) == (422, False)
    assert client.post(link, {"name": "Dora", "password": PASSWORD}).status_code == 302
    page = client.get("/networks/").content.decode()
    assert "Foundry" in page
    assert "Annex" not in page
    assert Client().get(link).status_code == 410
    with tenant_scope(networks=[], organizations=[world.organization.id]):
        kept = list(Entry.objects.order_by("id").values_list("action", flat=True))
        assert kept[-2:] == ["person_invited", "invitation_accepted"]
    assert link.rsplit("/", 2)[1] not in str(list(Invitation.objects.values()))


@pytest.mark.parametrize(
    ("accepts", "language"), [("fr-CH, fr;q=0.9, en;q=0.8", "fr"), ("de, en;q=0.5", "en"), ("", "en")]
)
def test_a_new_person_keeps_the_language_of_the_browser_and_the_zone_of_the_network(
    world: World, accepts: str, language: str
) -> None:
    Network.objects.filter(id=world.foundry.network.id).update(time_zone="Europe/Paris")
    Network.objects.filter(id=world.annex.network.id).update(time_zone="America/Lima")
    link = invite(world, "dora@example.com")
    client = Client(headers={"accept-language": accepts})
    assert client.post(link, {"name": "Dora", "password": PASSWORD}).status_code == 302
    dora = User.objects.get(email="dora@example.com")
    assert (dora.language, dora.time_zone) == (language, "Europe/Paris")
    assert f'<html lang="{language}"' in client.get("/").content.decode()


def test_a_known_person_joins_as_themselves_only(world: World) -> None:
    link = invite(world, "charlie@example.com")
    assert Client().get(link).status_code == 302
    assert client_of(world.bob).get(link).status_code == 403
    charlie = client_of(world.charlie)
    assert charlie.get(link).status_code == 200
    assert charlie.post(link).status_code == 302
    page = charlie.get("/networks/").content.decode()
    assert "Foundry" in page
    assert "Elsewhere" in page


@pytest.mark.parametrize("end", ["expired", "withdrawn"])
def test_an_invitation_ends(world: World, end: str) -> None:
    link = invite(world, "dora@example.com")
    made = Invitation.objects.get(email="dora@example.com")
    if end == "expired":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        client_of(world.alice).post(reverse("invitation_withdraw", args=[SLUG, made.id]))
    assert Client().get(link).status_code == 410


def test_an_invitation_says_what_is_missing(world: World) -> None:
    client = client_of(world.alice)
    url = reverse("invite", args=[SLUG])
    assert "at least one network" in client.post(url, {"email": "dora@example.com"}).content.decode()
    again = {"email": "bob@example.com", "is_admin": "on"}
    assert "member already" in client.post(url, again).content.decode()
    foreign = {"email": "dora@example.com", f"role_{world.elsewhere.network.id}": "manager"}
    assert client.post(url, foreign).status_code == 422
    assert mail.outbox == []


def test_roles_are_changed_and_people_removed(world: World) -> None:
    client = client_of(world.alice)
    bob = Membership.objects.get(user=world.bob)
    url = reverse("member", args=[SLUG, bob.id])
    client.post(url, {f"role_{world.annex.network.id}": "auditor"})
    assert list(NetworkRole.objects.filter(membership=bob).values_list("network__slug", "role")) == [
        ("annex", "auditor")
    ]
    assert client_of(world.bob).get("/networks/foundry/").status_code == 404
    client.post(reverse("member_remove", args=[SLUG, bob.id]))
    assert client_of(world.bob).get("/networks/annex/").status_code == 404


def test_the_last_admin_can_neither_step_down_nor_be_removed(world: World) -> None:
    client = client_of(world.alice)
    alice = Membership.objects.get(user=world.alice)
    down = client.post(reverse("member", args=[SLUG, alice.id]), {f"role_{world.annex.network.id}": "auditor"})
    assert "last admin" in down.content.decode()
    out = client.post(reverse("member_remove", args=[SLUG, alice.id]), follow=True)
    assert "last admin" in out.content.decode()
    assert Membership.objects.get(user=world.alice).is_admin
    bob = Membership.objects.get(user=world.bob)
    client.post(reverse("member", args=[SLUG, bob.id]), {"is_admin": "on"})
    client.post(reverse("member_remove", args=[SLUG, alice.id]))
    assert not Membership.objects.filter(user=world.alice).exists()


def test_the_last_admin_is_told_why_and_one_of_two_may_leave(world: World) -> None:
    page = client_of(world.alice).get(reverse("organization_people", args=[SLUG])).content.decode()
    mine = reverse("member_remove", args=[SLUG, Membership.objects.get(user=world.alice).id])
    assert mine not in page
    assert "The last admin stays" in page
    Membership.objects.filter(user=world.bob).update(is_admin=True)
    client = client_of(world.alice)
    page = client.get(reverse("organization_people", args=[SLUG])).content.decode()
    assert mine in page
    assert "The last admin stays" not in page
    assert "Leave Acme" in page
    answer = client.post(mine, follow=True).content.decode()
    assert "You have left" in answer
    assert not Membership.objects.filter(user=world.alice).exists()


def test_the_sign_in_form_waits_for_the_address(client: Client) -> None:
    page = client.get(reverse("account_login")).content.decode()
    [field] = re.findall(r'<input[^>]*name="login"[^>]*>', page)
    assert "autofocus" in field
    assert page.count("autofocus") == 1


def test_what_is_said_after_a_change_of_language_is_in_the_new_one(world: World) -> None:
    client = client_of(world.alice)
    wish = {"name": "Alice", "time_zone": "Europe/Paris", "theme": "auto", "density": "comfortable"}
    for language, words in (("fr", "Vos préférences sont enregistrées."), ("en", "Your preferences are saved.")):
        answer = client.post(reverse("preferences"), wish | {"language": language}, follow=True)
        assert words in answer.content.decode()


def test_a_mail_that_cannot_be_sent_invites_nobody_and_says_so(world: World, settings: Any) -> None:
    before = invite(world, "dora@example.com")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens
    answer = client_of(world.alice).post(
        reverse("invite", args=[SLUG]), {"email": "dora@example.com", "is_admin": "on"}
    )
    assert answer.status_code == 422
    assert "could not be sent" in answer.content.decode()
    assert Invitation.objects.count() == 1
    assert Client().get(before).status_code == 200
    assert settings.EMAIL_TIMEOUT


def test_the_address_is_no_password(world: World) -> None:
    link = invite(world, "dora.delacroix@example.com")
    answer = Client().post(link, {"name": "Dora", "password": "dora.delacroix@example.com"})
    assert answer.status_code == 422
    assert "too similar" in answer.content.decode()


def test_an_invitation_is_sent_again_with_a_new_link(world: World) -> None:
    link = invite(world, "dora@example.com")
    Invitation.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    made = Invitation.objects.get(email="dora@example.com")
    client = client_of(world.alice)
    page = client.get(reverse("organization_people", args=[SLUG])).content.decode()
    assert "Auditor: Foundry" in page and "Expired" in page
    answer = client.post(reverse("invitation_resend", args=[SLUG, made.id]), follow=True)
    assert "no longer works" in answer.content.decode()
    found = re.search(r"http://testserver(/invitation/\S+)", mail.outbox[-1].body)
    assert found and found.group(1) != link and len(mail.outbox) == 2
    assert (Client().get(link).status_code, Client().get(found.group(1)).status_code) == (410, 200)
    with tenant_scope(networks=[], organizations=[world.organization.id]):
        kept = Entry.objects.order_by("id").last()
        assert kept and (kept.action, kept.subject) == ("invitation_resent", "dora@example.com")
    assert Client().post(found.group(1), {"name": "Dora", "password": PASSWORD}).status_code == 302
    roles = NetworkRole.objects.filter(membership__user__email="dora@example.com")
    assert list(roles.values_list("network__slug", "role")) == [("foundry", "auditor")]


def test_an_invitation_that_was_used_or_withdrawn_is_not_sent_again(world: World) -> None:
    invite(world, "dora@example.com")
    made = Invitation.objects.get(email="dora@example.com")
    client, again = client_of(world.alice), reverse("invitation_resend", args=[SLUG, made.id])
    client.post(reverse("invitation_withdraw", args=[SLUG, made.id]))
    assert "no longer open" in client.post(again, follow=True).content.decode()
    Invitation.objects.update(withdrawn_at=None, email="bob@example.com")
    assert "member already" in client.post(again, follow=True).content.decode()
    assert len(mail.outbox) == 1
    assert client_of(world.bob).post(again).status_code == 403
    assert client_of(world.charlie).post(again).status_code == 404


def test_whoever_is_no_admin_is_told_that_people_are_not_theirs_to_manage(world: World) -> None:
    for person in (world.bob, world.audrey):
        answer = client_of(person).get(reverse("people"))
        assert answer.status_code == 403
        assert "Only an admin of the organization may do this." in answer.content.decode()
    assert client_of(world.alice).get(reverse("people"), follow=True).status_code == 200
    nobody = User.objects.create_user("nobody@example.com", PASSWORD)
    assert client_of(nobody).get(reverse("people")).status_code == 404


def test_every_row_offers_to_change_the_roles(world: World) -> None:
    page = client_of(world.alice).get(reverse("organization_people", args=[SLUG])).content.decode()
    assert page.count("Change roles</a>") == Membership.objects.filter(organization=world.organization).count()


def test_a_link_stays_valid_when_the_next_mail_cannot_be_sent(world: World, settings: Any) -> None:
    link = invite(world, "dora@example.com")
    made = Invitation.objects.get(email="dora@example.com")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens
    answer = client_of(world.alice).post(reverse("invitation_resend", args=[SLUG, made.id]), follow=True)
    assert "The link sent before still works" in answer.content.decode()
    assert Client().get(link).status_code == 200
