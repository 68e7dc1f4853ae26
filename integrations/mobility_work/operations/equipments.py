"""★ The columns of the operations on equipment. Source: openapi.yaml, EquipmentCreate and EquipmentUpdate."""

from __future__ import annotations

from integrations.mobility_work.operations.columns import (
    ADVANCED,
    EQUIPMENT_TYPES,
    GTIN_IN_WORDS,
    GTIN_PATTERN,
    LIST_HELP,
    cost_center,
    custom_fields,
)
from integrations.spec import Field, Kind


def _(msgid: str) -> str:
    """Mark a text for translation; the page translates it."""
    return msgid


NAME_SYNONYMS = ("equipment name", "designation", "machine", "désignation", "nom de l'équipement", "libellé")
DESCRIPTION_SYNONYMS = ("text", "descriptif", "commentaire")
CODE_SYNONYMS = ("code", "equipment code", "code équipement", "asset number", "numéro d'actif", "repère")
GTIN_SYNONYMS = ("ean", "ean13", "upc", "barcode", "code-barres")
TAG_SYNONYMS = ("tag", "tag codes", "étiquettes", "étiquette", "codes de tags")


def _tags(*, nullable: bool, default: object) -> Field:
    return Field(
        name="tags", label=_("Tags"), help=LIST_HELP, kind=Kind.TEXTS, path=("tags",), example="$critical, hydraulique",
        nullable=nullable, default=default, offers="tag", synonyms=TAG_SYNONYMS,
    )  # fmt: skip


CREATE_EQUIPMENTS = (
    Field(
        name="name", label=_("Name"), help=_("What people read: 1 to 255 characters."), kind=Kind.TEXT, path=("name",),
        example="Four de fusion n°3", required=True, min_length=1, max_length=255, synonyms=NAME_SYNONYMS,
    ),
    Field(
        name="description", label=_("Description"), help=_("A longer text."), kind=Kind.TEXT, path=("description",),
        example="Four 500 kg, atelier fusion", nullable=True, synonyms=DESCRIPTION_SYNONYMS,
    ),
    Field(
        name="globalTradeItemNumber", label=_("GTIN"), help=_("Global Trade Item Number (EAN, UPC)."), kind=Kind.TEXT,
        path=("globalTradeItemNumber",), example="3700987001126", nullable=True, synonyms=GTIN_SYNONYMS,
    ),
    cost_center(nullable=True),
    Field(
        name="itemCode", label=_("Item code"), help=_("Your own code, by which the equipment is found."),
        kind=Kind.TEXT, path=("itemCode",),
        subject="equipment", example="FOU-IND-03", nullable=True, synonyms=CODE_SYNONYMS,
    ),
    Field(
        # Always sent: left out, it means private, which surprises (vendor reference, trap 7).
        name="private", label=_("Private"), help=_("New equipment is private unless you say no."),
        kind=Kind.BOOLEAN, path=("private",), example="no", default=True, send_default=True,
        synonyms=("is private", "privé", "équipement privé"),
    ),
    _tags(nullable=False, default=[]),
    custom_fields(nullable=False),
    ADVANCED,
)  # fmt: skip

UPDATE_EQUIPMENTS = (
    Field(
        name="id", label=_("Equipment"), kind=Kind.IDENTIFIER, path=("id",), example="FOU-IND-03", required=True,
        help=_("The item code, or Mobility Work's own id: a number is taken for an id."), identifiers=EQUIPMENT_TYPES,
        subject="equipment",
        synonyms=("equipment id", "equipment code", "équipement", "machine", "asset", "identifiant", "code équipement"),
    ),
    Field(
        name="name", label=_("Name"), help=_("What people read: 3 to 255 characters."), kind=Kind.TEXT, path=("name",),
        example="Presse hydraulique n°2", min_length=3, max_length=255,
        synonyms=("equipment name", "designation", "désignation", "nom de l'équipement", "libellé"),
    ),
    Field(
        name="description", label=_("Description"), help=_("3 to 3,000 characters."), kind=Kind.TEXT,
        path=("description",), example="Presse d'ébavurage, îlot 2", nullable=True, min_length=3, max_length=3000,
        synonyms=DESCRIPTION_SYNONYMS,
    ),
    Field(
        name="gtin", label=_("GTIN"), help=_("Global Trade Item Number (EAN, UPC): 8 to 18 digits."), kind=Kind.TEXT,
        path=("gtin",), example="3700987001294", nullable=True, pattern=GTIN_PATTERN, pattern_message=GTIN_IN_WORDS,
        synonyms=GTIN_SYNONYMS,
    ),
    cost_center(nullable=True, min_length=3, max_length=255),
    Field(
        name="itemCode", label=_("New item code"), kind=Kind.TEXT, path=("itemCode",),
        subject="equipment", example="PRH-250-02",
        help=_("Renames the equipment. Such a row can't be repeated: the old code is gone."),
        nullable=True, min_length=1, max_length=255, synonyms=("item code", "new code", "nouveau code", "code article"),
    ),
    _tags(nullable=True, default=None),
    custom_fields(nullable=True),
    ADVANCED,
)  # fmt: skip
