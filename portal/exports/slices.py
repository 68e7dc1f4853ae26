"""What of a list is exported: whose networks, which filters, up to when; and what a list must be able to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise

from portal.lib.scope import tenant_scope
from portal.lib.tabular.write import Cell
from portal.networks.models import Network

AT_ONCE = 1000


class Coded(str):
    """A cell that people read as words; JSON Lines has what programs know it by."""

    __slots__ = ("code",)
    code: object

    def __new__(cls, words: object, code: object) -> Coded:
        made = super().__new__(cls, str(words))
        made.code = code
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """What of a list is exported, and how it is written."""

    person_id: UUID
    networks: Sequence[Network]  # all that the person could open when they asked
    organizations: Sequence[UUID]
    query: QueryDict
    zone: ZoneInfo  # of the person; a list of one network has the network's
    now: datetime  # when they asked: "the last 7 days" are those before
    until: dict[UUID, int]

    def scope(self) -> AbstractContextManager[None]:
        """Open a transaction that sees what the person could open."""
        return tenant_scope(networks=[network.id for network in self.networks], organizations=self.organizations)

    @property
    def chosen(self) -> list[Network]:
        """The networks of the list: the one in the address, or all."""
        slug = self.query.get("network", "")
        return [network for network in self.networks if not slug or network.slug == slug]

    @property
    def zone_shown(self) -> ZoneInfo:
        """The zone of the list: of one network its own, of several the person's."""
        chosen = self.chosen
        return ZoneInfo(chosen[0].time_zone) if len(chosen) == 1 else self.zone

    def local(self, moment: datetime | None) -> datetime | None:
        """Return a moment by the clock of the list's zone."""
        return timezone.localtime(moment, self.zone_shown) if moment else None


def network_cell(network: Network) -> Coded:
    """Return a network's name; programs know it by its short name."""
    return Coded(network.name, network.slug)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One list: its columns by the name that JSON Lines uses, and its rows, a chunk per transaction."""

    name: str
    label: str | Promise
    url_name: str
    columns: Sequence[tuple[str, str | Promise]]
    rows: Callable[[Slice], Iterator[Sequence[Cell]]]
    in_path: Sequence[str] = ()  # filters that stand in the path of the page: of whose list it is

    def address(self, query: QueryDict) -> str:
        """Return the address of the page with these filters; raises ValueError where they belong to no page."""
        rest = query.copy()
        places = [str((rest.pop(name, None) or [""])[-1]) for name in self.in_path]
        try:
            page = reverse(self.url_name, args=places)
        except NoReverseMatch as error:
            raise ValueError(self.name) from error
        return f"{page}?{rest.urlencode()}" if rest else page
