"""Isolation of jobs, and which networks have something to send."""

from django.db import migrations

from portal.lib.policies import APP, definer_function, isolate

ALL = "SELECT, INSERT, UPDATE"
# A batch is due when it waits and its time has come, or when whoever sent it has been gone for longer than its lease.
DUE = """
    SELECT n.id FROM networks_network n WHERE EXISTS (
        SELECT 1 FROM jobs_job j JOIN jobs_batch b ON b.network_id = j.network_id AND b.job_id = j.id
        WHERE j.network_id = n.id AND j.state IN ('queued', 'sending', 'paused') AND (
            b.state = 'sending' AND b.lease_until < clock_timestamp()
            OR b.state = 'waiting' AND (j.cancel_wanted_at IS NOT NULL OR j.state <> 'paused')
                AND (b.not_before IS NULL OR b.not_before <= clock_timestamp())))
"""


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_initial"), ("lib", "0001_scope"), ("networks", "0002_policies")]
    operations = [
        isolate("jobs_job", app=ALL),
        isolate("jobs_batch", app=ALL),
        isolate("jobs_row", app=ALL),
        isolate("jobs_call", app=ALL),
        definer_function("portal_networks_with_batches_due()", returns="SETOF uuid", body=DUE, execute=APP),
    ]
