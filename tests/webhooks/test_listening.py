"""The page that waits for the first event of each type."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.lib.scope import network_scope
from portal.networks.inbox import add_secret
from portal.networks.models import SigningSecret
from portal.webhooks.history import PastRequest, store_past
from portal.webhooks.pipeline import process_waiting
from tests.world import World

pytestmark = pytest.mark.django_db


def test_the_secret_leaves_the_open_page_with_the_first_event(world: World) -> None:
    client, slug, network_id = Client(), world.foundry.network.slug, world.foundry.network.id
    client.force_login(world.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(reverse("listen", args=[slug])).content.decode()
    poll = f"{reverse('heard', args=[slug])}?secret=1"
    assert world.foundry.secret in page
    assert poll in page
    assert "HX-Refresh" not in client.get(poll)
    body = {"_event": "TaskWasCanceled", "taskId": "7", "emittedAt": timezone.now().isoformat()}
    with network_scope(network_id):
        store_past(network_id, [PastRequest(timezone.now(), json.dumps(body).encode(), {})])
    process_waiting(network_id, limit=10)
    assert client.get(poll)["HX-Refresh"] == "true"
    page = client.get(reverse("listen", args=[slug])).content.decode()
    assert world.foundry.secret not in page
    assert poll not in page
    assert "HX-Refresh" not in client.get(reverse("heard", args=[slug]))


def test_the_page_of_a_network_says_which_secret_was_used_and_which_was_not(world: World) -> None:
    client, place = Client(), world.foundry
    client.force_login(world.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    with network_scope(place.network.id):
        SigningSecret.objects.update(last_used_at=timezone.now())
        add_secret(place.network, actor=world.alice)
    page = client.get(reverse("network", args=[place.network.slug])).content.decode()
    secrets = page.split("Signing secrets")[1].split("</ul>")[0]
    assert secrets.count("not used yet") == 1
    assert secrets.count("added") == 2
    assert "used <time" in secrets


def test_ending_the_last_secret_says_that_all_is_accepted_then(world: World) -> None:
    client, place = Client(), world.foundry
    client.force_login(world.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(reverse("network", args=[place.network.slug])).content.decode()
    assert "every delivery is accepted, unverified" in page
    with network_scope(place.network.id):
        add_secret(place.network, actor=world.alice)
    page = client.get(reverse("network", args=[place.network.slug])).content.decode()
    assert page.count("signed with it will be refused") == 2
    assert "every delivery is accepted" not in page
