"""Which networks have checks that wait, whoever was served longest ago first; and whose check was given up."""

from importlib import import_module

from django.db import migrations

from portal.lib.policies import APP, definer_function

CHECKS_DUE = """
    SELECT w.network_id FROM (
        SELECT DISTINCT j.network_id FROM jobs_job j
        WHERE j.state = 'checking' AND (j.check_lease_until IS NULL OR j.check_lease_until < clock_timestamp())) w
    ORDER BY (SELECT max(o.check_begun_at) FROM jobs_job o WHERE o.network_id = w.network_id) NULLS FIRST
"""
MAILS_DUE = """
    SELECT n.id FROM networks_network n WHERE EXISTS (
        SELECT 1 FROM jobs_job j WHERE j.network_id = n.id AND j.mailed_at IS NULL AND j.submitted_at IS NOT NULL
            AND j.created_by_id IS NOT NULL
            AND (j.ended_at >= clock_timestamp() - interval '1 day' OR j.state = 'paused'))
        OR EXISTS (
        SELECT 1 FROM jobs_job j WHERE j.network_id = n.id AND j.mailed_at IS NULL AND j.created_by_id IS NOT NULL
            AND j.check_given_up_at >= clock_timestamp() - interval '1 day')
"""


def replaced(signature: str, body: str, *, before: str) -> list[migrations.RunSQL]:
    """Put a function in the place of the one before."""
    old = definer_function(signature, returns="SETOF uuid", body=before, execute=APP)
    return [
        migrations.RunSQL(f"DROP FUNCTION {signature}", old.sql),
        definer_function(signature, returns="SETOF uuid", body=body, execute=APP),
    ]


CHECKS_BEFORE = import_module("portal.jobs.migrations.0004_draft_policies").CHECKS_DUE
MAILS_BEFORE = import_module("portal.jobs.migrations.0009_notice_policies").MAILS_DUE


class Migration(migrations.Migration):
    dependencies = [("jobs", "0012_checks_and_revisions")]
    operations = [
        *replaced("portal_networks_with_checks_due()", CHECKS_DUE, before=CHECKS_BEFORE),
        *replaced("portal_networks_with_job_mails_due()", MAILS_DUE, before=MAILS_BEFORE),
    ]
