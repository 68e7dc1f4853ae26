"""★ The columns of the operation on tasks. Source: openapi.yaml, TaskCreate; `emailToCreator` is deprecated."""

from __future__ import annotations

from integrations.mobility_work.operations.columns import EQUIPMENT_TYPES, LIST_HELP, PERSON_TYPES, TAG_TYPES
from integrations.spec import Field, Kind


def _(msgid: str) -> str:
    """Mark a text for translation; the page translates it."""
    return msgid


SCHEDULE_TASK = (
    Field(
        name="equipment", label=_("Equipment"), kind=Kind.IDENTIFIER, path=("equipment",), example="FOU-IND-03",
        help=_("The item code, or Mobility Work's own id: a number is taken for an id."), required=True,
        identifiers=EQUIPMENT_TYPES, subject="equipment",
        synonyms=("equipment id", "equipment code", "item code", "machine", "asset", "équipement", "code équipement"),
    ),
    Field(
        name="description", label=_("Description"), help=_("What is to be done: 3 to 3,000 characters."),
        kind=Kind.TEXT, path=("description",), example="Vidange du compresseur n°1", required=True,
        min_length=3, max_length=3000, synonyms=("task", "work", "tâche", "travail", "intitulé", "libellé"),
    ),
    Field(
        name="startDateTime", label=_("Start"), kind=Kind.DATETIME, path=("startDateTime",), required=True,
        help=_("2026-03-12 08:00 or 12/03/2026 08:00 (day first), in the network's time zone."),
        example="2026-03-12 08:00", synonyms=("start date", "from", "début", "date de début", "date"),
    ),
    Field(
        name="endDateTime", label=_("End"), kind=Kind.DATETIME, path=("endDateTime",), required=True,
        help=_("Written like the start. A date alone means the end of that day."), example="2026-03-12 10:00",
        end_of_day=True, synonyms=("end date", "to", "due", "fin", "date de fin", "échéance"),
    ),
    Field(
        # The vendor requires it although it gives a default (vendor reference, trap 10).
        name="allDay", label=_("All day"), help=_("Whether times of day don't matter: yes unless you say no."),
        kind=Kind.BOOLEAN, path=("allDay",), example="no", required=True, default=True, send_default=True,
        synonyms=("whole day", "journée entière", "toute la journée"),
    ),
    Field(
        name="assignees", label=_("Assigned to"), help=_("Ids or e-mail addresses, parted by commas or semicolons."),
        kind=Kind.IDENTIFIERS, path=("assignees",), example="camille.roussel@valdarve.example", required=True,
        identifiers=PERSON_TYPES, offers="person",
        synonyms=("assignee", "technician", "technicians", "people", "assigné à", "technicien", "techniciens",
                  "intervenants"),
    ),
    Field(
        name="tags", label=_("Tags"), help=LIST_HELP, kind=Kind.IDENTIFIERS, path=("tags",), example="$preventive",
        default=[], identifiers=TAG_TYPES, offers="tag",
        synonyms=("tag", "tag codes", "étiquettes", "étiquette", "codes de tags"),
    ),
    Field(
        name="checklist", label=_("Checklist"), help=_("The checklist's UUID."), kind=Kind.UUID, path=("checklist",),
        example="0c8f5d1e-6b7a-4f0e-8a55-91b3f0d7c2aa", nullable=True,
        synonyms=("checklist id", "liste de contrôle", "gamme"),
    ),
    Field(
        name="sendEmailToAssignees", label=_("E-mail the assigned people"), kind=Kind.BOOLEAN,
        help=_("Whether Mobility Work writes to them: no unless you say yes."), path=("sendEmailToAssignees",),
        example="yes", default=False, synonyms=("send email", "notify", "notifier", "prévenir par e-mail"),
    ),
    Field(
        name="inheritEquipmentTags", label=_("Take over the equipment's tags"), kind=Kind.BOOLEAN,
        help=_("No unless you say yes."), path=("inheritEquipmentTags",), example="yes", default=False,
        synonyms=("inherit tags", "hériter des tags", "reprendre les étiquettes de l'équipement"),
    ),
    Field(
        name="metadata", label=_("Metadata (JSON)"), kind=Kind.OBJECT, path=("metadata",), default={},
        help=_("Free data that comes back in the task's events. No personal data."),
        example='{"workOrder": "OT-2026-00318"}', reserved=frozenset({"portal"}),
        synonyms=("metadata json", "métadonnées"),
    ),
)  # fmt: skip
