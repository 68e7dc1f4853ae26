"""The routes hold to the document that they serve: whatever is asked, no failure of ours and no answer of another form.

This is the short run; `make faults` asks for longer, over HTTP (tests/faults/test_api.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from portal.lib.scope import network_scope
from portal.timeline.models import Subject
from tests.api.plant import PROVEN, live, token_for
from tests.isolation.test_walk import checked_job
from tests.world import World

pytestmark = pytest.mark.django_db

EXAMPLES = 3  # of each route
OFTEN = 2  # of so many requests one names what is there, else most would end at 404


@pytest.fixture
def known(world: World, tmp_path: Path) -> dict[str, Any]:
    """Values of parameters behind which there is something."""
    live(world.foundry, steps=PROVEN)
    job_id = checked_job(world, tmp_path)
    with network_scope(world.foundry.network.id):
        part = Subject.objects.filter(kind="part").first()
    assert part
    return {"network": "foundry", "job": str(job_id), "position": 1, "sparePart": part.key}


def test_no_route_fails_or_differs_from_its_document(world: World, known: dict[str, Any], settings: Any) -> None:
    settings.PORTAL_API_CALLS_PER_MINUTE = 0
    application = get_wsgi_application()
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)  # as Django's own client does: the test's transaction goes on
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
    # Called without a server in between, nothing would unpack an answer.
    headers = {"Authorization": f"Bearer {token_for(world.organization).text}", "Accept-Encoding": "identity"}
    statuses: list[int] = []
    try:
        for result in schema.get_all_operations():
            ask(result.ok(), headers, known, statuses)
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)
    assert statuses.count(200) > len(statuses) / 2


def ask(operation: Any, headers: dict[str, str], known: dict[str, Any], seen: list[int]) -> None:
    """Make up good requests of one operation and judge the answers; making up bad ones takes too long here."""

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def one(case: Any) -> None:
        if len(seen) % OFTEN:
            for given_by in (case.path_parameters, case.query):
                if given_by:
                    given_by.update({name: value for name, value in known.items() if name in given_by})
        response = case.call(headers=headers)
        seen.append(response.status_code)
        case.validate_response(response, headers=headers)

    one()
