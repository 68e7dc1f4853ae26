"""★ The table of the write operations. One more operation = one more entry here, and its columns beside it.

Sources: vendor reference section 4; openapi.yaml, `paths` with their x- marks. A test compares the two.
"""

from __future__ import annotations

from integrations.mobility_work.events import EVENT_TYPES
from integrations.mobility_work.operations.equipments import CREATE_EQUIPMENTS, UPDATE_EQUIPMENTS
from integrations.mobility_work.operations.locations import CREATE_LOCATIONS
from integrations.mobility_work.operations.spare_parts import CREATE_PARTS, RELOCATE_PARTS, REPLACE_STOCK, UPDATE_PARTS
from integrations.mobility_work.operations.tasks import SCHEDULE_TASK
from integrations.spec import Operation, Plan, refuse_unknown, registry


def _(msgid: str) -> str:
    """Mark a text for translation; the page translates it."""
    return msgid


EVERY_PLAN = frozenset(Plan)
PAID_PLANS = frozenset({Plan.PREMIUM, Plan.ULTIMATE})
# Every webhook needs one of these; on Starter nothing can be heard, and nothing confirms a write.
WEBHOOK_PLANS = PAID_PLANS
BULK_LIMIT = 10_000
STOCK_ALERTS = ("SparePartWasOutOfStock", "SparePartStockWasUnderMinThreshold")

TABLE: tuple[Operation, ...] = (
    Operation(
        name="createSpareParts", label=_("Create spare parts"), method="POST", path="/partners/v1/spare-parts",
        plans=EVERY_PLAN, bulk_limit=BULK_LIMIT, retry_safe=False,
        fields=CREATE_PARTS, family="part-attributes", noun=_("spare part"), icon="plus",
        explanation=_("Adds parts to the network. A reference that exists already may make a double."),
        identity=("externalReference",), min_properties=4, short_of=("unitPrice", "stock.quantity"),
    ),
    Operation(
        name="replaceSparePartStock", label=_("Replace the stock of spare parts"), method="PUT",
        path="/partners/v1/spare-parts/stock", plans=PAID_PLANS, bulk_limit=BULK_LIMIT, retry_safe=True,
        confirmed_by=("SparePartWasManuallyRecounted", *STOCK_ALERTS),
        fields=REPLACE_STOCK, family="part-stock", updates=True, noun=_("spare part"), icon="package",
        explanation=_("Sets the stock to the quantity given, whatever it is now, of every part with the reference."),
        identity=("id",), sets_level="quantity",
    ),
    Operation(
        name="updateSpareParts", label=_("Update spare parts"), method="POST",
        path="/partners/v1/spare-parts/attributes", plans=EVERY_PLAN, bulk_limit=BULK_LIMIT, retry_safe=True,
        fields=UPDATE_PARTS, family="part-attributes", updates=True, noun=_("spare part"), icon="pencil",
        explanation=_("Changes what the row says and leaves the rest. Stock is not changed here."),
        identity=("id",), renames=("externalReference",),
    ),
    Operation(
        name="relocateSpareParts", label=_("Relocate spare parts"), method="POST",
        path="/partners/v1/spare-parts/relocate/bulk", plans=PAID_PLANS, bulk_limit=BULK_LIMIT, retry_safe=False,
        fields=RELOCATE_PARTS, family="part-stock", noun=_("spare part"), icon="map-pin",
        explanation=_("Moves the whole stock of a part to another location: no quantity can be given."),
        identity=("sparePartId", "source.locationName"), moves_everything=True,
    ),
    Operation(
        name="createEquipments", label=_("Create equipment"), method="POST", path="/partners/v1/equipments",
        plans=EVERY_PLAN, bulk_limit=BULK_LIMIT, retry_safe=False,
        fields=CREATE_EQUIPMENTS, family="equipment", noun=_("equipment"), icon="building-factory-2",
        explanation=_("Adds equipment to the network. A code that exists already may make a double."),
        identity=("itemCode",),
    ),
    Operation(
        name="updateEquipments", label=_("Update equipment"), method="POST", path="/partners/v1/equipment/attributes",
        plans=PAID_PLANS, bulk_limit=BULK_LIMIT, retry_safe=True,
        fields=UPDATE_EQUIPMENTS, family="equipment", updates=True, noun=_("equipment"), icon="pencil",
        explanation=_("Changes what the row says and leaves the rest."),
        identity=("id",), renames=("itemCode",),
    ),
    Operation(
        name="createLocations", label=_("Create storage locations"), method="POST",
        path="/partners/v1/locations/create/bulk", plans=PAID_PLANS, bulk_limit=BULK_LIMIT, retry_safe=False,
        fields=CREATE_LOCATIONS, family="location", noun=_("storage location"), icon="map-pin",
        explanation=_("Adds places where parts can lie. Whether a name that exists makes a double is not known."),
        identity=("name",),
    ),
    Operation(
        name="scheduleTask", label=_("Schedule a task"), method="POST", path="/partners/v1/tasks",
        plans=EVERY_PLAN, bulk_limit=1, retry_safe=False,
        confirmed_by=("TaskWasScheduled", "TaskWasStarted", "TaskWasCompleted", "TaskWasCanceled"),
        fields=SCHEDULE_TASK, family="task", noun=_("task"), icon="calendar-plus",
        explanation=_("Plans work on an equipment. Each row makes one task, and sending it twice makes two."),
        ordered=(("startDateTime", "endDateTime"),), whole_day="allDay",
        echo="metadata",
    ),
)  # fmt: skip

OPERATIONS = registry(TABLE)
for _operation in TABLE:
    refuse_unknown(_operation.confirmed_by, EVENT_TYPES)


def allowed(plan: Plan) -> tuple[Operation, ...]:
    """Return the operations that a plan includes, in the table's order."""
    return tuple(operation for operation in TABLE if plan in operation.plans)
