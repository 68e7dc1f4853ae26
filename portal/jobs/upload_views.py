"""Preparing a job: choose an operation, give a file, say what its columns mean."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from integrations.mobility_work.operations import OPERATIONS, TABLE, allowed
from integrations.spec import Operation, Plan
from portal.jobs import background
from portal.jobs.addresses import job_or_404, operation_or_404
from portal.jobs.drafts import (
    LEFT_OUT,
    Undecided,
    beginning_of,
    choose_columns,
    doubled,
    draft_of_file,
    missing,
    read_anew,
    start_check,
)
from portal.jobs.files import on_disk
from portal.jobs.forms import FileForm
from portal.jobs.models import Job
from portal.jobs.notices import mark_seen
from portal.jobs.problems import shown
from portal.jobs.states import JobState, StateRefused
from portal.jobs.submit import NotInPlan
from portal.jobs.template_files import csv_template, xlsx_template
from portal.lib.scope import network_scope
from portal.lib.tabular import FileFormat, TabularError
from portal.lib.tabular.cell_names import column_letters
from portal.lib.tabular.file_format import DECIMALS, DELIMITERS, ENCODINGS, QUOTES
from portal.lib.uploads import too_large
from portal.networks.access import Level
from portal.networks.middleware import PortalRequest, unscoped
from portal.networks.models import Network

NOT_CHOSEN, LEAVE_OUT = "", "-"  # what a select of the columns page sends


# --- 1. what, and where


@require_GET
def choose(request: PortalRequest) -> HttpResponse:
    """Offer the operations of a network; those outside its plan are shown and explained."""
    access = request.access
    networks = [network for network in access.networks if access.level(network) >= Level.MANAGER]
    slug = request.GET.get("network", "")
    network = access.network(slug, at_least=Level.MANAGER) if slug else networks[0] if len(networks) == 1 else None
    included = allowed(Plan(network.plan)) if network else ()
    return render(
        request,
        "jobs/choose.html",
        {
            "networks": networks,
            "network": network,
            "operations": [(operation, operation in included) for operation in TABLE],
        },
    )


# --- 2. the file


@unscoped
@require_http_methods(["GET", "POST"])
def upload(request: PortalRequest, slug: str, operation: str) -> HttpResponse:
    """Take a file and make a draft of it."""
    network = request.access.network(slug, at_least=Level.MANAGER)
    chosen = operation_or_404(operation)
    if request.method == "POST":
        form = FileForm(request.POST, request.FILES, is_too_large=too_large(request))
        job = _draft(request, network, chosen, form) if form.is_valid() else None
        if job is not None:
            return redirect("job_columns", slug, job.id)
    else:
        form = FileForm()
    context = {
        "network": network,
        "operation": chosen,
        "form": form,
        "max_rows": settings.PORTAL_MAX_ROWS,
        "megabytes": settings.PORTAL_MAX_FILE_MB,
        "is_in_plan": chosen in allowed(Plan(network.plan)),
    }
    return render(request, "jobs/upload.html", context, status=422 if form.errors else 200)


@require_GET
def template_file(request: PortalRequest, slug: str, operation: str, kind: str) -> HttpResponseBase:
    """Hand out a file to fill in."""
    request.access.network(slug)
    chosen = operation_or_404(operation)
    make = {"csv": csv_template, "xlsx": xlsx_template}.get(kind)
    if make is None:
        raise Http404(_("There is no such template."))
    return FileResponse(make(chosen), as_attachment=True, filename=f"{chosen.name}.{kind}")


def _draft(request: PortalRequest, network: Network, operation: Operation, form: FileForm) -> Job | None:
    """Make a draft of the form's file, or say in the form why that cannot be."""
    file: TemporaryUploadedFile = form.cleaned_data["file"]
    try:
        return draft_of_file(
            network, operation.name, Path(file.temporary_file_path()), file_name=file.name or "",
            actor=request.access.user, now=timezone.now(),
        )  # fmt: skip
    except TabularError as error:
        form.add_error("file", str(error))
    except NotInPlan:
        form.add_error(None, _("The plan of this network does not include this operation."))
    return None


# --- 3. what its columns mean


@unscoped
@never_cache
@require_http_methods(["GET", "POST"])
def columns(request: PortalRequest, slug: str, job_id: UUID) -> HttpResponse:
    """Show how a file is read and what its headings mean; take what a person says of both."""
    network = request.access.network(slug, at_least=Level.MANAGER)
    with network_scope(network.id):
        job = job_or_404(network, job_id)
    if job.file_format is None or not job.file_bytes or job.state not in {JobState.DRAFT, JobState.CHECKED}:
        return redirect("job", slug, job_id)
    problem = ""
    if request.method == "GET":
        with network_scope(network.id):
            mark_seen(job, request.access.user, now=timezone.now())
    if request.method == "POST":
        try:
            if request.POST.get("act") == "read":
                read_anew(network, job_id, _choices_of_reading(request.POST, FileFormat.from_dict(job.file_format)))
                return redirect("job_columns", slug, job_id)
            if request.POST.get("of") != _heading_digest(job):
                raise _ReadAnew
            with network_scope(network.id):
                if job.state == JobState.CHECKED and _meant(request.POST, job) == (job.columns, job.identifier_types):
                    return redirect("job_check", slug, job_id)
                job = _choose(request.POST, network, job)
            if (
                request.POST.get("act") == "keep"
            ):  # without scripts: to see what identifies things in a column just chosen
                return redirect("job_columns", slug, job_id)
            # In a transaction of its own: what was chosen is kept also where something is left to say.
            with network_scope(network.id):
                start_check(network, job_id)
                background.nudge(background.check, network.id)
            return redirect("job_check", slug, job_id)
        except TabularError as error:
            problem = str(error)
        except Undecided:
            problem = _("Say what the columns marked below mean, or leave them out.")
        except _ReadAnew:
            problem = _("The file was read in another way meanwhile. Look at the columns once more.")
        except StateRefused:
            return redirect("job", slug, job_id)
    return _columns_page(request, network, job, problem=problem)


