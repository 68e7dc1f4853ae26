"""★ The columns of the operation on storage locations. Source: openapi.yaml, LocationCreate."""

from __future__ import annotations

from integrations.mobility_work.operations.columns import ADVANCED
from integrations.spec import Field, Kind


def _(msgid: str) -> str:
    """Mark a text for translation; the page translates it."""
    return msgid


CREATE_LOCATIONS = (
    Field(
        name="name", label=_("Name"), help=_("1 to 255 characters, beginning with a letter or a digit."),
        kind=Kind.TEXT, path=("name",),
        subject="location", example="Magasin central A-03-2", required=True, min_length=1, max_length=255,
        pattern=r"^(?!$)\w", pattern_message=_("The name must begin with a letter, a digit or an underscore."),
        synonyms=("location", "location name", "emplacement", "nom de l'emplacement", "lieu de stockage", "magasin"),
    ),
    ADVANCED,
)  # fmt: skip
