"""★ The table of lists that can be exported. One more list = one entry here, and an "Export" on its page."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.explore.signals import SIGNALS
from portal.exports.log_rows import job_rows, notice_rows, row_rows, timeline_rows, trail_rows
from portal.exports.network_rows import coverage_rows, network_rows, overview_rows, quarantine_rows
from portal.exports.people_rows import people_rows
from portal.exports.slices import Listing
from portal.exports.stock_rows import gap_rows, ledger_rows, low_rows, stock_rows
from portal.exports.task_rows import task_rows

TABLE: tuple[Listing, ...] = (
    Listing(
        name="timeline", label=_("Timeline"), url_name="timeline", rows=timeline_rows,
        columns=(
            ("network", _("Network")), ("occurred_at", _("Occurred")), ("received_at", _("Received")),
            ("type", _("Type")), ("sentence", _("What happened")), ("marks", _("Marks")),
            ("previous_stock", _("Stock before")), ("resulting_stock", _("Stock after")),
            ("deliveries", _("Deliveries")), ("position", _("Position")), ("identity", _("Identity")),
        ),
    ),
    Listing(
        name="stock", label=_("Stock"), url_name="stock", rows=stock_rows,
        columns=(
            ("network", _("Network")), ("reference", _("Reference")), ("name", _("Part")), ("key", _("Key")),
            ("level", _("Level")), ("level_here", _("Level at the location")), ("as_of", _("As of")),
            ("confidence", _("How sure")), ("doubtful_since", _("Doubtful since")), ("minimum", _("Minimum")),
            ("out_since", _("Out of stock since")), ("below_since", _("Below minimum since")),
            ("moved_at", _("Last movement")), ("consumed_at", _("Last consumption")), ("position", _("Position")),
        ),
    ),
    Listing(
        name="ledger", label=_("Ledger of a part"), url_name="stock_part", in_path=("network",), rows=ledger_rows,
        columns=(
            ("network", _("Network")), ("reference", _("Reference")), ("name", _("Part")), ("location", _("Location")),
            ("occurred_at", _("Occurred")), ("kind", _("What happened")), ("quantity", _("Quantity")),
            ("before", _("Stock before")), ("after", _("Stock after")), ("balance", _("Balance")),
            ("balance_here", _("Balance at the location")), ("unexplained", _("Not explained before it")),
            ("unexplained_since", _("Not explained since")), ("gap", _("Gap")), ("task", _("Task")),
            ("person", _("Person")), ("position", _("Position")), ("job", _("Job")), ("row", _("Row")),
        ),
    ),
    Listing(
        name="stock_low", label=_("To order"), url_name="stock_low", rows=low_rows,
        columns=(
            ("network", _("Network")), ("reference", _("Reference")), ("name", _("Part")), ("level", _("Level")),
            ("minimum", _("Minimum")), ("maximum", _("Maximum")), ("order", _("To order")), ("since", _("Since")),
            ("days", _("Days")), ("consumed_at", _("Last consumption")),
        ),
    ),
    Listing(
        name="stock_gaps", label=_("Gaps"), url_name="stock_gaps", rows=gap_rows,
        columns=(
            ("network", _("Network")), ("reference", _("Reference")), ("name", _("Part")), ("location", _("Location")),
            ("amount", _("Not explained")), ("before", _("Stock before")), ("after", _("Stock after")),
            ("since", _("After")), ("until", _("Before")), ("state", _("State")), ("position", _("Position")),
            ("closed_by", _("Filled by event")),
        ),
    ),
    Listing(
        name="tasks", label=_("Tasks"), url_name="tasks", rows=task_rows,
        columns=(
            ("network", _("Network")), ("reference", _("Task")), ("description", _("Description")),
            ("state", _("State")), ("state_at", _("In this state since")), ("about", _("About")), ("tags", _("Tags")),
            ("people", _("People")), ("scheduled_at", _("Scheduled")), ("started_at", _("Started")),
            ("completed_at", _("Completed")), ("cancelled_at", _("Cancelled")), ("activities", _("Activities")),
            ("planned_start", _("Planned start")), ("planned_end", _("Planned end")),
            ("overdue_since", _("Overdue since")), ("stale_since", _("Stale since")),
        ),
    ),
    Listing(
        name="jobs", label=_("Jobs"), url_name="jobs", rows=job_rows,
        columns=(
            ("network", _("Network")), ("job", _("Job")), ("operation", _("Operation")), ("state", _("State")),
            ("file", _("File")), ("rows", _("Rows")), ("who", _("Who")), ("begun_at", _("Begun")),
            ("submitted_at", _("Sent")), ("ended_at", _("Ended")),
        ),
    ),
    Listing(
        name="job_rows", label=_("Rows of a job"), url_name="job", in_path=("network", "job"), rows=row_rows,
        columns=(
            ("network", _("Network")), ("job", _("Job")), ("row", _("Row")), ("about", _("About")),
            ("state", _("State")), ("reason", _("Reason")), ("said", _("What was said")), ("verdict", _("Evidence")),
            ("position", _("Position")), ("occurred_at", _("Occurred")), ("sent", _("What is sent")),
        ),
    ),
    Listing(
        name="overview", label=_("Overview"), url_name="home", rows=overview_rows,
        columns=(
            ("network", _("Network")), *((signal.key, signal.label) for signal in SIGNALS),
            ("events_today", _("Events today")), ("last_received_at", _("Last delivery")),
        ),
    ),
    Listing(
        name="networks", label=_("Networks"), url_name="networks", rows=network_rows,
        columns=(
            ("network", _("Network")), ("organization", _("Organization")), ("kind", _("Kind")), ("plan", _("Plan")),
            ("time_zone", _("Time zone")), ("currency", _("Currency")),
        ),
    ),
    Listing(
        name="coverage", label=_("Coverage"), url_name="coverage", rows=coverage_rows,
        columns=(
            ("network", _("Network")), ("label", _("Event type")), ("type", _("Type")), ("seen", _("How seen")),
            ("last_seen", _("Last seen")), ("alarm_hours", _("Alarm after hours")),
            ("silent_since", _("Silent since")), ("events", _("Events")), ("deliveries", _("Deliveries")),
            ("signed", _("Signed")), ("repeats", _("Repeats")),
            ("released", _("Refused at first")), ("days", _("Days")),
        ),
    ),
    Listing(
        name="quarantine", label=_("Quarantine"), url_name="quarantine", in_path=("network",), rows=quarantine_rows,
        columns=(
            ("network", _("Network")), ("received_at", _("Received")), ("state", _("State")), ("reason", _("Reason")),
            ("size", _("Size")), ("delivery", _("Delivery")), ("body", _("Body")),
        ),
    ),
    Listing(
        name="notices", label=_("Notices"), url_name="notices", rows=notice_rows,
        columns=(
            ("network", _("Network")), ("at", _("Time")), ("kind", _("Kind")), ("notice", _("Notice")),
            ("seen_at", _("Seen")), ("mailed_at", _("Mailed")),
        ),
    ),
    Listing(
        name="people", label=_("People"), url_name="organization_people", in_path=("organization",), rows=people_rows,
        columns=(
            ("organization", _("Organization")), ("person", _("Person")), ("email", _("E-mail address")),
            ("roles", _("Roles")), ("last_sign_in", _("Last sign-in")),
        ),
    ),
    Listing(
        name="trail", label=_("Audit trail"), url_name="trail", rows=trail_rows,
        columns=(
            ("at", _("Time")), ("act", _("Act")), ("who", _("Who")), ("about", _("About")), ("network", _("Network")),
            ("address", _("Network address")),
        ),
    ),
)  # fmt: skip
LISTINGS = {listing.name: listing for listing in TABLE}
