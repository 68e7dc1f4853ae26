"""(e) Files: from upload to every error stored, against a dry run of django-import-export; the check page; sending."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import tablib
from django.conf import settings
from django.db import connections, models
from django.test import Client
from django.utils import timezone
from import_export import fields, resources, widgets

from portal.accounts.models import User
from portal.dev.preflight import free_ports
from portal.jobs.checking import check_next
from portal.jobs.drafts import draft_of_file, start_check
from portal.jobs.exchange import request_of
from portal.jobs.models import Job
from portal.jobs.pipeline import send_next
from portal.jobs.submit import submit
from portal.lib.scope import network_scope
from portal.lib.sealing import sealer
from portal.networks.models import Credential
from tests.bench.progress import first_progress_ms
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


class BenchPart(models.Model):
    """A table as a project has it that imports with django-import-export."""

    reference = models.CharField(max_length=255, unique=True)
    name = models.CharField(max_length=255)
    price = models.DecimalField(max_digits=12, decimal_places=2)
    quantity = models.IntegerField()
    location = models.CharField(max_length=255)
    minimum = models.IntegerField()

    class Meta:
        app_label = "bench"
        db_table = "bench_part"


class PartResource(resources.ModelResource):  # type: ignore[misc]
    """The same columns, with the library's own defaults."""

    reference = fields.Field("reference", "externalReference", widgets.CharWidget())
    price = fields.Field("price", "unitPrice", widgets.DecimalWidget())
    quantity = fields.Field("quantity", "stock.quantity", widgets.IntegerWidget())
    location = fields.Field("location", "stock.locationName", widgets.CharWidget())
    minimum = fields.Field("minimum", "minimumStock", widgets.IntegerWidget())

    class Meta:
        model = BenchPart
        fields = ("reference", "name", "price", "quantity", "location", "minimum")
        import_id_fields = ("reference",)


def make_table() -> None:
    """Make the table of BenchPart, as the owner, open to the app."""
    with connections["owner"].schema_editor() as editor:
        editor.create_model(BenchPart)
    with connections["owner"].cursor() as cursor:
        cursor.execute("GRANT ALL ON bench_part, bench_part_id_seq TO portal_app")


def dry_run(path: Path) -> None:
    """Read and check the rows with django-import-export."""
    with path.open() as file:
        table = tablib.Dataset().load(file, format="csv")
    result = PartResource().import_data(table, dry_run=True, raise_errors=False, use_transactions=True)
    assert result.total_rows


@contextmanager
def sandbox(folder: Path) -> Iterator[str]:
    """Run the sandbox that plays the vendor, with no latency set."""
    port = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "integrations.sandbox", "--port", str(port), "--data", str(folder)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(200):
            with suppress(httpx.HTTPError):
                if httpx.get(url + "/control/api/health").is_success:
                    break
            time.sleep(0.1)
        yield url
    finally:
        process.kill()  # it keeps nothing that anybody needs
        process.wait()


def measure(place: ConnectedNetwork, person: User) -> dict[str, float]:
    """Return the figures of issue 3, section 5."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_table()
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
        figures["check page of 100,000 rows, ms"] = page_ms(place, whole, person)
        figures |= sending(place, whole, folder)
        figures["page of a job of 100,000 rows, ms"] = page_ms(place, whole, person, page="")
        figures |= first_progress(place, person, folder)
    return figures


def peak_megabytes(place: ConnectedNetwork, path: Path) -> float:
    """Return by how much a process of its own grows while it checks a file."""
    script = (
        "import os, re, sys, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'portal.settings'; django.setup()\n"
        "from pathlib import Path; from types import SimpleNamespace\n"
        "from portal.networks.models import Network; from tests.bench import jobs\n"
        "place = SimpleNamespace(network=Network.objects.get(id=sys.argv[1]))\n"
        "jobs.checked(place, Path(sys.argv[2]))\n"
        "peak = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])\n"
        "idle = peak()\n"
        "jobs.checked(place, Path(sys.argv[3]))\n"
        "print((peak() - idle) / 1024)\n"
    )
    tiny = path.with_name("tiny.csv")
    tiny.write_text("\n".join(",".join(row) for row in (HEADING, *rows(10))) + "\n")
    done = subprocess.run(
        [sys.executable, "-c", script, str(place.network.id), str(tiny), str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return float(done.stdout.splitlines()[-1])


def page_ms(place: ConnectedNetwork, job: Job, person: User, *, page: str = "check/") -> float:
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    address = f"/networks/{place.network.slug}/jobs/{job.id}/{page}"
    assert client.get(address).status_code == 200
    return seconds(lambda: client.get(address)) * 1000


def sending(place: ConnectedNetwork, job: Job, folder: Path) -> dict[str, float]:
    """Send a job of 100,000 rows to the sandbox; before and after, its very bodies by httpx alone."""
    with network_scope(place.network.id):
        bodies = [request.body for number in range(1, 12) if (request := request_of(job, number))]
    # A sandbox for each: it keeps what it accepted.
    with sandbox(folder / "before") as url:
        bare = by_httpx(url, bodies)
    with sandbox(folder / "ours") as url:
        settings.MOBILITY_WORK_API_URL = url
        with network_scope(place.network.id):
            Credential.objects.filter(network_id=place.network.id).update(sealed_key=sealer().seal(new_key(url)))
            started = time.perf_counter()
            submit(place.network, job.id, send_good=True, actor="bench", now=timezone.now())
            in_line = time.perf_counter() - started
        started = time.perf_counter()
        while send_next(place.network.id):
            pass
        ours = time.perf_counter() - started
    with sandbox(folder / "after") as url:
        bare = (bare + by_httpx(url, bodies)) / 2
    with network_scope(place.network.id):
        assert Job.objects.get(network_id=place.network.id, id=job.id).state == "done"
    return {
        "putting 100,000 rows in line, s": in_line,
        "sending 100,000 rows, s": ours,
        "the same bodies by httpx alone, s": bare,
        "sending / httpx alone (below 2)": ours / bare,
    }


def first_progress(place: ConnectedNetwork, person: User, folder: Path) -> dict[str, float]:
    """Return how long it takes from Send until a person sees that it is sent, for a small job and for a large one."""
    sizes = (1, 1, 1, 100_000)
    jobs = [checked(place, write(folder, size, every_bad=size + 1_000)) for size in sizes]
    with sandbox(folder / "progress") as url:
        *small, large = first_progress_ms(place, person, jobs, url=url, api_key=new_key(url))
    return {
        "Send to first progress, ms (below 1,000)": statistics.median(small),
        "Send to first progress of 100,000 rows, ms (below 1,000)": large,
    }


def new_key(url: str) -> str:
    """Return the key of a new network of the sandbox."""
    wish = {"name": "Bench", "timezone": "Europe/Paris", "currency": "EUR", "plan": "premium", "language": "en"}
    made = httpx.post(url + "/control/api/networks", json=wish).json()
    # Else a busy machine measures how the sandbox carries out what it accepted, which starts seconds later.
    late = {"event_delay": 3_600}
    httpx.put(f"{url}/control/api/networks/{made['id']}/settings", json=late).raise_for_status()
    return str(made["api_key"])


def by_httpx(url: str, bodies: list[bytes]) -> float:
    """Return the seconds that it takes to send some bodies and nothing else."""
    key = new_key(url)
    started = time.perf_counter()
    for body in bodies:
        headers = {"Api-Key": key, "Content-Type": "application/json"}
        httpx.post(url + "/partners/v1/spare-parts", content=body, headers=headers, timeout=60).raise_for_status()
    return time.perf_counter() - started