def _choices_of_reading(data: Mapping[str, str], now: FileFormat) -> dict[str, str]:
    """Return what differs from how the file is read now: the rest is found again in the light of it."""
    offered = {name: data[name] for name in ("encoding", "delimiter", "quote", "decimal", "sheet") if name in data}
    return {name: value for name, value in offered.items() if value != getattr(now, name)}


class _ReadAnew(Exception):
    """The page shows other headings than the file has now."""


def _heading_digest(job: Job) -> str:
    return hashlib.sha256(json.dumps([job.heading, job.file_format], sort_keys=True).encode()).hexdigest()[:16]


def _choose(data: Mapping[str, str], network: Network, job: Job) -> Job:
    """Keep what a person says of the headings. Needs the scope."""
    meant, types = _meant(data, job)
    return choose_columns(network, job.id, meant, identifier_types=types, now=timezone.now())


def _meant(data: Mapping[str, str], job: Job) -> tuple[list[str | None], dict[str, str]]:
    """Return what a person says of the headings; what makes no sense counts as not chosen."""
    operation = OPERATIONS[job.operation]
    fields = {field.name: field for field in operation.fields}
    meant: list[str | None] = []
    types: dict[str, str] = {}
    for position in range(len(job.heading)):
        value = data.get(f"column-{position}", NOT_CHOSEN)
        meant.append(LEFT_OUT if value == LEAVE_OUT else value if value in fields else None)
        kind = data.get(f"type-{position}-{value}", "")
        if value in fields and kind in {each.name for each in fields[value].identifiers}:
            types[value] = kind
    return meant, types


def _columns_page(request: PortalRequest, network: Network, job: Job, *, problem: str) -> HttpResponse:
    operation, file_format = OPERATIONS[job.operation], FileFormat.from_dict(job.file_format or {})
    samples: tuple[tuple[str, ...], ...] = ()
    try:
        with on_disk(network.id, job.id) as path:
            samples = beginning_of(path, file_format).rows
    except TabularError as error:
        problem = problem or str(error)
    twice = doubled(job.columns)
    remarks = [shown(each) for each in job.remarks] if job.state == JobState.DRAFT else []
    context = {
        "network": network,
        "job": job,
        "operation": operation,
        "readings": _readings(file_format),
        "columns": [
            {
                "position": position,
                "heading": heading,
                "letters": column_letters(position),
                "meant": meant,
                "is_open": meant is None,
                "is_twice": meant in twice,
                "samples": [row[position] for row in samples if position < len(row)],
                "types": _types_offered(operation, job, meant),
            }
            for position, (heading, meant) in enumerate(zip(job.heading, job.columns, strict=True))
        ],
        "fields": operation.fields,
        "missing": missing(operation, job.columns),
        "of": _heading_digest(job),
        "problem": problem,
        "remarks": remarks,
        "step": 2,
    }
    return render(request, "jobs/columns.html", context, status=422 if problem else 200)


def _types_offered(operation: Operation, job: Job, meant: str | None) -> list[dict[str, Any]]:
    """Return the ways to name things, of every column that has some; those of the chosen one stand open."""
    return [
        {
            "field": field.name,
            "choices": field.identifiers,
            "chosen": job.identifier_types.get(field.name, "") or field.identifiers[0].name,
            "is_shown": field.name == meant,
        }
        for field in operation.fields
        if len(field.identifiers) > 1
    ]


def _readings(now: FileFormat) -> list[dict[str, Any]]:
    """Return the selects that say how the file is read."""
    if now.kind == "xlsx":
        sheets = {name: name for name in now.sheets}
        return [{"name": "sheet", "label": _("Sheet"), "value": now.sheet, "choices": list(sheets.items())}]
    offered: tuple[tuple[str, str, Any], ...] = (
        ("encoding", _("Characters"), ENCODINGS),
        ("delimiter", _("Between cells"), DELIMITERS),
        ("quote", _("Quotation marks"), QUOTES),
        ("decimal", _("Decimal sign"), DECIMALS),
    )
    return [
        {"name": name, "label": label, "value": getattr(now, name), "choices": list(choices.items())}
        for name, label, choices in offered
    ]
