"""Networks of one name connected in the same moment: each gets an address of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from portal.accounts.models import Organization
from tests.world import World, add_network

COUNT = 4


@pytest.mark.django_db(transaction=True)
def test_networks_of_one_name_connected_at_once_get_an_address_each(world: World) -> None:
    together = Barrier(COUNT)

    def connect(organization: Organization) -> str:
        together.wait()
        try:
            return add_network(organization, "Lyon").network.slug
        finally:
            connections.close_all()

    with ThreadPoolExecutor(COUNT) as pool:
        slugs = list(pool.map(connect, [world.organization, world.other] * (COUNT // 2)))
    assert sorted(slugs) == ["lyon", "lyon-2", "lyon-3", "lyon-4"]
