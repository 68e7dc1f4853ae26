"""When the contents of a job were removed at the end of retention, and what stays of them."""

from django.db import migrations, models

# As before, and the owner within retention may remove what was submitted, as portal_refuse_change has it for evidence.
KEEP_SUBMITTED = """
    CREATE OR REPLACE FUNCTION jobs_row_keep_submitted() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.state NOT IN ('invalid', 'left_out', 'ready')
            AND (current_user = 'portal_owner' AND current_setting('portal.retention', true) = 'on') IS NOT TRUE THEN
            RAISE EXCEPTION 'row % of job % was submitted and cannot be deleted', OLD.number, OLD.job_id;
        END IF;
        RETURN OLD;
    END $$;
"""
AS_BEFORE = """
    CREATE OR REPLACE FUNCTION jobs_row_keep_submitted() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.state NOT IN ('invalid', 'left_out', 'ready') THEN
            RAISE EXCEPTION 'row % of job % was submitted and cannot be deleted', OLD.number, OLD.job_id;
        END IF;
        RETURN OLD;
    END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0019_counts"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="content_removed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="kept_counts",
            field=models.JSONField(db_default={}, default=dict),
        ),
        migrations.AddField(
            model_name="job",
            name="kept_years",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.RunSQL(KEEP_SUBMITTED, AS_BEFORE),
    ]
