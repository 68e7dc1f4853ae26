"""Writes exports: one worker at a time per export, under a lease; a worker that dies leaves it to be begun anew."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.http import QueryDict
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from portal.exports.listings import LISTINGS
from portal.exports.models import Export, ExportPiece
from portal.exports.slices import Coded, Listing, Slice
from portal.lib.scope import tenant_scope
from portal.lib.tabular import write_csv, write_xlsx
from portal.lib.tabular.errors import CellTooLongToWrite, TooManyRowsToWrite
from portal.lib.tabular.write import Cell, cell_text
from portal.networks.models import Network

PIECE = 1 << 20  # bytes
LEASE = timedelta(minutes=2)
PROGRESS_ROWS = 2_000
ATTEMPTS = 3
KEPT = timedelta(days=7)
OF_MOMENTS = (
    "at",
    "since",
    "until",
    "as_of",
    "last_seen",
    "sign_in",
    "planned_start",
    "planned_end",
)  # how their columns end


class TooLarge(Exception):
    """The file would be larger than PORTAL_EXPORT_MAX_MB."""


class LostLease(Exception):
    """Another worker has taken this export over."""


def due() -> list[tuple[UUID, list[UUID], list[UUID]]]:
    """Return the exports that wait or whose worker is gone, each with the networks and organizations it may see."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, networks, organizations FROM portal_exports_due()")
        return [(key, list(networks), list(organizations)) for key, networks, organizations in cursor.fetchall()]


def write_export(export_id: UUID, networks: Sequence[UUID], organizations: Sequence[UUID]) -> None:
    """Write one export, unless another worker does. Opens its own scopes, and holds no transaction while it writes."""
    with tenant_scope(networks=networks, organizations=organizations):
        export = _claim(export_id)
    if export is None:
        return
    failure = ""
    if export.attempts > ATTEMPTS:
        failure = Export.Failure.ENDED_OFTEN
    else:
        try:
            _write(export)
        except LostLease:
            return
        except TooManyRowsToWrite:
            failure = Export.Failure.TOO_MANY_ROWS
        except CellTooLongToWrite:
            failure = Export.Failure.CELL_TOO_LONG
        except TooLarge:
            failure = Export.Failure.TOO_LARGE
    if failure:
        with _scope(export):
            ExportPiece.objects.filter(export_id=export.id).delete()
            _update(export, state=Export.State.FAILED, failure=failure, ended_at=timezone.now())


def remove_expired() -> int:
    """Remove the files whose time is over, and return how many there were; what was exported stays in the trail."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT portal_exports_remove_expired()")
        row = cursor.fetchone()
    return int(row[0])


def _claim(export_id: UUID) -> Export | None:
    """Take an export that nobody writes, by compare-and-set, and begin it anew."""
    now, token = timezone.now(), uuid4()
    export = Export.objects.select_for_update(skip_locked=True).filter(
        id=export_id, state__in=[Export.State.WAITING, Export.State.WRITING]
    ).first()  # fmt: skip
    if export is None or (export.lease_until and export.lease_until > now):
        return None
    export.state, export.token, export.lease_until = Export.State.WRITING, token, now + LEASE
    export.attempts += 1
    export.rows = 0
    export.save(update_fields=["state", "token", "lease_until", "attempts", "rows"])
    ExportPiece.objects.filter(export_id=export_id).delete()
    return export


def _scope(export: Export) -> AbstractContextManager[None]:
    return tenant_scope(networks=export.networks, organizations=export.organizations)


def _update(export: Export, **values: object) -> None:
    """Change an export that is still ours; raises LostLease when it is not. Needs its scope."""
    mine = Export.objects.filter(id=export.id, token=export.token, state=Export.State.WRITING)
    if mine.update(**values) != 1:
        raise LostLease


def _write(export: Export) -> None:
    listing = LISTINGS[export.listing]
    with tempfile.TemporaryDirectory(prefix="portal-export-") as folder, translation.override(export.language):
        path = Path(folder) / "file"
        count = _write_file(export, listing, path)
        size = _store(export, path)
    with _scope(export):
        now = timezone.now()
        ready = {"state": Export.State.DONE, "rows": count, "size": size, "ended_at": now, "expires_at": now + KEPT}
        _update(export, **ready)


def _write_file(export: Export, listing: Listing, path: Path) -> int:
    wanted = _slice(export)
    heading = [str(label) for _name, label in listing.columns]
    rows = _counted(export, listing.rows(wanted), path)
    if export.format == Export.Format.XLSX:
        # A sheet's moments have no offset: their headings say by whose clock they are.
        note = _("Times in %(zone)s") % {"zone": wanted.zone_shown.key}
        notes = {index: note for index, (name, _label) in enumerate(listing.columns) if name.endswith(OF_MOMENTS)}
        return write_xlsx(path, heading, rows, notes=notes, sheet=str(listing.label))
    with path.open("w+b") as file:
        if export.format == Export.Format.CSV:
            return write_csv(file, heading, rows)
        names = [name for name, _label in listing.columns]
        count = 0
        for count, row in enumerate(rows, 1):  # noqa: B007 - the number of the last
            values = dict(zip(names, map(_json_value, row), strict=True))
            file.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")
        return count


def _json_value(cell: Cell) -> object:
    """Return a cell as JSON has it: codes, moments and decimals as text, exactly, and null for nothing."""
    if isinstance(cell, Coded):
        return None if cell.code == "" else cell.code
    if isinstance(cell, Decimal | datetime):
        return cell_text(cell)
    return None if cell == "" else cell


def _slice(export: Export) -> Slice:
    networks = (
        Network.objects.filter(id__in=export.networks)
        .select_related("organization")
        .order_by("organization__name", "name")
    )
    return Slice(
        person_id=export.created_by_id,
        networks=list(networks),
        organizations=export.organizations,
        query=QueryDict(export.query),
        zone=ZoneInfo(export.time_zone),
        now=export.created_at,
        until={UUID(key): position for key, position in export.until.items()},
    )


def _counted(export: Export, rows: Iterator[Sequence[Cell]], path: Path) -> Iterator[Sequence[Cell]]:
    """Hand rows on, and say now and then how far it is; the file may grow no larger than is allowed."""
    for count, row in enumerate(rows, 1):
        yield row
        if count % PROGRESS_ROWS == 0:
            if path.exists() and path.stat().st_size > settings.PORTAL_EXPORT_MAX_MB * 1_000_000:
                raise TooLarge
            with _scope(export):
                _update(export, rows=count, lease_until=timezone.now() + LEASE)


def _store(export: Export, path: Path) -> int:
    """Keep the file in pieces; return its size in bytes."""
    size = 0
    with path.open("rb") as file:
        for number, content in enumerate(iter(lambda: file.read(PIECE), b"")):
            size += len(content)
            if size > settings.PORTAL_EXPORT_MAX_MB * 1_000_000:
                raise TooLarge
            with _scope(export):
                _update(export, lease_until=timezone.now() + LEASE)
                ExportPiece.objects.bulk_create(
                    [
                        ExportPiece(
                            export_id=export.id, piece=number, networks=export.networks,
                            organizations=export.organizations, content=content,
                        )
                    ]
                )  # fmt: skip
    return size


def pieces_of(export: Export) -> Iterator[bytes]:
    """Yield the file of an export piece by piece; opens a scope for each, and none in between."""
    number = 0
    while True:
        with _scope(export):
            piece = ExportPiece.objects.filter(export_id=export.id, piece=number).first()
        if piece is None:
            return
        yield bytes(piece.content)
        number += 1
