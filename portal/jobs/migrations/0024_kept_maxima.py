"""The maxima of parts stay when retention removes the rows that set them."""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

from portal.lib.policies import APP, definer_function, isolate

LATEST = import_module("portal.jobs.migrations.0022_maxima_by_index")
END = ") found ORDER BY"
KEPT = """
        UNION ALL
        SELECT k.maximum, k.job_id, k."row", k.at FROM jobs_keptmaximum k
        WHERE k.network_id = t.network_id AND k.part IN (t.part, 'ref:' || t.reference)
    """
BODY = LATEST.BODY.replace(END, KEPT + END)


class Migration(migrations.Migration):
    dependencies = [("jobs", "0023_renaming_index"), ("lib", "0001_scope"), ("networks", "0003_recheck_lease")]
    operations = [
        migrations.CreateModel(
            name="KeptMaximum",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "network_id", "part", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("part", models.CharField(max_length=210)),
                ("maximum", models.JSONField()),
                ("job_id", models.UUIDField()),
                ("row", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
                (
                    "network",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="networks.network",
                    ),
                ),
            ],
        ),
        isolate("jobs_keptmaximum", app="SELECT"),
        migrations.RunSQL(
            f"DROP FUNCTION {LATEST.SIGNATURE}",
            definer_function(LATEST.SIGNATURE, returns=LATEST.RETURNS, body=LATEST.BODY, execute=APP).sql,
        ),
        definer_function(LATEST.SIGNATURE, returns=LATEST.RETURNS, body=BODY, execute=APP),
    ]
