"""People changed by two admins at once, and links that were sent before: nobody comes back, nobody is left without."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from portal.accounts import people
from portal.accounts.models import Invitation, Membership, User
from tests.accounts.test_people import SLUG, client_of, invite
from tests.world import PASSWORD, World

pytestmark = pytest.mark.django_db


def member_of(world: World, person: User) -> Membership:
    return Membership.objects.get(organization=world.organization, user=person)


def test_who_was_made_the_last_admin_meanwhile_is_neither_demoted_nor_removed(world: World) -> None:
    read_before = member_of(world, world.bob), member_of(world, world.bob)
    Membership.objects.filter(user=world.bob).update(is_admin=True)
    Membership.objects.filter(user=world.alice).update(is_admin=False)
    with pytest.raises(people.LastAdmin):
        people.remove(read_before[0], actor=world.alice)
    with pytest.raises(people.LastAdmin):
        people.change_roles(read_before[1], is_admin=False, roles={}, actor=world.alice)


def test_who_was_removed_meanwhile_does_not_come_back_with_a_change_of_roles(world: World) -> None:
    read_before = member_of(world, world.bob)
    people.remove(member_of(world, world.bob), actor=world.alice)
    for change in (
        lambda: people.change_roles(read_before, is_admin=True, roles={}, actor=world.alice),
        lambda: people.remove(read_before, actor=world.alice),
    ):
        with pytest.raises(people.NoLongerMember):
            change()
    assert not Membership.objects.filter(organization=world.organization, user=world.bob).exists()


def test_a_second_link_ends_the_first_and_nothing_is_left_for_who_was_removed(world: World) -> None:
    first = invite(world, "dora@example.com", is_admin="on")
    second = invite(world, "dora@example.com")
    assert Client().get(first).status_code == 410
    client = Client()
    assert client.post(second, {"name": "Dora", "password": PASSWORD}).status_code == 302
    dora = User.objects.get(email="dora@example.com")
    # As by an invitation that was under way while she joined.
    Invitation.objects.filter(email=dora.email, accepted_at=None).update(withdrawn_at=None)
    client_of(world.alice).post(reverse("member_remove", args=[SLUG, member_of(world, dora).id]))
    assert client.get(first).status_code == 410
    assert not Membership.objects.filter(user=dora).exists()


def test_a_link_that_was_used_up_meanwhile_makes_no_person(world: World) -> None:
    invite(world, "dora@example.com")
    made = Invitation.objects.get(email="dora@example.com")
    people.withdraw(made, actor=world.alice)
    with pytest.raises(people.InvitationInvalid):
        people.join(made, name="Dora", password=PASSWORD, language="en")
    assert not User.objects.filter(email="dora@example.com").exists()


@pytest.mark.django_db(transaction=True)
def test_a_link_sent_several_times_at_once_joins_once(world: World) -> None:
    link, together = invite(world, "dora@example.com"), Barrier(4)

    def join(_: int) -> int:
        client = Client(raise_request_exception=False)
        together.wait()
        try:
            return client.post(link, {"name": "Dora", "password": PASSWORD}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(join, range(4)))
    assert answers.count(302) >= 1
    assert set(answers) <= {302, 410}, answers  # who comes later is shown the way to sign in, or that it is used up
    assert Membership.objects.filter(user__email="dora@example.com").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_remove_each_other_leave_one(world: World) -> None:
    Membership.objects.filter(user=world.bob, organization=world.organization).update(is_admin=True)
    both = [member_of(world, world.alice), member_of(world, world.bob)]
    together = Barrier(2)

    def remove(membership: Membership) -> bool:
        together.wait()
        try:
            people.remove(membership, actor=world.alice)
        except people.LastAdmin:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(remove, both)) == [False, True]
