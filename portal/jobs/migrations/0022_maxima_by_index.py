"""The maxima of parts are looked up by the index of what rows are about: it holds no rows that are about nothing."""

from importlib import import_module

from django.db import migrations

from portal.lib.policies import APP, definer_function

SIGNATURE = "portal_part_maxima(p_networks uuid[], p_parts text[], p_references text[])"
RETURNS = 'TABLE (network_id uuid, part text, maximum jsonb, job_id uuid, "row" int, at timestamptz)'
BEFORE = import_module("portal.jobs.migrations.0018_part_maxima").BODY
# PostgreSQL takes a partial index only where the statement repeats its condition.
BODY = BEFORE.replace("AND r.about IN (", "AND r.about <> '' AND r.about IN (")


class Migration(migrations.Migration):
    dependencies = [("jobs", "0021_submitted_by")]
    operations = [
        migrations.RunSQL(
            f"DROP FUNCTION {SIGNATURE}", definer_function(SIGNATURE, returns=RETURNS, body=BEFORE, execute=APP).sql
        ),
        definer_function(SIGNATURE, returns=RETURNS, body=BODY, execute=APP),
    ]
