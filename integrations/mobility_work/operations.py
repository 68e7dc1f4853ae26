"""★ The table of the write operations. One more operation = one more entry here.

Sources: vendor reference section 4; openapi.yaml, `paths` with their x- marks. A test compares the two.
"""

from __future__ import annotations

from integrations.mobility_work.events import EVENT_TYPES
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
    ),
    Operation(
        name="replaceSparePartStock", label=_("Replace the stock of spare parts"), method="PUT",
        path="/partners/v1/spare-parts/stock", plans=PAID_PLANS, bulk_limit=BULK_LIMIT, retry_safe=True,
        confirmed_by=("SparePartWasManuallyRecounted", *STOCK_ALERTS),
    ),
    Operation(
        name="updateSpareParts", label=_("Update spare parts"), method="POST",
        path="/partners/v1/spare-parts/attributes", plans=EVERY_PLAN, bulk_limit=BULK_LIMIT, retry_safe=True,
    ),
    Operation(
        name="relocateSpareParts", label=_("Relocate spare parts"), method="POST",
        path="/partners/v1/spare-parts/relocate/bulk", plans=PAID_PLANS, bulk_limit=BULK_LIMIT, retry_safe=False,
    ),
    Operation(
        name="createEquipments", label=_("Create equipment"), method="POST", path="/partners/v1/equipments",
        plans=EVERY_PLAN, bulk_limit=BULK_LIMIT, retry_safe=False,
    ),
    Operation(
        name="updateEquipments", label=_("Update equipment"), method="POST", path="/partners/v1/equipment/attributes",
        plans=PAID_PLANS, bulk_limit=BULK_LIMIT, retry_safe=True,
    ),
    Operation(
        name="createLocations", label=_("Create storage locations"), method="POST",
        path="/partners/v1/locations/create/bulk", plans=PAID_PLANS, bulk_limit=BULK_LIMIT, retry_safe=False,
    ),
    Operation(
        name="scheduleTask", label=_("Schedule a task"), method="POST", path="/partners/v1/tasks",
        plans=EVERY_PLAN, bulk_limit=1, retry_safe=False,
        confirmed_by=("TaskWasScheduled", "TaskWasStarted", "TaskWasCompleted", "TaskWasCanceled"),
    ),
)  # fmt: skip

OPERATIONS = registry(TABLE)
for _operation in TABLE:
    refuse_unknown(_operation.confirmed_by, EVENT_TYPES)


def allowed(plan: Plan) -> tuple[Operation, ...]:
    """Return the operations that a plan includes, in the table's order."""
    return tuple(operation for operation in TABLE if plan in operation.plans)
