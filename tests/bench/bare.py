"""The rival of the receiver: a bare Django view that does one INSERT and checks no signature."""

from __future__ import annotations

import os
import uuid

import django
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

INSERT = "INSERT INTO bench_bare (id, received_at, body) VALUES (%s, now(), %s)"


@csrf_exempt
def insert(request: HttpRequest) -> HttpResponse:
    """Store the body, nothing else."""
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [uuid.uuid4(), request.body])
    return HttpResponse("OK\n")


urlpatterns = [path("<path:anything>", lambda request, anything: insert(request))]


def application() -> WSGIHandler:
    """Return a WSGI application of this one view, without any middleware."""
    from django.conf import settings  # noqa: PLC0415

    settings.configure(
        SECRET_KEY="bench", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], MIDDLEWARE=[],
        DATABASES={"default": {
            "ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": None,
            **{name: os.environ[f"BENCH_{name}"] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")},
        }},
    )  # fmt: skip
    django.setup()
    return WSGIHandler()
