"""Isolation of events and readings, immutability of events, and the index that searching uses."""

from django.db import migrations

from portal.lib.policies import immutable, isolate

# What is unusual is rare: each badge has an index of its own, so that its filter never walks the whole timeline.
# Written here and not in the model: the condition must read exactly as the query's (portal/timeline/queries.py).
BADGES = ("unreadable", "stale", "late", "repeated", "replayed", "key_reused", "differs")
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
        *(
            migrations.RunSQL(
                f"CREATE INDEX reading_{badge}_order ON timeline_reading (network_id, order_key)"
                f" WHERE flags @> ARRAY['{badge}']::varchar[]",
                f"DROP INDEX reading_{badge}_order",
            )
            for badge in BADGES
        ),
    ]
