"""Isolation of evidence, and which networks have something to judge."""

from django.db import migrations

from portal.lib.policies import APP, definer_function, isolate

EVIDENCE_DUE = """
    SELECT n.id FROM networks_network n WHERE
        EXISTS (SELECT 1 FROM jobs_batch b WHERE b.network_id = n.id AND b.proof_pending)
        OR EXISTS (SELECT 1 FROM jobs_job j WHERE j.network_id = n.id AND j.proof_due_at <= clock_timestamp())
        OR EXISTS (SELECT 1 FROM jobs_evidencecursor c WHERE c.network_id = n.id AND EXISTS (
            SELECT 1 FROM timeline_event e WHERE e.network_id = n.id AND e.position > c.position))
"""


class Migration(migrations.Migration):
    dependencies = [("jobs", "0005_proof"), ("lib", "0001_scope"), ("timeline", "0001_initial")]
    operations = [
        isolate("jobs_confirmation", app="SELECT, INSERT"),
        isolate("jobs_evidencecursor", app="SELECT, INSERT, UPDATE"),
        definer_function("portal_networks_with_evidence_due()", returns="SETOF uuid", body=EVIDENCE_DUE, execute=APP),
    ]
