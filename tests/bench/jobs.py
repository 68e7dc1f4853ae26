"""(e) Files: from upload to every error stored, against a dry run of django-import-export; the check page; sending."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import tablib
from django.conf import settings
from django.test import Client
from django.utils import timezone
from import_export import fields, resources, widgets
from import_export.instance_loaders import BaseInstanceLoader

from portal.accounts.models import User
from portal.jobs.checking import check_next
from portal.jobs.drafts import draft_of_file, start_check
from portal.jobs.exchange import request_of
from portal.jobs.models import Job
from portal.jobs.pipeline import send_next
from portal.jobs.submit import submit
from portal.lib.scope import network_scope
from tests.world import ConnectedNetwork

PARTS = "createSpareParts"
HEADING = ("externalReference", "name", "unitPrice", "stock.quantity", "stock.locationName", "minimumStock")
ROUNDS = 3
BAD = 5_000


def rows(count: int, *, every_bad: int = 1_000) -> Iterator[tuple[str, ...]]:
    """Yield rows as people have them, some of them wrong."""
    for number in range(count):
        quantity = "many" if number % every_bad == 7 else str(number % 90)
        yield f"BRG-{number:06}", f"Bearing {number}", f"{number % 70}.50", quantity, f"A-{number % 40:02}", "4"


def write(folder: Path, count: int, **options: int) -> Path:
    path = folder / f"{count}.csv"
    path.write_text("\n".join(",".join(row) for row in (HEADING, *rows(count, **options))) + "\n")
    return path


def checked(place: ConnectedNetwork, path: Path) -> Job:
    """Do what a page and a worker do together: from the uploaded file to every error stored."""
    job = draft_of_file(place.network, PARTS, path, file_name=path.name, actor="bench", now=timezone.now())
    with network_scope(place.network.id):
        start_check(place.network, job.id)
    while check_next(place.network.id):
        pass
    with network_scope(place.network.id):
        return Job.objects.get(network_id=place.network.id, id=job.id)


def seconds(act: Any) -> float:
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        act()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


class PartResource(resources.Resource):  # type: ignore[misc]
    """The same columns for django-import-export, without any database behind them: its lightest case."""

    reference = fields.Field("reference", "externalReference", widgets.CharWidget())
    name = fields.Field("name", "name", widgets.CharWidget())
    price = fields.Field("price", "unitPrice", widgets.DecimalWidget())
    quantity = fields.Field("quantity", "stock.quantity", widgets.IntegerWidget())
    location = fields.Field("location", "stock.locationName", widgets.CharWidget())
    minimum = fields.Field("minimum", "minimumStock", widgets.IntegerWidget())

    class Meta:
        import_id_fields = ()
        instance_loader_class = BaseInstanceLoader
        use_transactions = False

    def get_or_init_instance(self, instance_loader: Any, row: Any) -> Any:
        return SimpleNamespace(pk=None), True

    def save_instance(self, *args: Any, **kwargs: Any) -> None:
        pass

    def validate_instance(self, *args: Any, **kwargs: Any) -> None:
        pass


def dry_run(path: Path) -> None:
    """Read and check the rows with django-import-export."""
    with path.open() as file:
        table = tablib.Dataset().load(file, format="csv")
    result = PartResource().import_data(table, dry_run=True, raise_errors=False)
    assert result.total_rows


@contextmanager
def vendor() -> Iterator[str]:
    """A vendor that answers 202 at once."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            left = int(self.headers["Content-Length"])
            while left:
                left -= len(self.rfile.read(min(left, 1 << 16)))
            self.send_response(202)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"null")

        def log_message(self, *values: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def measure(place: ConnectedNetwork, person: User) -> dict[str, float]:
    """Return the figures of issue 3, section 5."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small, large = write(folder, 10_000), write(folder, 100_000)
        ours, theirs = seconds(lambda: checked(place, small)), seconds(lambda: dry_run(small))
        started = time.perf_counter()
        whole = checked(place, large)
        of_large = time.perf_counter() - started
        figures |= {
            "check of 10,000 rows, s": ours,
            "dry run of django-import-export, s": theirs,
            "dry run / check (at least 20)": theirs / ours,
            "check of 100,000 / of 10,000 rows (at most 11)": of_large / ours,
            "check of 100,000 rows, MB above idle (at most 150)": peak_megabytes(place, large),
        }
        bad = checked(place, write(folder, 5_000 + BAD, every_bad=2))
        figures["check page with many bad rows, ms (below 200)"] = page_ms(place, bad, person)
        figures |= sending(place, whole)
    return figures


def peak_megabytes(place: ConnectedNetwork, path: Path) -> float:
    """Return by how much a process of its own grows while it checks a file."""
    script = (
        "import os, sys, resource, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'portal.settings'; django.setup()\n"
        "from pathlib import Path; from types import SimpleNamespace\n"
        "from portal.networks.models import Network; from tests.bench import jobs\n"
        "place = SimpleNamespace(network=Network.objects.get(id=sys.argv[1]))\n"
        "jobs.checked(place, Path(sys.argv[2]))\n"
        "idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "jobs.checked(place, Path(sys.argv[3]))\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle) / 1024)\n"
    )
    tiny = path.with_name("tiny.csv")
    tiny.write_text("\n".join(",".join(row) for row in (HEADING, *rows(10))) + "\n")
    done = subprocess.run(
        [sys.executable, "-c", script, str(place.network.id), str(tiny), str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return float(done.stdout.splitlines()[-1])


def page_ms(place: ConnectedNetwork, job: Job, person: User) -> float:
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    address = f"/networks/{place.network.slug}/jobs/{job.id}/check/"
    assert client.get(address).status_code == 200
    return seconds(lambda: client.get(address)) * 1000


def sending(place: ConnectedNetwork, job: Job) -> dict[str, float]:
    """Send a job of 100,000 rows, and its very bodies by httpx alone."""
    with vendor() as url:
        settings.MOBILITY_WORK_API_URL = url
        with network_scope(place.network.id):
            submit(place.network, job.id, send_good=True, actor="bench", now=timezone.now())
        started = time.perf_counter()
        while send_next(place.network.id):
            pass
        ours = time.perf_counter() - started
        with network_scope(place.network.id):
            assert Job.objects.get(network_id=place.network.id, id=job.id).state == "done"
            requests = [request_of(job, number) for number in range(1, 12)]
        items = [request.items for request in requests if request]
        started = time.perf_counter()
        for each in items:
            with httpx.Client() as client:
                body = json.dumps(each, ensure_ascii=False, separators=(",", ":")).encode()
                client.post(url + "/partners/v1/spare-parts", content=body).raise_for_status()
        bare = time.perf_counter() - started
    return {
        "sending 100,000 rows, s": ours,
        "the same bodies by httpx alone, s": bare,
        "sending / httpx alone (below 2)": ours / bare,
    }
