"""Which networks have jobs whose end nobody was written to about."""

from django.db import migrations

from portal.lib.policies import APP, definer_function

MAILS_DUE = """
    SELECT n.id FROM networks_network n WHERE EXISTS (
        SELECT 1 FROM jobs_job j WHERE j.network_id = n.id AND j.mailed_at IS NULL AND j.submitted_at IS NOT NULL
            AND j.created_by_id IS NOT NULL
            AND (j.ended_at >= clock_timestamp() - interval '1 day' OR j.state = 'paused'))
"""


class Migration(migrations.Migration):
    dependencies = [("jobs", "0008_next_job")]
    operations = [
        definer_function("portal_networks_with_job_mails_due()", returns="SETOF uuid", body=MAILS_DUE, execute=APP),
    ]
