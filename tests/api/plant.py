"""A network with a month of an invented plant's life, jobs of its own, and tokens that read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.test import Client

from portal.accounts.models import Organization
from portal.api.models import Scope
from portal.api.tokens import OpenToken, create_token
from portal.lib.scope import tenant_scope
from portal.networks.models import Network
from portal.trail.record import COMMAND_LINE
from tests.webhooks.test_drain import drain, store
from tests.webhooks.test_projections import arrivals, life
from tests.world import ConnectedNetwork

# So many steps of this plant prove that its events count locations.
PROVEN = 175


def live(place: ConnectedNetwork, seed: str = "s1", steps: int = 40, *, lost: Sequence[int] = ()) -> None:
    """Let a plant live; the events of these numbers never arrive."""
    told = [item for number, item in enumerate(life(seed, steps)) if number not in lost]
    store(place, *arrivals(place, told))
    drain(place)


def token_for(
    organization: Organization, networks: Sequence[Network] | None = None, *, days: int = 30, name: str = "Warehouse"
) -> OpenToken:
    """Return a token that reads these networks, or all of the organization's."""
    with tenant_scope(networks=[], organizations=[organization.id]):
        return create_token(
            organization, name=name, scopes=[Scope.READ], networks=networks, days=days, actor=COMMAND_LINE
        )


class Reader:
    """A program that holds a token."""

    def __init__(self, token: OpenToken | str) -> None:
        self.text = token if isinstance(token, str) else token.text
        self.client = Client()

    def get(self, path: str, query: Any = None, **headers: str) -> Any:
        """Ask for an address under /api/v1."""
        address = path if path.startswith("/api/v1/") else f"/api/v1/{path}"
        return self.client.get(address, query or {}, headers={"Authorization": f"Bearer {self.text}", **headers})

    def items(self, path: str, query: Any = None) -> list[dict[str, Any]]:
        """Return the rows of all pages."""
        found, answer = [], self.get(path, query)
        while True:
            assert answer.status_code == 200, answer.content
            body = answer.json()
            found += body["items"]
            if body["next"] is None:
                return found
            answer = self.get(body["next"].removeprefix("http://testserver"))
