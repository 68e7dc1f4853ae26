"""Isolation of files and of what headings mean; rows may be checked again until they are sent; which checks wait."""

from django.db import migrations

from portal.lib.policies import APP, definer_function, isolate

CHECKS_DUE = """
    SELECT DISTINCT j.network_id FROM jobs_job j
    WHERE j.state = 'checking' AND (j.check_lease_until IS NULL OR j.check_lease_until < clock_timestamp())
"""
# A row that is in line, sent or held back is a record: only what was never submitted is checked afresh.
KEEP_SUBMITTED = """
    CREATE FUNCTION jobs_row_keep_submitted() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.state NOT IN ('invalid', 'left_out', 'ready') THEN
            RAISE EXCEPTION 'row % of job % was submitted and cannot be deleted', OLD.number, OLD.job_id;
        END IF;
        RETURN OLD;
    END $$;
    CREATE TRIGGER jobs_row_keep_submitted BEFORE DELETE ON jobs_row
        FOR EACH ROW EXECUTE FUNCTION jobs_row_keep_submitted();
    GRANT DELETE ON jobs_row TO portal_app;
"""
UNDO = """
    REVOKE DELETE ON jobs_row FROM portal_app;
    DROP TRIGGER jobs_row_keep_submitted ON jobs_row;
    DROP FUNCTION jobs_row_keep_submitted();
"""


class Migration(migrations.Migration):
    dependencies = [("jobs", "0003_drafts"), ("lib", "0001_scope")]
    operations = [
        isolate("jobs_jobfile", app="SELECT, INSERT"),
        isolate("jobs_columnchoice", app="SELECT, INSERT, UPDATE, DELETE"),
        migrations.RunSQL(KEEP_SUBMITTED, UNDO),
        definer_function("portal_networks_with_checks_due()", returns="SETOF uuid", body=CHECKS_DUE, execute=APP),
    ]
