"""Liveness and readiness for supervisors and load balancers; open to everybody, by name."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.core.cache import caches
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from redis.exceptions import RedisError


@login_not_required
def alive(request: HttpRequest) -> HttpResponse:
    """Answer 200 while the process runs."""
    return HttpResponse("alive\n", content_type="text/plain")


@login_not_required
def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 when database and broker answer, else 503 naming which does not."""
    trouble = []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        trouble.append("database")
    try:
        caches["counts"].get("readyz")
    except RedisError:
        trouble.append("broker")
    if trouble:
        return HttpResponse(f"not ready: {', '.join(trouble)}\n", status=503, content_type="text/plain")
    return HttpResponse("ready\n", content_type="text/plain")
