"""What the columns of several operations share: identifier types, money, GTIN, and what is not wholly known."""

from __future__ import annotations

from integrations.spec import Field, IdentifierType, Kind


def _(msgid: str) -> str:
    """Mark a text for translation; the page translates it."""
    return msgid


NUMBER = r"(?:0|[1-9][0-9]{0,17})"
UUID_SHAPE = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
EMAIL_SHAPE = (
    r"[A-Za-z0-9_%+~-]+(?:\.[A-Za-z0-9_%+~-]+)*@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9]{0,61}[A-Za-z]"
)
# A code of digits only may be taken for a native id: kept out of the plain form (vendor reference, section 5).
NOT_DIGITS = r"(?![0-9]+\Z)[\s\S]+"
SAY_WHICH = _("Digits alone could be an id or a code: say for the whole column which of them it holds.")

PART_REFERENCE = IdentifierType(
    name="externalReference", label=_("External reference"), shape=r"[\s\S]+",
)  # fmt: skip
PART_INFERRED = IdentifierType(
    name="inferred", label=_("As it stands, Mobility Work decides"), shape=r"[\s\S]+", typed=False,
)  # fmt: skip
NATIVE = IdentifierType(
    name="native", label=_("Mobility Work id"), shape=f"{NUMBER}|{UUID_SHAPE}", as_integer=True,
    remedy=_("A Mobility Work id is a whole number or a UUID."),
)  # fmt: skip
NATIVE_NUMBER = IdentifierType(
    name="native", label=_("Mobility Work id"), shape=NUMBER, as_integer=True,
    remedy=_("This Mobility Work id must be a whole number."),
)  # fmt: skip
ITEM_CODE = IdentifierType(name="external", label=_("Item code"), shape=r"[\s\S]+")
EMAIL = IdentifierType(
    name="email", label=_("E-mail address"), shape=EMAIL_SHAPE, remedy=_("This is no e-mail address.")
)
TAG_CODE = IdentifierType(name="code", label=_("Tag code"), shape=r"[\s\S]+")
# The vendor's own inference, done here where the typed form is shown: a number is an id. Its words for an item code
# and for a tag are not certain, so these are sent plain unless a person chooses.
EQUIPMENT_INFERRED = IdentifierType(
    name="inferred", label=_("Told by its form"), shape=NOT_DIGITS, typed=False, remedy=SAY_WHICH, tries=(NATIVE,),
)  # fmt: skip
PERSON_INFERRED = IdentifierType(
    name="inferred", label=_("Told by its form"), shape=UUID_SHAPE, typed=False, tries=(NATIVE_NUMBER, EMAIL),
    remedy=_("A person is named by the Mobility Work id or the e-mail address."),
)  # fmt: skip
TAG_INFERRED = IdentifierType(
    name="inferred", label=_("Told by its form"), shape=NOT_DIGITS, typed=False, remedy=SAY_WHICH,
    tries=(IdentifierType(name="number", label="", shape=NUMBER, typed=False, as_integer=True),),
)  # fmt: skip
PART_TYPES = (PART_REFERENCE, PART_INFERRED)
EQUIPMENT_TYPES = (EQUIPMENT_INFERRED, NATIVE, ITEM_CODE)
PERSON_TYPES = (PERSON_INFERRED, NATIVE_NUMBER, EMAIL)
TAG_TYPES = (TAG_INFERRED, NATIVE, TAG_CODE)

GTIN_PATTERN = "^[0-9]{8,18}$"
GTIN_IN_WORDS = _("A GTIN has 8 to 18 digits and nothing else. In a spreadsheet, make the column text.")
LIST_HELP = _("Several values are parted by a comma, a semicolon, a bar or a line break.")


def part_id(name: str = "id", *, renaming: bool = False) -> Field:
    """Return the column that says which part a row is about, under fewer names where another column renames it."""
    return Field(
        name=name, label=_("Spare part"), kind=Kind.IDENTIFIER, path=(name,), required=True,
        help=_("The part's external reference. Several parts that share it are all changed."),
        example="ROUL-6205-2RS", identifiers=PART_TYPES, subject="part",
        synonyms=(
            "part", "reference", "part reference", "part number", "item code", "sku", "pièce", "pièce de rechange",
            "référence", "réf", "référence pièce", "code article", "article",
            *(() if renaming else ("external reference", "référence externe")),
        ),
    )  # fmt: skip


def money(name: str, *, label: str, text: str, synonyms: tuple[str, ...], nullable: bool) -> tuple[Field, Field]:
    """Return the two columns of an amount of money."""
    return (
        Field(
            name=name, label=label, help=text, kind=Kind.MONEY, path=(name, "amount"), example="35,00",
            synonyms=synonyms, nullable=nullable,
        ),
        Field(
            name=f"{name}.currency", label=_("Currency"), kind=Kind.CURRENCY, path=(name, "currency"), example="EUR",
            help=_("Three letters (ISO 4217). Without it, the network's currency is meant."),
            synonyms=("devise", "monnaie", "price currency", "devise du prix"),
        ),
    )  # fmt: skip


def cost_center(*, nullable: bool, min_length: int | None = None, max_length: int | None = None) -> Field:
    """Return the column of the cost centre."""
    return Field(
        name="costCenter", label=_("Cost centre"), help=_("The cost centre that it is booked on."), kind=Kind.TEXT,
        path=("costCenter",), example="CC-MAINT", nullable=nullable, min_length=min_length, max_length=max_length,
        synonyms=("cost center", "centre de coût", "centre de coûts", "section analytique"),
    )  # fmt: skip


def custom_fields(*, nullable: bool) -> Field:
    """Return the column of custom fields, whose shape the vendor does not document."""
    return Field(
        name="customFields", label=_("Custom fields"), kind=Kind.OBJECTS, path=("customFields",), nullable=nullable,
        help=_("A JSON list of objects. The vendor does not document their form; name and value are usual."),
        example='[{"name": "Fabricant", "value": "Gates"}]',
        text_members=("name",), synonyms=("custom field", "champs personnalisés", "champ personnalisé"),
    )  # fmt: skip


ADVANCED = Field(
    name="advanced", label=_("Further properties (JSON)"), kind=Kind.ADVANCED, path=(),
    help=_("A JSON object whose members are sent as well, for what has no column here. Checked only as JSON."),
    example='{"manufacturer": "SKF"}',
    synonyms=("advanced json", "json", "extra", "avancé", "json avancé", "propriétés supplémentaires"),
)  # fmt: skip
