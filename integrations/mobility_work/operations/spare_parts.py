"""★ The columns of the operations on spare parts. Source: openapi.yaml, from SparePartCreate to RelocateItem."""

from __future__ import annotations

from integrations.mobility_work.operations.columns import (
    ADVANCED,
    GTIN_IN_WORDS,
    GTIN_PATTERN,
    cost_center,
    custom_fields,
    money,
    part_id,
)
from integrations.spec import Field, Kind


def _(msgid: str) -> str:
    """Mark a text for translation; the page translates it."""
    return msgid


NAME_SYNONYMS = ("part name", "designation", "désignation", "nom de la pièce", "libellé")
REFERENCE_SYNONYMS = ("new reference", "nouvelle référence", "new external reference", "nouvelle référence externe")
QUANTITY_SYNONYMS = ("qty", "stock level", "new stock", "qté", "quantité en stock", "nouveau stock", "niveau de stock")


def _name(*, required: bool) -> Field:
    return Field(
        name="name", label=_("Name"), help=_("What people read: 3 to 255 characters."), kind=Kind.TEXT, path=("name",),
        example="Roulement à billes 6205-2RS", required=required, min_length=3, max_length=255, synonyms=NAME_SYNONYMS,
    )  # fmt: skip


def _description(*, nullable: bool) -> Field:
    return Field(
        name="description", label=_("Description"), help=_("3 to 3,000 characters."), kind=Kind.TEXT,
        path=("description",), example="Étanche des deux côtés, 25x52x15 mm", nullable=nullable,
        min_length=3, max_length=3000, synonyms=("text", "descriptif", "commentaire"),
    )  # fmt: skip


def _price(*, nullable: bool) -> tuple[Field, Field]:
    return money(
        "unitPrice", label=_("Unit price"), text=_("Typed as 35,00 or 35.00, without a sign for the currency."),
        synonyms=("price", "prix", "unit cost", "coût unitaire", "prix HT"), nullable=nullable,
    )  # fmt: skip


def _levels(kind: Kind, *, nullable: bool) -> tuple[Field, Field]:
    return (
        Field(
            name="minimumStock", label=_("Minimum stock"), help=_("Below it, Mobility Work raises an alert."),
            kind=kind, path=("minimumStock",), example="6", nullable=nullable, minimum=0,
            synonyms=("min stock", "minimum", "min", "stock mini", "seuil", "seuil d'alerte"),
        ),
        Field(
            name="maximumStock", label=_("Maximum stock"), help=_("Up to which stock is filled."),
            kind=kind, path=("maximumStock",), example="30", nullable=nullable, minimum=0,
            synonyms=("max stock", "maximum", "max", "stock maxi"),
        ),
    )  # fmt: skip


def _gtin(*, nullable: bool) -> Field:
    return Field(
        name="gtin", label=_("GTIN"), help=_("Global Trade Item Number (EAN, UPC): 8 to 18 digits."), kind=Kind.TEXT,
        path=("gtin",), example="3700123004516", nullable=nullable, pattern=GTIN_PATTERN, pattern_message=GTIN_IN_WORDS,
        synonyms=("ean", "ean13", "upc", "barcode", "code-barres"),
    )  # fmt: skip


CREATE_PARTS = (
    Field(
        name="externalReference", label=_("External reference"), kind=Kind.TEXT, path=("externalReference",),
        help=_("The reference under which the part is found. A reference that exists already may make a double."),
        example="ROUL-6205-2RS", required=True, subject="part",
        synonyms=("reference", "part number", "part reference", "sku", "item code", "référence", "réf",
                  "référence pièce", "code article"),
    ),
    _name(required=True),
    _description(nullable=False),
    *_price(nullable=False),
    Field(
        name="stock.quantity", label=_("First stock"), help=_("How many there are: a whole number, 0 or more."),
        kind=Kind.INTEGER, path=("stock", "quantity"), example="14", minimum=0,
        synonyms=("quantity", "stock", "quantité", "stock initial", "initial stock", *QUANTITY_SYNONYMS),
    ),
    Field(
        name="stock.locationName", label=_("Storage location"), help=_("Where it lies. The location must exist."),
        kind=Kind.TEXT, path=("stock", "locationName"), subject="location", example="Magasin central A-03-2",
        synonyms=("location", "location name", "emplacement", "lieu de stockage", "magasin"),
    ),
    *_levels(Kind.INTEGER, nullable=False),
    _gtin(nullable=False),
    cost_center(nullable=False),
    ADVANCED,
)  # fmt: skip

REPLACE_STOCK = (
    part_id(),
    Field(
        name="quantity", label=_("New stock"), kind=Kind.INTEGER, path=("quantity",), example="12", required=True,
        help=_("The stock that there will be, whatever there is now: a whole number, 0 or more."), minimum=0,
        synonyms=("stock", "quantité", *QUANTITY_SYNONYMS),
    ),
)  # fmt: skip

UPDATE_PARTS = (
    part_id(renaming=True),
    *_price(nullable=True),
    _name(required=False),
    _description(nullable=True),
    Field(
        name="externalReference", label=_("New external reference"), kind=Kind.TEXT, path=("externalReference",),
        help=_("Renames the part. Such a row can't be repeated: the old reference is gone."), example="ROUL-6205-C3",
        synonyms=REFERENCE_SYNONYMS, subject="part",
    ),
    *_levels(Kind.DECIMAL, nullable=True),
    Field(
        name="replenishmentLot", label=_("Replenishment lot"), help=_("The smallest quantity to reorder."),
        kind=Kind.DECIMAL, path=("replenishmentLot",), example="10", nullable=True, minimum=0,
        synonyms=("lot size", "reorder quantity", "lot de réapprovisionnement", "lot de commande"),
    ),
    _gtin(nullable=True),
    custom_fields(nullable=True),
    Field(
        name="tags", label=_("Tag changes"), kind=Kind.OBJECTS, path=("tags",), nullable=True,
        help=_("A JSON list of objects. The vendor does not document their form; action and code are our guess."),
        example='[{"action": "add", "code": "$critical"}]',
        text_members=("action", "code"), synonyms=("étiquettes", "changements de tags"),
    ),
    cost_center(nullable=True),
    ADVANCED,
)  # fmt: skip

RELOCATE_PARTS = (
    part_id("sparePartId"),
    Field(
        name="source.locationName", label=_("From location"), kind=Kind.TEXT, path=("source", "locationName"),
        subject="location",
        help=_("Everything that lies here moves. Without it, Mobility Work decides what moves."),
        example="Magasin central A-03-2",
        synonyms=("source", "from", "source location", "de", "depuis", "emplacement source", "origine"),
    ),
    Field(
        name="target.locationName", label=_("To location"), kind=Kind.TEXT, path=("target", "locationName"),
        subject="location",
        help=_("Where it will lie. The location must exist."), example="Magasin fluides", required=True,
        synonyms=("target", "to", "target location", "destination", "vers", "emplacement cible",
                  "emplacement de destination"),
    ),
    ADVANCED,
)  # fmt: skip
