"""What monitoring asks of the installation as a whole: read from the database when asked, without names of tenants."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from portal.lib.metrics import may_read

# Names and words of the columns of portal_metrics(), in its order.
GAUGES = (
    ("portal_networks", "Networks that are connected."),
    ("portal_events", "Events recorded, over all networks."),
    ("portal_deliveries_waiting", "Deliveries that wait for the drain, counted up to 100,000."),
    ("portal_delivery_oldest_waiting_seconds", "Age of the oldest delivery that waits; 0 when none does."),
    ("portal_deliveries_troubled", "Deliveries that failed or name another network, counted up to 100,000."),
    ("portal_delivery_last_seconds", "Time since the newest delivery of any network; -1 before the first."),
    ("portal_quarantine_entries", "Refused deliveries kept in the quarantine."),
    ("portal_quarantine_bytes", "Bytes used by the quarantine."),
    ("portal_quarantine_refused", "Deliveries turned away because the quarantine was full, since the beginning."),
)


class InstallationCollector(Collector):
    """Asks one definer function; its cost grows with the number of networks, not with the log."""

    def collect(self) -> Iterator[Metric]:
        """Yield a gauge for each figure."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM portal_metrics()")
            figures = cursor.fetchone()
        for (name, words), figure in zip(GAUGES, figures, strict=True):
            yield GaugeMetricFamily(name, words, value=float(figure))


REGISTRY = CollectorRegistry()


@login_not_required
@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer in the text format of Prometheus; 404 to whoever lacks the token."""
    if not may_read(request.headers.get("Authorization", ""), settings.PORTAL_METRICS_TOKEN):
        raise Http404
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)


REGISTRY.register(InstallationCollector())
