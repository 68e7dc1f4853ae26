"""Isolation of events and readings, immutability of events, and the index that searching uses."""

from django.db import migrations

from portal.lib.policies import immutable, isolate

ALL = "SELECT, INSERT, UPDATE, DELETE"


class Migration(migrations.Migration):
    dependencies = [("timeline", "0001_initial"), ("lib", "0001_scope")]
    operations = [
        isolate("timeline_event", app="SELECT, INSERT"),
        immutable("timeline_event"),
        isolate("timeline_reading", app=ALL),
        isolate("timeline_eventsubject", app=ALL),
        isolate("timeline_subject", app=ALL),
        isolate("timeline_contractdifference", app=ALL),
        migrations.RunSQL(
            "CREATE INDEX reading_terms ON timeline_reading USING gin (terms)", "DROP INDEX reading_terms"
        ),
    ]
