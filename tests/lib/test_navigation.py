"""The frame of every page: what the menu offers to whom, and which network it says one is in."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from portal.lib.scope import network_scope
from portal.navigation import NAVIGATION, VIEWS_BY_NETWORK, shell
from portal.networks.models import Network
from tests.world import World

EVERYBODY = [str(entry.label) for entry in NAVIGATION if not entry.admins_only and not entry.senders_only]
MANAGERS = [str(entry.label) for entry in NAVIGATION if not entry.admins_only]
ADMINS = [str(entry.label) for entry in NAVIGATION]


def frame(client: Client, person: User, address: str) -> dict[str, Any]:
    """Return the frame's context of a page, as this person gets it."""
    client.force_login(person)
    answer = client.get(address)
    assert answer.context is not None
    found: dict[str, Any] = answer.context["shell"]
    return found


def test_a_request_without_a_session_has_a_name_and_no_menu() -> None:
    found = shell(HttpRequest())["shell"]
    assert found["name"]
    assert "navigation" not in found and "networks" not in found


@pytest.mark.django_db
def test_everybody_is_offered_what_they_may_open(world: World, client: Client) -> None:
    assert len(ADMINS) > len(MANAGERS) > len(EVERYBODY)
    for person, expected in ((world.alice, ADMINS), (world.bob, MANAGERS), (world.audrey, EVERYBODY)):
        menu = frame(client, person, reverse("home"))["navigation"]
        assert [str(item["label"]) for item in menu] == expected
        for item in menu:
            assert client.get(item["url"], follow=True).status_code == 200, item["url"]


@pytest.mark.django_db
def test_the_switcher_holds_ones_own_networks_only(world: World, client: Client) -> None:
    assert {network.name for network in frame(client, world.alice, "/")["networks"]} == {"Foundry", "Annex"}
    assert {network.name for network in frame(client, world.bob, "/")["networks"]} == {"Foundry"}
    page = client.get("/").content.decode()
    assert "Foundry" in page and "Annex" not in page and "Elsewhere" not in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("url_name", "by_path", "current"),
    [
        ("home", False, "Overview"),
        ("timeline", False, "Timeline"),
        ("network", True, "Networks"),
        ("silence", True, "Coverage"),
        ("help", False, "Help"),
    ],
)
def test_a_page_says_where_one_is(world: World, client: Client, url_name: str, by_path: bool, current: str) -> None:
    slug = world.foundry.network.slug
    address = reverse(url_name, args=[slug]) if by_path else f"{reverse(url_name)}?network={slug}"
    found = frame(client, world.alice, address)
    assert [str(item["label"]) for item in found["navigation"] if item["current"]] == [current]
    inside = url_name != "help"
    assert (found["network"].slug if found["network"] else None) == (slug if inside else None)


@pytest.mark.django_db
@pytest.mark.parametrize("url_name", sorted(VIEWS_BY_NETWORK))
def test_the_menu_keeps_the_network_and_the_switcher_the_page(world: World, client: Client, url_name: str) -> None:
    slug = world.foundry.network.slug
    menu = {item["label"]: item["url"] for item in frame(client, world.alice, f"/?network={slug}")["navigation"]}
    assert menu["Tasks"] == f"{reverse('tasks')}?network={slug}"
    assert menu["Jobs"] == f"{reverse('jobs')}?network={slug}"
    assert menu["Networks"] == reverse("networks")
    page = client.get(f"{reverse(url_name)}?network={slug}").content.decode()
    assert f'href="{reverse(url_name)}?network=annex"' in page
    assert f'href="{reverse(url_name)}"' in page  # all networks


@pytest.mark.django_db
def test_pages_of_one_thing_lead_to_their_list_in_another_network(world: World, client: Client) -> None:
    slug = world.foundry.network.slug
    subject = reverse("subject", args=[slug, "part"]) + "?key=unheard-of"
    assert frame(client, world.alice, subject)["switched"] == reverse("timeline")
    assert frame(client, world.alice, reverse("network", args=[slug]))["switched"] == ""


@pytest.mark.django_db
def test_somebody_elses_network_in_the_address_is_no_network(world: World, client: Client) -> None:
    address = f"{reverse('timeline')}?network={world.elsewhere.network.slug}"
    assert frame(client, world.alice, address)["network"] is None


@pytest.mark.django_db
@pytest.mark.parametrize("kind", Network.Kind)
def test_a_sandbox_tints_the_frame_and_says_so(world: World, client: Client, kind: Network.Kind) -> None:
    network = world.foundry.network
    with network_scope(network.id):
        assert Network.objects.filter(pk=network.pk).update(kind=kind) == 1
    client.force_login(world.alice)
    page = client.get(reverse("network", args=[network.slug])).content.decode()
    head = page[page.index("<header") : page.index("</summary>")]  # without the menu's list, which says it as well
    assert ("top-sandbox" in head) is (kind == Network.Kind.SANDBOX)
    assert ("Sandbox" in head) is (kind == Network.Kind.SANDBOX)
